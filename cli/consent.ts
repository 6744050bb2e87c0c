/** `kubeskippy enable` and `disable`. */
import { InvalidArgumentError, type Command } from 'commander'
import { ACTS_ON, isKnownByScale, isOneOf } from '../shared/api/v1alpha1/action-kinds.ts'
import { groupOf, KNOWN_KINDS } from '../shared/api/v1alpha1/kinds.ts'
import { quoted } from '../shared/lib/text.ts'
import type { Plural } from '../shared/rules/action-writes.ts'
import { clusterFlags, DONE, FAILED, isNamespace, namespaceValue, reported, type AddCommand } from './command.ts'
import { withDeeds, type WriteFlags } from './deeds.ts'
import { assertNoneProtected, disable, enable, wantedObjects, type Target } from './enable.ts'
import type { CliEnvironment } from './environment.ts'
import { healerRights, type HealerObject } from './healer.ts'
import { asData, asYaml, outputOption } from './output.ts'

interface Flags extends WriteFlags {
  readonly namespace?: readonly string[]
  readonly print?: true
  readonly logs?: true
  readonly consentTo?: readonly string[]
  readonly scale?: readonly Plural[]
}

export const addConsent: AddCommand = (program, env, finish) => {
  onNamespaces(program.command('enable'))
    .description(`Lets KubeSkippy act in a namespace: makes the account kubeskippy-healer there, which may ${healerRights()}.`)
    .option('--logs', "lets the last lines of a crashed container's previous run become part of the HealingAction, with what looks like a secret taken out")
    .option('--consent-to <name>', 'lets policies of that namespace act in this one; may be repeated', namespaces)
    .option('--scale <resource.group>', 'lets objects of this kind be scaled, as cacheclusters.example.com; may be repeated, and what was allowed before stays', scales)
    .option('--print', 'only print the objects, for kubectl apply: as YAML, or with -o json as one List; needs no cluster')
    .action((words: readonly string[], flags: Flags, command: Command) => finish(() => (flags.print === true ? print : enableAll)(env, named(words, flags, command), flags)))
  onNamespaces(program.command('disable'))
    .description('Takes that back, at once.')
    .option('--consent-to <name>', 'only the consent to policies of that namespace; may be repeated', namespaces)
    .action((words: readonly string[], flags: Flags, command: Command) => finish(() => disableAll(env, named(words, flags, command), flags)))
}

const onNamespaces = (command: Command): Command =>
  clusterFlags(
    command
      .usage('-n <name> [options]')
      // Taken only to say where they belong.
      .argument('[words...]')
      .option('-n, --namespace <name>', 'namespace; may be repeated', namespaces),
  )
    .option('--dry-run', 'let the API server judge the changes, and make none')
    .addOption(outputOption())

const namespaces = (name: string, before: readonly string[] = []): readonly string[] => [...new Set([...before, namespaceValue(name)])]

const optionsOf = ({ logs, scale, consentTo }: Flags): Pick<Target, 'logs' | 'scale' | 'consentTo'> => ({ logs: logs === true, ...(scale === undefined ? {} : { scale }), ...(consentTo === undefined ? {} : { consentTo }) })

const RESOURCE = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** A resource as `kubectl api-resources` names it. @throws InvalidArgumentError */
function scales(text: string, before: readonly Plural[] = []): readonly Plural[] {
  if (!RESOURCE.test(text)) throw new InvalidArgumentError(`${quoted(text)} is no resource: write its plural and its group, as cacheclusters.example.com (kubectl api-resources names them).`)
  const [plural = '', ...group] = text.split('.')
  const of = { plural, group: group.join('.') }
  const known = KNOWN_KINDS.find((kind) => kind.plural === plural && groupOf(kind.apiVersion) === of.group)
  if (known !== undefined && !isKnownByScale(known)) throw new InvalidArgumentError(isOneOf(ACTS_ON.scale, known) ? `${text} may be scaled without it.` : `${text} has no scale.`)
  return [...before.filter((other) => other.plural !== plural || other.group !== of.group), of]
}

/** The namespaces that were named, and nothing else. @throws CommanderError with all that is wrong */
function named(words: readonly string[], { namespace = [], consentTo = [] }: Flags, command: Command): readonly string[] {
  const problems = [
    ...namespace.filter((name) => consentTo.includes(name)).map((name) => `--consent-to ${name}: a namespace needs no consent to its own policies`),
    ...words.map((word) => `unexpected ${quoted(word)}${isNamespace(word) ? `: did you mean -n ${word}?` : ''}`),
    ...(namespace.length === 0 && words.length === 0 ? ['-n, --namespace is missing: in which namespace?'] : []),
  ]
  return problems.length === 0 ? namespace : command.error(problems.map((problem) => `error: ${problem}`).join('\n'))
}

/** For `kubectl apply`: documents of YAML, or one List. */
async function print(env: CliEnvironment, names: readonly string[], flags: Flags): Promise<number> {
  const items: HealerObject['manifest'][] = []
  const code = await eachNamespace(env, names, async (name) => {
    assertNoneProtected([name, ...(flags.consentTo ?? [])])
    items.push(...wantedObjects(name, optionsOf(flags)).map(({ manifest }) => manifest))
  })
  if (items.length > 0) env.stdout(flags.output === 'json' ? asData('json', { apiVersion: 'v1', kind: 'List', items }) : items.map((item) => `---\n${asYaml(item)}`).join(''))
  return code
}

const overNamespaces = (act: (target: Target) => Promise<void>) => (env: CliEnvironment, names: readonly string[], flags: Flags): Promise<number> =>
  withDeeds(env, flags, (api, deeds) => eachNamespace(env, names, (namespace) => act({ api, namespace, deeds, ...optionsOf(flags), timers: env.timers })))

const enableAll = overNamespaces(enable)
const disableAll = overNamespaces(disable)

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
