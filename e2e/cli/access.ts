/** Asking a real API server who may do what, and asking as somebody. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import { connect, type KubeConnection } from '../../shared/kube/transport.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { exec, type Finished } from '../cluster/exec.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Question {
  readonly namespace?: string
  readonly verb: string
  readonly group?: string
  /** With the subresource: `pods/eviction`. */
  readonly resource: string
  readonly name?: string
}

export interface Right {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
}

export async function kubectl(cluster: Cluster, args: readonly string[], input?: unknown): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? {} : { input: typeof input === 'string' ? input : JSON.stringify(input) })
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** By SubjectAccessReview, with the groups that the server gives to a ServiceAccount. */
export async function may(cluster: Cluster, user: string, { namespace, verb, group = '', resource: path, name }: Question): Promise<boolean> {
  const [resource, subresource] = path.split('/')
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups: ['system:serviceaccounts', `system:serviceaccounts:${user.split(':')[2] ?? ''}`, 'system:authenticated'], resourceAttributes: { namespace, verb, group, resource, subresource, name } },
  }
  const answer = JSON.parse(await kubectl(cluster, ['create', '-f', '-', '-o', 'json'], review)) as { status: { allowed: boolean } }
  return answer.status.allowed
}

/** Everything that an account may do in a namespace, without what every account may ask about itself. */
export async function rightsOf(cluster: Cluster, user: string, namespace: string): Promise<Right[]> {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } }
  const { code, stdout, stderr } = await cluster.kubectl(['create', '--validate=false', '-f', '-', '-o', 'json'], { input: JSON.stringify(review), as: user })
  if (code !== 0) throw new Error(stderr)
  const { status } = JSON.parse(stdout) as { status: { resourceRules: Right[]; incomplete: boolean } }
  return status.resourceRules.filter(({ resources }) => !resources.some((resource) => resource.startsWith('selfsubject')))
}

/** With a token of the account, as a pod would be. */
export async function connectAs(cluster: Cluster, namespace: string, account: string): Promise<KubeConnection> {
  const token = (await kubectl(cluster, ['create', 'token', account, '-n', namespace])).trim()
  const ca = await readFile(cluster.caFile)
  return connect({
    userAgent: 'kubeskippy-e2e',
    timers: systemTimers,
    log: silentLogger,
    access: { origin: cluster.server, prefix: '', read: () => Promise.resolve({ tls: { ca, rejectUnauthorized: true }, authorization: `Bearer ${token}` }) },
  })
}

/** The command line as a person runs it. */
export const kubeskippy = (cluster: Cluster, ...args: readonly string[]): Promise<Finished> =>
  exec(process.execPath, ['cli/main.ts', ...args], { cwd: ROOT, env: { ...process.env, KUBECONFIG: cluster.kubeconfig }, timeout: 420_000 })
