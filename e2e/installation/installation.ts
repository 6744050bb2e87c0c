/** KubeSkippy beside a cluster: its objects applied, its two programs as processes under their ServiceAccounts' tokens. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { CONTROLLER_ACCOUNT, OPERATOR_NAMESPACE, WEBHOOK_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { ClusterError } from '../cluster/errors.ts'
import { lastLines } from '../cluster/exec.ts'
import { healerManifests, installationManifests, removableManifests, tokenKubeconfig } from './files.ts'
import { Program, type Flags } from './program.ts'

export interface InstallOptions {
  /** Default: nothing is said. */
  readonly log?: (line: string) => void
  /** False: everything but the controller, for tests that start it in their own way. Default true. */
  readonly controller?: boolean
  /** False: no door, and none of the configurations that lead to it, or every policy would be refused. Default true. */
  readonly webhook?: boolean
}

export interface ControllerOptions {
  /** URL in place of the API server's own, such as that of a fault proxy. */
  readonly server?: string
  /** Flags on top of the installation's own, or in their place. */
  readonly flags?: Flags
  /** A module that is loaded before the program, such as another clock. */
  readonly preload?: string
}

export interface Installation {
  readonly cluster: Cluster
  readonly controller: Program
  readonly webhook: Program
  /** Another controller beside the first one, under the same account. Not started yet. */
  readonly secondController: Program
  /** Returns when it works: its watches are complete. */
  startController(options?: ControllerOptions): Promise<void>
  /** In order. False when it did not run. */
  stopController(): Promise<boolean>
  /** As by a crash; SIGSTOP is a pause until SIGCONT. False when it did not run. */
  killController(signal?: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<boolean>
  /** What starts next has a token of its own, by which the audit log tells it from what ran before. */
  renewToken(): Promise<void>
  readonly startWebhook: () => Promise<void>
  stopWebhook(): Promise<boolean>
  /** The namespace's consent: its healer account, with a Role and a RoleBinding. */
  enable(namespace: string): Promise<void>
  /** For a `ControllerOptions.server` other than the API server's, and for programs of a test under the same account. */
  controllerKubeconfig(server?: string): string
}

/** As long as the cluster's certificates: nothing renews it. */
const TOKEN_LIFETIME = '8760h'

/** Installs what is missing; programs that run are left alone. */
export async function install(cluster: Cluster, options: InstallOptions = {}): Promise<Installation> {
  const { log = () => {}, controller = true, webhook = true } = options
  const installation = openInstallation(cluster)
  log('applying the CRDs, the admission policies, the accounts and their rights')
  await kubectl(cluster, ['apply', '-f', '-'], installationManifests(webhook ? webhookUrl(cluster) : undefined))
  await Promise.all([
    kubectl(cluster, ['wait', '--for=condition=Established', '--timeout=120s', ...resources.map(({ plural }) => `crd/${plural}.${GROUP}`)]),
    ...[CONTROLLER_ACCOUNT, WEBHOOK_ACCOUNT].map(async (account) => writeToken(cluster, account)),
  ])
  const missing = [
    ...(webhook && installation.webhook.process === undefined ? [{ what: 'the webhook', start: installation.startWebhook }] : []),
    ...(controller && installation.controller.process === undefined ? [{ what: 'the controller', start: async () => installation.startController() }] : []),
  ]
  if (missing.length > 0) log(`starting ${missing.map(({ what }) => what).join(' and ')}`)
  await Promise.all(missing.map(async ({ start }) => start()))
  return installation
}

/**
 * Ends both programs, takes away what they need, and leaves the CRDs, with every policy, to the Helm release of this name,
 * and healers to their namespaces. False when KubeSkippy is not beside the cluster.
 */
export async function removeInstallation(cluster: Cluster, release: string): Promise<boolean> {
  const { code, stdout } = await cluster.kubectl(['get', 'clusterrole', CONTROLLER_ACCOUNT, '-o', 'jsonpath={.metadata.annotations.meta\\.helm\\.sh/release-name}'])
  if (code !== 0 || stdout !== '') return false
  const { controller, webhook } = openInstallation(cluster)
  await Promise.all([controller.stop(), webhook.stop()])
  await kubectl(cluster, ['delete', '--ignore-not-found', '-f', '-'], removableManifests(webhookUrl(cluster)))
  const crds = resources.map(({ plural }) => `${plural}.${GROUP}`)
  await kubectl(cluster, ['label', '--overwrite', 'crd', ...crds, 'app.kubernetes.io/managed-by=Helm'])
  await kubectl(cluster, ['annotate', '--overwrite', 'crd', ...crds, `meta.helm.sh/release-name=${release}`, `meta.helm.sh/release-namespace=${OPERATOR_NAMESPACE}`])
  return true
}

/** Of a cluster that has been installed to before. */
export function openInstallation(cluster: Cluster): Installation {
  const [, ...ports] = cluster.sparePorts
  const controllerKubeconfig = (server = cluster.server) => writeKubeconfig(cluster, CONTROLLER_ACCOUNT, server)
  const program = (name: string, entry: readonly string[], account: string, [health, metrics]: readonly number[], flags: Flags = {}) =>
    new Program(cluster, {
      name, entry,
      flags: {
        kubeconfig: kubeconfigFile(cluster, account, cluster.server),
        'health-probe-bind-address': `127.0.0.1:${health}`,
        'metrics-bind-address': `127.0.0.1:${metrics}`,
        ...flags,
      },
      readyUrl: `http://127.0.0.1:${health}/readyz`,
      metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
    })
  const webhook = program('kubeskippy-webhook', WEBHOOK, WEBHOOK_ACCOUNT, ports.slice(0, 2), { 'bind-address': webhookAddress(cluster) })
  // Without election: one that is killed would make the next one wait until its lease has run out.
  const alone: Flags = { 'leader-elect': 'false' }
  const controller = program('kubeskippy-controller', CONTROLLER, CONTROLLER_ACCOUNT, ports.slice(2, 4), alone)
  return {
    cluster, controller, webhook, controllerKubeconfig,
    secondController: program('kubeskippy-controller-2', CONTROLLER, CONTROLLER_ACCOUNT, ports.slice(4, 6), alone),
    startController: async ({ server, flags = {}, preload } = {}) => {
      await controller.start({ kubeconfig: controllerKubeconfig(server), ...flags }, preload)
      await controller.ready()
    },
    stopController: async () => controller.stop(),
    renewToken: async () => writeToken(cluster, CONTROLLER_ACCOUNT),
    killController: async (signal) => controller.kill(signal),
    startWebhook: async () => {
      writeKubeconfig(cluster, WEBHOOK_ACCOUNT, cluster.server)
      await webhook.start()
      await webhook.ready()
    },
    stopWebhook: async () => webhook.stop(),
    enable: async (namespace) => { await kubectl(cluster, ['apply', '-f', '-'], healerManifests(namespace)) },
  }
}

const CONTROLLER = ['cli/main.ts', 'controller']
const WEBHOOK = ['cli/main.ts', 'webhook']

const webhookAddress = ({ sparePorts: [port] }: Cluster): string => `127.0.0.1:${port}`
const webhookUrl = (cluster: Cluster): string => `https://${webhookAddress(cluster)}`

const tokenFile = ({ dir }: Cluster, account: string): string => join(dir, `${account}.token`)

/** One file for each server, so that a controller by way of a proxy changes nothing for another one. */
const kubeconfigFile = ({ dir, server: own }: Cluster, account: string, server: string): string =>
  join(dir, server === own ? `${account}.kubeconfig` : `${account}-${new URL(server).port}.kubeconfig`)

function writeKubeconfig(cluster: Cluster, account: string, server: string): string {
  const file = kubeconfigFile(cluster, account, server)
  writeFileSync(file, tokenKubeconfig({ server, caFile: cluster.caFile, user: account, token: readFileSync(tokenFile(cluster, account), 'utf8') }), { mode: 0o600 })
  return file
}

async function writeToken(cluster: Cluster, account: string): Promise<void> {
  const token = await kubectl(cluster, ['create', 'token', account, '--namespace', OPERATOR_NAMESPACE, '--duration', TOKEN_LIFETIME])
  writeFileSync(tokenFile(cluster, account), token.trim(), { mode: 0o600 })
}

async function kubectl(cluster: Cluster, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? {} : { input })
  if (code !== 0) throw new ClusterError(`kubectl ${args.slice(0, 3).join(' ')} failed: ${lastLines(stderr, 3)}`)
  return stdout
}
