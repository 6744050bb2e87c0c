/** What the commands of this harness share: arguments, what a shell is told, and errors that are sentences. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { Cluster } from './cluster.ts'
import { ClusterError, messageOf } from './errors.ts'

export const log = (line: string): void => { console.error(line) }

/** @throws ClusterError which also says how it is meant */
export function readArguments<const O extends NonNullable<ParseArgsConfig['options']>>(usage: string, options: O, args: readonly string[] = process.argv.slice(2)) {
  let read
  try {
    read = parseArgs({ args: [...args], allowPositionals: true, allowNegative: true, options })
  } catch (cause) {
    // Its second sentence is about arguments that begin with a dash; there are none.
    throw new ClusterError(`${messageOf(cause).replace(/\. .*$/s, '')}\n${usage}`, { cause })
  }
  const { values, positionals: [command, ...rest] } = read
  if (rest.length > 0) throw new ClusterError(usage)
  return { command, values }
}

/** How many nodes are wished for; empty: whatever there are, or one. @throws ClusterError */
export function readNodes(text: string): 1 | 2 | undefined {
  if (text === '') return undefined
  const nodes = [1, 2] as const
  const found = nodes.find((each) => String(each) === text)
  if (found === undefined) throw new ClusterError(`"${text}" nodes there cannot be: write 1 or 2.`)
  return found
}

/** For `eval`; the last line is the one that matters. */
export function forShell({ bin, kubeconfig }: Pick<Cluster, 'bin' | 'kubeconfig'>): readonly string[] {
  return [`export PATH="${bin}:$PATH"`, `export KUBECONFIG=${kubeconfig}`]
}

/** The wish for another kind of cluster under this name would go unheard. @throws ClusterError */
export function assertKind(running: Pick<Cluster, 'name' | 'node' | 'nodes'>, node: boolean, nodes?: number): void {
  if (node && running.node && nodes !== undefined && nodes !== running.nodes) throw new ClusterError(`The cluster ${running.name} is up with ${running.nodes === 1 ? 'one node' : `${running.nodes} nodes`}: end it first (make down NAME=${running.name}), or choose another name.`)
  if (node !== running.node) throw new ClusterError(`The cluster ${running.name} is up ${node ? 'without' : 'with'} a node: end it first (make down NAME=${running.name}), or choose another name.`)
}

/** What a person can act on is one sentence and exit code 1; all else is a bug and keeps its stack. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (cause) {
    if (!(cause instanceof ClusterError)) throw cause
    console.error(cause.message)
    process.exitCode = 1
  }
}
