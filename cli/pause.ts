/** `kubeskippy pause` and `resume`: of a policy, of a namespace, of everything. */
import type { Command } from 'commander'
import { KILL_SWITCH, OPERATOR_NAMESPACE, PAUSE_ANNOTATION } from '../shared/api/v1alpha1/names.ts'
import type { HealingPolicy } from '../shared/api/v1alpha1/types.ts'
import type { KubeApi, KubeObject, ObjectKey, Resource } from '../shared/kube/api.ts'
import { isApiError } from '../shared/kube/errors.ts'
import { CONFIG_MAPS, HEALING_POLICIES, NAMESPACES } from '../shared/kube/resources.ts'
import { printable, quoted } from '../shared/lib/text.ts'
import type { Manifest } from '../controller/permissions.ts'
import { chosenNamespace, clusterFlags, DONE, isUnknownKind, namespaceValue, NotPossible, withCluster, type AddCommand, type ClusterFlags } from './command.ts'
import type { CliEnvironment } from './environment.ts'

interface Flags extends ClusterFlags {
  readonly namespace?: string
  readonly all?: true
  readonly reason?: string
  readonly dryRun?: true
}

type Scope = { readonly kind: 'policy'; readonly name: string } | { readonly kind: 'namespace'; readonly name: string } | { readonly kind: 'all' }

interface Switch {
  readonly api: Pick<KubeApi, 'get' | 'patch' | 'create' | 'delete'>
  readonly say: (line: string) => void
  readonly dryRun: boolean
}

const FIELD_MANAGER = 'kubeskippy-cli'
const LONGEST_REASON = 400

export const addPause: AddCommand = (program, env, finish) => {
  onScope(program.command('pause'))
    .description('Stops new acts: of a policy, of a namespace (-n alone), or everywhere (--all, the kill switch). What is under way is verified to its end.')
    .option('--reason <text>', 'shown in the status of what is paused')
    .action((policy: string | undefined, flags: Flags, command: Command) => finish(() => over(env, scopeOf(policy, flags, command), flags, pause)))
  onScope(program.command('resume'))
    .description('Takes that back.')
    .action((policy: string | undefined, flags: Flags, command: Command) => finish(() => over(env, scopeOf(policy, flags, command), flags, resume)))
}

const onScope = (command: Command): Command =>
  clusterFlags(
    command
      .usage('POLICY | -n NAMESPACE | --all')
      .argument('[policy]', 'name of a policy')
      .option('-n, --namespace <name>', "the policy's namespace; without a policy the namespace itself", namespaceValue)
      .option('--all', 'everything in the cluster'),
  ).option('--dry-run', 'let the API server judge the change, and make none')

