/** `kubeskippy pause` and `resume`: of a policy, of a namespace, of everything. */
import type { Command } from 'commander'
import { KILL_SWITCH, OPERATOR_NAMESPACE, PAUSE_ANNOTATION } from '../shared/api/v1alpha1/names.ts'
import type { HealingPolicy } from '../shared/api/v1alpha1/types.ts'
import type { KubeApi, KubeObject, ObjectKey, Resource } from '../shared/kube/api.ts'
import { isApiError } from '../shared/kube/errors.ts'
import { CONFIG_MAPS, HEALING_POLICIES, NAMESPACES } from '../shared/kube/resources.ts'
import { printable, quoted } from '../shared/lib/text.ts'
import type { Manifest } from '../controller/permissions.ts'
import { chosenNamespace, clusterFlags, DONE, isUnknownKind, namespaceValue, NotPossible, type AddCommand } from './command.ts'
import { deedMade, deedOn, withDeeds, type Deeds, type FieldChange, type WriteFlags } from './deeds.ts'
import type { CliEnvironment } from './environment.ts'
import { outputOption } from './output.ts'

interface Flags extends WriteFlags {
  readonly namespace?: string
  readonly all?: true
  readonly reason?: string
}

type Scope = { readonly kind: 'policy'; readonly name: string } | { readonly kind: 'namespace'; readonly name: string } | { readonly kind: 'all' }

interface Switch {
  readonly api: Pick<KubeApi, 'get' | 'patch' | 'create' | 'delete'>
  readonly deeds: Deeds
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
  )
    .option('--dry-run', 'let the API server judge the change, and make none')
    .addOption(outputOption())

/** @throws CommanderError */
function scopeOf(policy: string | undefined, { namespace, all }: Flags, command: Command): Scope {
  if (all === true && (policy !== undefined || namespace !== undefined)) command.error('error: --all is everything; name no policy and no namespace with it')
  if (all === true) return { kind: 'all' }
  // As `kubectl get` prints it.
  if (policy !== undefined) return { kind: 'policy', name: policy.replace(/^(?:hp|healingpolic(?:y|ies))(?:\.kubeskippy\.io)?\//, '') }
  return namespace === undefined ? command.error('error: what? Name a policy, or a namespace with -n, or everything with --all') : { kind: 'namespace', name: namespace }
}

const over = (env: CliEnvironment, scope: Scope, flags: Flags, act: (on: Switch, target: Target) => Promise<void>): Promise<number> =>
  withDeeds(env, flags, async (api, deeds) => {
    const reason = printable((flags.reason ?? '').trim(), LONGEST_REASON)
    await act({ api, deeds }, { ...(await targetOf(scope, () => chosenNamespace(env, flags))), reason: reason === '' ? 'by kubeskippy pause' : reason })
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
  const { deeds } = on
  const { resource, key, called, reason } = target
  const found = await find(on, target)
  if (resource === CONFIG_MAPS) {
    const made = found === undefined ? await throwKillSwitch(on, target) : undefined
    if (made === undefined) return deeds.did(deedOn(resource, { ...key, uid: found?.metadata.uid }, 'unchanged'), `${called}: is there already; nothing new is done in the cluster`)
    return deeds.did(deedMade(resource, made, deeds.dryRun, [{ field: 'data.reason', newValue: reason }]), `${called}: created; nothing new is done in the cluster until kubeskippy resume --all`)
  }
  if (found === undefined) throw missing(target)
  const { uid, annotations } = found.metadata
  const before = annotations?.[PAUSE_ANNOTATION]
  if (before === reason) return deeds.did(deedOn(resource, { ...key, uid }, 'unchanged'), `${called}: is paused already`)
  await annotate(on, { resource, key, value: reason })
  return deeds.did(deedOn(resource, { ...key, uid }, 'updated', annotated(before, reason)), before === undefined ? `${called}: paused` : `${called}: is paused, its reason was ${quoted(before)}`)
}

const annotated = (oldValue: string | undefined, newValue?: string): readonly FieldChange[] => [{ field: `metadata.annotations["${PAUSE_ANNOTATION}"]`, oldValue, newValue }]

/** undefined: somebody was quicker; it is there, which is all that was wanted. */
async function throwKillSwitch({ api, deeds: { dryRun } }: Switch, { reason }: Target): Promise<KubeObject | undefined> {
  const manifest: Manifest = { apiVersion: 'v1', kind: CONFIG_MAPS.kind, metadata: { namespace: OPERATOR_NAMESPACE, name: KILL_SWITCH }, data: { reason } }
  try {
    return await api.create(CONFIG_MAPS, manifest, { dryRun, fieldManager: FIELD_MANAGER })
  } catch (error) {
    if (isApiError(error, 'AlreadyExists')) return undefined
    if (isApiError(error, 'NotFound')) throw new NotPossible(`namespace ${OPERATOR_NAMESPACE} does not exist: KubeSkippy is not installed in this cluster`)
    throw error
  }
}

async function resume(on: Switch, target: Target): Promise<void> {
  const { api, deeds } = on
  const { resource, key, called } = target
  const found = await find(on, target)
  if (resource === CONFIG_MAPS) {
    if (found === undefined) return deeds.did(deedOn(resource, key, 'absent'), `${called}: was not there`)
    const { uid, resourceVersion } = found.metadata
    await api.delete(CONFIG_MAPS, key, { dryRun: deeds.dryRun, preconditions: { uid, resourceVersion } })
    return deeds.did(deedOn(resource, { ...key, uid }, 'removed'), `${called}: removed; policies act again`)
  }
  if (found === undefined) throw missing(target)
  const { uid, annotations } = found.metadata
  const before = annotations?.[PAUSE_ANNOTATION]
  if (before === undefined) deeds.did(deedOn(resource, { ...key, uid }, 'unchanged'), `${called}: was not paused`)
  else {
    await annotate(on, { resource, key, value: null })
    deeds.did(deedOn(resource, { ...key, uid }, 'updated', annotated(before)), `${called}: resumed`)
  }
  if (resource === HEALING_POLICIES) await tellOthers(on, found as HealingPolicy)
}

/** What else keeps the policy from acting; what may not be read is not told. */
async function tellOthers(on: Switch, { metadata, spec }: HealingPolicy): Promise<void> {
  const { namespace = '' } = metadata
  if (spec.suspend) on.deeds.say('still suspended by spec.suspend')
  const look = (resource: Resource, key: ObjectKey): Promise<KubeObject | undefined> =>
    find(on, { resource, key }).catch((error: unknown) => {
      if (isApiError(error, 'Forbidden')) return undefined
      throw error
    })
  const paused = (await look(NAMESPACES, { name: namespace }))?.metadata.annotations?.[PAUSE_ANNOTATION]
  if (paused !== undefined) on.deeds.say(`still paused with its namespace (${quoted(paused)}): kubeskippy resume -n ${namespace}`)
  if ((await look(CONFIG_MAPS, { namespace: OPERATOR_NAMESPACE, name: KILL_SWITCH })) !== undefined) on.deeds.say('still stopped by the kill switch: kubeskippy resume --all')
}

const annotate = ({ api, deeds: { dryRun } }: Switch, { resource, key, value }: { readonly resource: Resource; readonly key: ObjectKey; readonly value: string | null }): Promise<KubeObject> =>
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
