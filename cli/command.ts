/** What every command does around its own work: flags of the cluster, a connection, an exit code, errors for people. */
import { InvalidArgumentError, type Command } from 'commander'
import { DNS_LABEL_PATTERN } from '../shared/api/v1alpha1/fields.ts'
import { isApiError, type ApiError } from '../shared/kube/errors.ts'
import type { AccessConfig } from '../shared/kube/credentials.ts'
import { troubleOf, type Trouble } from '../shared/kube/trouble.ts'
import type { KubeConnection } from '../shared/kube/transport.ts'
import { ConfigError, messageOf } from '../shared/lib/errors.ts'
import { printable, quoted } from '../shared/lib/text.ts'
import type { CliEnvironment } from './environment.ts'

/** Exit codes: docs/guide/command-line.md. */
export const DONE = 0
export const FAILED = 1
export const MISUSED = 2

/** Why it was not done, or not all of it: a sentence for a person, or several. */
export class NotPossible extends Error {
  override readonly name = 'NotPossible'
  readonly problems: readonly string[]
  constructor(problems: string | readonly string[], options?: ErrorOptions) {
    const all = typeof problems === 'string' ? [problems] : problems
    super(all.join('; '), options)
    this.problems = all
  }
}

/** Runs the work of the command that was chosen, and keeps its exit code. */
export type Finish = (run: () => Promise<number>) => Promise<void>

/** One command: adds itself to the program. What it works with is loaded when it is chosen, so that no command waits for another's. */
export type AddCommand = (program: Command, env: CliEnvironment, finish: Finish) => void

export interface ClusterFlags {
  readonly kubeconfig?: string
  readonly context?: string
}

export const clusterFlags = (command: Command): Command =>
  command.option('--kubeconfig <file>', 'default: KUBECONFIG, then ~/.kube/config').option('--context <name>', 'context of the kubeconfig')

const LABEL = new RegExp(DNS_LABEL_PATTERN)
export const isNamespace = (name: string): boolean => name.length <= 63 && LABEL.test(name)

export function namespaceValue(name: string): string {
  if (!isNamespace(name)) throw new InvalidArgumentError(`${quoted(name)} is no name of a namespace.`)
  return name
}

/** The namespace of a flag, else that of the context. @throws ConfigError */
export const chosenNamespace = async (env: CliEnvironment, flags: ClusterFlags & { readonly namespace?: string }): Promise<string> =>
  flags.namespace ?? env.defaultNamespace(accessOf(env, flags))

/** Connects, works, closes. Errors become lines for people, and an exit code. */
export async function withCluster(env: CliEnvironment, flags: ClusterFlags, work: (api: KubeConnection) => Promise<number>): Promise<number> {
  return reported(env, async () => {
    const api = await env.connect(accessOf(env, flags))
    try {
      return await work(api)
    } finally {
      await api.close()
    }
  })
}

/** The exit code of the work; else a line for each reason, and 2 where a file of configuration cannot be used. */
export async function reported(env: Pick<CliEnvironment, 'stderr'>, work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    for (const problem of explainError(error)) env.stderr(`error: ${problem}\n`)
    return configErrorOf(error) === undefined ? FAILED : MISUSED
  }
}

/** The cluster that the flags mean. */
export function accessOf({ defaultKubeconfig }: CliEnvironment, flags: ClusterFlags): AccessConfig {
  const kubeconfig = flags.kubeconfig ?? defaultKubeconfig()
  return { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(flags.context === undefined ? {} : { context: flags.context }) }
}

/** @throws what is a bug of ours */
function explainError(error: unknown): readonly string[] {
  if (error instanceof ConfigError || error instanceof NotPossible) return error.problems
  if (isApiError(error)) return [explainApiError(error)]
  throw error
}

/** Credentials are read with the first call, and again later. */
function configErrorOf(error: unknown): ConfigError | undefined {
  const cause = isApiError(error) ? error.cause : error
  return cause instanceof ConfigError ? cause : undefined
}

/** The server's own text goes to the person who asked, as with kubectl; what somebody can do about it follows. */
export function explainApiError(error: ApiError): string {
  const config = configErrorOf(error)
  if (config !== undefined) return config.message.replaceAll('\n', '; ')
  const trouble = troubleOf(error)
  if (trouble !== undefined && (error.kind === 'Network' || error.kind === 'Timeout')) return printable(`${error.message}: ${unanswered(trouble, error.cause)}`, 1000)
  if (isUnknownKind(error)) return `${error.message}: the API server does not know this kind: install it with kubectl apply --server-side -f config/crd/bases`
  const said = error.serverMessage === undefined ? '' : `: ${error.serverMessage}`
  const fix = trouble !== undefined && error.kind === 'Unauthorized' ? `; ${trouble.fix}` : ''
  return printable(`${error.message}${said}${fix}`, 1000)
}

/** The words of the cause name the address, and those in `what` do not. */
const unanswered = ({ what, fix }: Trouble, cause: unknown): string => `${what.replace(/ \([^)]*\)$/, '')}${cause === undefined ? '' : ` (${messageOf(cause)})`}; ${fix}`

/** A missing object comes with a reason; a path that the server does not serve is a bare 404. */
export const isUnknownKind = ({ kind, reason }: ApiError): boolean => kind === 'NotFound' && reason === undefined
