/** The command line. Everything of the process comes in; the exit code goes out. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { stringify } from 'yaml'
import { DNS_LABEL_PATTERN } from '../shared/api/v1alpha1/fields.ts'
import { isApiError } from '../shared/kube/errors.ts'
import type { AccessConfig } from '../shared/kube/credentials.ts'
import type { KubeConnection } from '../shared/kube/transport.ts'
import { ConfigError, messageOf } from '../shared/lib/errors.ts'
import { printable, quoted } from '../shared/lib/text.ts'
import type { Timers } from '../shared/runtime/timers.ts'
import { assertNotProtected, disable, enable, NotPossible, type Target } from './enable.ts'
import { healerObjects, healerRights } from './healer.ts'

export interface CliEnvironment {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly timers: Timers
  readonly version: string
  /** Of the kubeconfig when no flag names one; undefined: the pod's own account. */
  readonly defaultKubeconfig: () => string | undefined
  /** @throws ConfigError */
  readonly connect: (access: AccessConfig) => KubeConnection
  /** Programs that run until they are asked to stop; they read their own flags. */
  readonly programs: Readonly<Record<ProgramName, (argv: readonly string[]) => Promise<number>>>
}

export type ProgramName = keyof typeof PROGRAMS

const PROGRAMS = {
  controller: 'Watches the cluster and heals by the accepted policies.',
  webhook: 'The front door: refuses unsafe policies.',
} as const

const DONE = 0
const FAILED = 1
const MISUSED = 2

/** 0: done; 1: it failed, with one line for each reason; 2: no such command or flag. */
export async function runCli(argv: readonly string[], env: CliEnvironment): Promise<number> {
  const [first = 'help', ...rest] = argv
  if (isProgram(first)) return env.programs[first](rest)
  let code = DONE
  const program = commands(env, async (run) => {
    code = await run()
  })
  try {
    await program.parseAsync([...(argv.length === 0 ? ['help'] : argv)], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : MISUSED
    throw error
  }
}

const isProgram = (name: string): name is ProgramName => Object.hasOwn(PROGRAMS, name)

interface Flags {
  readonly namespace?: readonly string[]
  readonly kubeconfig?: string
  readonly context?: string
  readonly dryRun?: true
  readonly output?: 'yaml'
}

type Finish = (run: () => Promise<number>) => Promise<void>

function commands(env: CliEnvironment, finish: Finish): Command {
  const program = new Command('kubeskippy')
    .description('Heals Kubernetes workloads by policy.')
    .version(env.version, '--version', 'print the version')
    .exitOverride()
    .configureOutput({ writeOut: env.stdout, writeErr: env.stderr })
  // Shown in the help; `runCli` hands their flags on as they are.
  for (const [name, description] of Object.entries(PROGRAMS)) program.command(name).description(description).argument('[flags...]')
  onCluster(program.command('enable'))
    .description(`Lets KubeSkippy act in a namespace: makes the account kubeskippy-healer there, which may ${healerRights()}.`)
    .addOption(new Option('-o, --output <format>', 'print the objects instead of making them; needs no cluster').choices(['yaml']))
    .action((words: readonly string[], flags: Flags, command: Command) => finish(() => (flags.output === undefined ? overNamespaces(env, named(words, flags, command), flags, enable) : print(env, named(words, flags, command)))))
  onCluster(program.command('disable'))
    .description('Takes that back, at once.')
    .action((words: readonly string[], flags: Flags, command: Command) => finish(() => overNamespaces(env, named(words, flags, command), flags, disable)))
  program
    .command('version')
    .description('Prints the version.')
    .action(() => env.stdout(`${env.version}\n`))
  return program
}

const onCluster = (command: Command): Command =>
  command
    .usage('-n <name> [options]')
    // Taken only to say where they belong.
    .argument('[words...]')
    .option('-n, --namespace <name>', 'namespace; may be repeated', namespaces)
    .option('--kubeconfig <file>', 'default: KUBECONFIG, then ~/.kube/config')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--dry-run', 'let the API server judge the changes, and make none')

const LABEL = new RegExp(DNS_LABEL_PATTERN)
const isNamespace = (name: string): boolean => name.length <= 63 && LABEL.test(name)

function namespaces(name: string, before: readonly string[] = []): readonly string[] {
  if (!isNamespace(name)) throw new InvalidArgumentError(`${quoted(name)} is no name of a namespace.`)
  return before.includes(name) ? before : [...before, name]
}

/** The namespaces that were named, and nothing else. @throws CommanderError */
function named(words: readonly string[], { namespace }: Flags, command: Command): readonly string[] {
  const [word] = words
  if (word !== undefined) command.error(`error: unexpected ${quoted(word)}${isNamespace(word) ? `: did you mean -n ${word}?` : ''}`)
  return namespace ?? command.error('error: -n, --namespace is missing: in which namespace?')
}

async function print(env: CliEnvironment, names: readonly string[]): Promise<number> {
  return eachNamespace(env, names, async (name) => {
    assertNotProtected(name)
    for (const { manifest } of healerObjects(name)) env.stdout(`---\n${stringify(manifest, { version: '1.1', aliasDuplicateObjects: false })}`)
  })
}

async function overNamespaces(env: CliEnvironment, names: readonly string[], flags: Flags, act: (target: Target) => Promise<void>): Promise<number> {
  let api: KubeConnection
  try {
    api = env.connect(access(env, flags))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) env.stderr(`error: ${problem}\n`)
    return FAILED
  }
  try {
    const say = (line: string): void => env.stdout(`${line}\n`)
    return await eachNamespace(env, names, (namespace) => act({ api, namespace, dryRun: flags.dryRun === true, say, timers: env.timers }))
  } finally {
    await api.close()
  }
}

/** One that fails does not keep the next from being done. */
async function eachNamespace(env: CliEnvironment, names: readonly string[], act: (name: string) => Promise<void>): Promise<number> {
  let code = DONE
  for (const name of names) {
    try {
      await act(name)
    } catch (error) {
      env.stderr(`error: ${explain(error)}\n`)
      code = FAILED
    }
  }
  return code
}

function access({ defaultKubeconfig }: CliEnvironment, flags: Flags): AccessConfig {
  const kubeconfig = flags.kubeconfig ?? defaultKubeconfig()
  return { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(flags.context === undefined ? {} : { context: flags.context }) }
}

function explain(error: unknown): string {
  if (error instanceof NotPossible) return error.message
  if (isApiError(error, 'Network', 'Timeout')) return `${error.message}: the API server does not answer${error.cause === undefined ? '' : ` (${messageOf(error.cause)})`}`
  // The server's own text goes to the person who asked, as with kubectl.
  if (isApiError(error)) return printable(`${error.message}${error.serverMessage === undefined ? '' : `: ${error.serverMessage}`}`, 1000)
  throw error
}