/** @throws CommanderError */
function scopeOf(policy: string | undefined, { namespace, all }: Flags, command: Command): Scope {
  if (all === true && (policy !== undefined || namespace !== undefined)) command.error('error: --all is everything; name no policy and no namespace with it')
  if (all === true) return { kind: 'all' }
  // As `kubectl get` prints it.
  if (policy !== undefined) return { kind: 'policy', name: policy.replace(/^(?:hp|healingpolic(?:y|ies))(?:\.kubeskippy\.io)?\//, '') }
  return namespace === undefined ? command.error('error: what? Name a policy, or a namespace with -n, or everything with --all') : { kind: 'namespace', name: namespace }
}

const over = (env: CliEnvironment, scope: Scope, flags: Flags, act: (on: Switch, target: Target) => Promise<void>): Promise<number> =>
  withCluster(env, flags, async (api) => {
    const dryRun = flags.dryRun === true
    const say = (line: string): void => env.stdout(`${line}${dryRun ? ' (dry run)' : ''}\n`)
    const reason = printable((flags.reason ?? '').trim(), LONGEST_REASON)
    await act({ api, say, dryRun }, { ...(await targetOf(scope, () => chosenNamespace(env, flags))), reason: reason === '' ? 'by kubeskippy pause' : reason })
    return DONE
  })

interface Target {
  readonly resource: Resource
  readonly key: ObjectKey
  readonly called: string
  readonly reason: string
}

async function targetOf(scope: Scope, namespaceOf: () => Promise<string>): Promise<Omit<Target, 'reason'>> {
  switch (scope.kind) {
    case 'policy': {
      const namespace = await namespaceOf()
      return { resource: HEALING_POLICIES, key: { namespace, name: scope.name }, called: `healingpolicy/${printable(scope.name, 253)} in ${namespace}` }
    }
    case 'namespace':
      return { resource: NAMESPACES, key: { name: scope.name }, called: `namespace/${scope.name}` }
    case 'all':
      return { resource: CONFIG_MAPS, key: { namespace: OPERATOR_NAMESPACE, name: KILL_SWITCH }, called: `configmap/${KILL_SWITCH} in ${OPERATOR_NAMESPACE}` }
    default:
      return scope satisfies never
  }
}

async function pause(on: Switch, target: Target): Promise<void> {
  const { resource, key, called, reason } = target
  const found = await find(on, target)
  if (resource === CONFIG_MAPS) {
    if (found !== undefined) return on.say(`${called}: is there already; nothing new is done in the cluster`)
    await throwKillSwitch(on, target)
    return on.say(`${called}: created; nothing new is done in the cluster until kubeskippy resume --all`)
  }
  if (found === undefined) throw missing(target)
  const before = found.metadata.annotations?.[PAUSE_ANNOTATION]
  if (before === reason) return on.say(`${called}: is paused already`)
  await annotate(on, { resource, key, value: reason })
  return on.say(before === undefined ? `${called}: paused` : `${called}: is paused, its reason was ${quoted(before)}`)
}

async function throwKillSwitch({ api, dryRun }: Switch, { reason }: Target): Promise<void> {
  const manifest: Manifest = { apiVersion: 'v1', kind: CONFIG_MAPS.kind, metadata: { namespace: OPERATOR_NAMESPACE, name: KILL_SWITCH }, data: { reason } }
  try {
    await api.create(CONFIG_MAPS, manifest, { dryRun, fieldManager: FIELD_MANAGER })
  } catch (error) {
    // Somebody was quicker: it is there, which is all that was wanted.
    if (isApiError(error, 'AlreadyExists')) return
    if (isApiError(error, 'NotFound')) throw new NotPossible(`namespace ${OPERATOR_NAMESPACE} does not exist: KubeSkippy is not installed in this cluster`)
    throw error
  }
}

async function resume(on: Switch, target: Target): Promise<void> {
  const { resource, key, called } = target
  const found = await find(on, target)
  if (resource === CONFIG_MAPS) {
    if (found === undefined) return on.say(`${called}: was not there`)
    const { uid, resourceVersion } = found.metadata
    await on.api.delete(CONFIG_MAPS, key, { dryRun: on.dryRun, preconditions: { uid, resourceVersion } })
    return on.say(`${called}: removed; policies act again`)
  }
  if (found === undefined) throw missing(target)
  if (found.metadata.annotations?.[PAUSE_ANNOTATION] === undefined) on.say(`${called}: was not paused`)
  else {
    await annotate(on, { resource, key, value: null })
    on.say(`${called}: resumed`)
  }
  if (resource === HEALING_POLICIES) await tellOthers(on, found as HealingPolicy)
}

/** What else keeps the policy from acting; what may not be read is not told. */
async function tellOthers(on: Switch, { metadata, spec }: HealingPolicy): Promise<void> {
  const { namespace = '' } = metadata
  if (spec.suspend) on.say('still suspended by spec.suspend')
  const look = (resource: Resource, key: ObjectKey): Promise<KubeObject | undefined> =>
    find(on, { resource, key }).catch((error: unknown) => {
      if (isApiError(error, 'Forbidden')) return undefined
      throw error
    })
  const paused = (await look(NAMESPACES, { name: namespace }))?.metadata.annotations?.[PAUSE_ANNOTATION]
  if (paused !== undefined) on.say(`still paused with its namespace (${quoted(paused)}): kubeskippy resume -n ${namespace}`)
  if ((await look(CONFIG_MAPS, { namespace: OPERATOR_NAMESPACE, name: KILL_SWITCH })) !== undefined) on.say('still stopped by the kill switch: kubeskippy resume --all')
}

const annotate = ({ api, dryRun }: Switch, { resource, key, value }: { readonly resource: Resource; readonly key: ObjectKey; readonly value: string | null }): Promise<KubeObject> =>
  api.patch(resource, key, { type: 'merge', body: { metadata: { annotations: { [PAUSE_ANNOTATION]: value } } } }, { dryRun, fieldManager: FIELD_MANAGER })

async function find({ api }: Switch, { resource, key }: Pick<Target, 'resource' | 'key'>): Promise<KubeObject | undefined> {
  try {
    return await api.get(resource, key)
  } catch (error) {
    if (isApiError(error, 'NotFound') && !isUnknownKind(error)) return undefined
    throw error
  }
}

const missing = ({ called }: Target): NotPossible => new NotPossible(`${called} does not exist`)
