/** The real door beside a real API server: its process, its account, its URL. */
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { OPERATOR_NAMESPACE, WEBHOOK_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { startCluster, type Cluster, type KubectlOptions } from '../cluster/cluster.ts'
import { ClusterError } from '../cluster/errors.ts'
import type { Finished } from '../cluster/exec.ts'
import { installationManifests, tokenKubeconfig } from '../installation/files.ts'
import { Program, type Flags } from '../installation/program.ts'
import type { Replica } from './service.ts'

export interface DoorOptions {
  /** URL for the API server; default: of the one program. */
  readonly front?: (replicas: readonly [Replica, Replica]) => Promise<string>
  /** What is in the cluster before the door is; the namespace is there. */
  readonly prepare?: (must: Door['must']) => Promise<void>
  /** Beside and in place of its own. */
  readonly flags?: Flags
}

export interface Door {
  readonly cluster: Cluster
  readonly program: Program
  /** Another replica: same account, same Secret, another port. */
  readonly second: Program
  readonly url: string
  /** Where probes are. */
  readonly probes: string
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<Finished>
  /** Throws what kubectl said when it failed. */
  readonly must: (args: readonly string[], options?: KubectlOptions) => Promise<string>
  stop(): Promise<void>
}

export async function openDoor({ front, prepare, flags = {} }: DoorOptions = {}): Promise<Door> {
  const cluster = await startCluster({ node: false, log: () => {} })
  const [port = 0, health = 0, secondPort = 0, secondHealth = 0, metrics = 0, secondMetrics = 0] = cluster.sparePorts
  const kubeconfig = join(cluster.dir, `${WEBHOOK_ACCOUNT}.kubeconfig`)
  const programOf = (name: string, admission: number, probes: number, scraped: number): Program =>
    new Program(cluster, {
      name,
      entry: ['webhook/main.ts'],
      flags: { kubeconfig, 'bind-address': `127.0.0.1:${admission}`, 'health-probe-bind-address': `127.0.0.1:${probes}`, 'metrics-bind-address': `127.0.0.1:${scraped}`, 'quiet-period': '500ms', ...flags },
      readyUrl: readyUrl(probes),
      metricsUrl: `http://127.0.0.1:${scraped}/metrics`,
    })
  const url = `https://127.0.0.1:${port}`
  const dialled = (await front?.([{ port, readyUrl: readyUrl(health) }, { port: secondPort, readyUrl: readyUrl(secondHealth) }])) ?? url
  const kubectl: Door['kubectl'] = (args, options) => cluster.kubectl(args, options)
  const must: Door['must'] = async (args, options) => {
    const { code, stdout, stderr } = await kubectl(args, options)
    if (code !== 0) throw new ClusterError(`kubectl ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  await must(['apply', '-f', '-'], { input: installationManifests(dialled) })
  await must(['wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all'])
  for (const namespace of ['shop', 'bank']) await must(['create', 'namespace', namespace])
  const token = await must(['create', 'token', WEBHOOK_ACCOUNT, '--namespace', OPERATOR_NAMESPACE, '--duration', '24h'])
  writeFileSync(kubeconfig, tokenKubeconfig({ ...cluster, user: WEBHOOK_ACCOUNT, token: token.trim() }), { mode: 0o600 })
  await prepare?.(must)
  const program = programOf('kubeskippy-webhook', port, health, metrics)
  await program.start()
  await program.ready()
  return {
    cluster,
    program,
    second: programOf('kubeskippy-webhook-2', secondPort, secondHealth, secondMetrics),
    url,
    probes: `http://127.0.0.1:${health}`,
    kubectl,
    must,
    stop: () => cluster.stop(),
  }
}

const readyUrl = (port: number): string => `http://127.0.0.1:${port}/readyz`

export interface RawAnswer {
  readonly code: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export interface RawRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** Without any of the courtesies of an API server. The certificate is not checked: other tests do that. */
export function send(url: string, { method = 'POST', headers = { 'content-type': 'application/json' }, body }: RawRequest = {}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, rejectUnauthorized: false, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      answer.on('end', () => resolve({ code: answer.statusCode ?? 0, headers: answer.headers, body: text }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
