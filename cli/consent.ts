/** `kubeskippy enable` and `disable`. */
import { Option, type Command } from 'commander'
import { stringify } from 'yaml'
import { quoted } from '../shared/lib/text.ts'
import { clusterFlags, DONE, FAILED, isNamespace, namespaceValue, reported, withCluster, type AddCommand, type ClusterFlags } from './command.ts'
import { assertNotProtected, disable, enable, wantedObjects, type Target } from './enable.ts'
import type { CliEnvironment } from './environment.ts'
import { healerRights } from './healer.ts'

interface Flags extends ClusterFlags {
  readonly namespace?: readonly string[]
  readonly dryRun?: true
  readonly output?: 'yaml'
  readonly logs?: true
  readonly consentTo?: readonly string[]
}

export const addConsent: AddCommand = (program, env, finish) => {
  onNamespaces(program.command('enable'))
    .description(`Lets KubeSkippy act in a namespace: makes the account kubeskippy-healer there, which may ${healerRights()}.`)
    .option('--logs', "lets the last lines of a crashed container's previous run become part of the HealingAction, with what looks like a secret taken out")
    .option('--consent-to <name>', 'lets policies of that namespace act in this one; may be repeated', namespaces)
    .addOption(new Option('-o, --output <format>', 'print the objects instead of making them; needs no cluster').choices(['yaml']))
    .action((words: readonly string[], flags: Flags, command: Command) => finish(() => (flags.output === undefined ? overNamespaces(env, named(words, flags, command), flags, enable) : print(env, named(words, flags, command), flags))))
  onNamespaces(program.command('disable'))
    .description('Takes that back, at once.')
    .option('--consent-to <name>', 'only the consent to policies of that namespace; may be repeated', namespaces)
    .action((words: readonly string[], flags: Flags, command: Command) => finish(() => overNamespaces(env, named(words, flags, command), flags, disable)))
}

const onNamespaces = (command: Command): Command =>
  clusterFlags(
    command
      .usage('-n <name> [options]')
      // Taken only to say where they belong.
      .argument('[words...]')
      .option('-n, --namespace <name>', 'namespace; may be repeated', namespaces),
  ).option('--dry-run', 'let the API server judge the changes, and make none')

const namespaces = (name: string, before: readonly string[] = []): readonly string[] => [...new Set([...before, namespaceValue(name)])]

/** The namespaces that were named, and nothing else. @throws CommanderError */
function named(words: readonly string[], { namespace, consentTo = [] }: Flags, command: Command): readonly string[] {
  const [word] = words
  const itself = namespace?.find((name) => consentTo.includes(name))
  if (itself !== undefined) command.error(`error: --consent-to ${itself}: a namespace needs no consent to its own policies`)
  if (word !== undefined) command.error(`error: unexpected ${quoted(word)}${isNamespace(word) ? `: did you mean -n ${word}?` : ''}`)
  return namespace ?? command.error('error: -n, --namespace is missing: in which namespace?')
}

const print = (env: CliEnvironment, names: readonly string[], { logs = false, consentTo = [] }: Pick<Target, 'logs' | 'consentTo'>): Promise<number> =>
  eachNamespace(env, names, async (name) => {
    for (const each of [name, ...consentTo]) assertNotProtected(each)
    for (const { manifest } of wantedObjects(name, { logs, consentTo })) env.stdout(`---\n${stringify(manifest, { version: '1.1', aliasDuplicateObjects: false })}`)
  })

const overNamespaces = (env: CliEnvironment, names: readonly string[], flags: Flags, act: (target: Target) => Promise<void>): Promise<number> =>
  withCluster(env, flags, (api) => {
    const say = (line: string): void => env.stdout(`${line}\n`)
    return eachNamespace(env, names, (namespace) => act({ api, namespace, dryRun: flags.dryRun === true, logs: flags.logs === true, ...(flags.consentTo === undefined ? {} : { consentTo: flags.consentTo }), say, timers: env.timers }))
  })

/** One that fails does not keep the next from being done. */
async function eachNamespace(env: CliEnvironment, names: readonly string[], act: (name: string) => Promise<void>): Promise<number> {
  let code = DONE
  for (const name of names) {
    const done = await reported(env, async () => {
      await act(name)
      return DONE
    })
    if (done !== DONE) code = FAILED
  }
  return code
}
