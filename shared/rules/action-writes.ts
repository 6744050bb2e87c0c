/**
 * What each action may write to which kind, and the rights that this needs. The healer's Role, the controller's right to
 * act on its behalf, and the door's question whether the author could do the same himself all follow from it.
 */
import { ACTS_ON, isKnownByScale, isOneOf, POD, ROLLOUT, STATEFUL_SET } from '../api/v1alpha1/action-kinds.ts'
import { groupOf, isPod, knownKind, type KindReference } from '../api/v1alpha1/kinds.ts'
import type { ActionTemplate } from '../api/v1alpha1/types.ts'
import { parsePatch } from './patches/parse.ts'

/** A kind of write and what it is made to. */
export interface WriteKind {
  readonly kind: 'evict' | 'delete' | 'patch' | 'scale'
  readonly on: KindReference
}

/** As in a Role, one of each. */
export interface Permission {
  readonly apiGroup: string
  /** With the subresource: `pods/eviction`. */
  readonly resource: string
  readonly verb: string
}

const EVICT: WriteKind = { kind: 'evict', on: POD }

/** A kind by the name that the API server has for its objects. */
export interface Plural {
  readonly group: string
  readonly plural: string
}

const pluralOf = (on: KindReference): string | undefined => knownKind(on)?.plural ?? (isOneOf([ROLLOUT], on) ? ROLLOUT.plural : undefined)

/** undefined: a kind that we do not know has no rights of ours. */
export function permissionOf({ kind, on }: WriteKind, plural = pluralOf(on)): Permission | undefined {
  if (plural === undefined) return undefined
  const apiGroup = groupOf(on.apiVersion)
  switch (kind) {
    case 'evict':
      return { apiGroup, resource: `${plural}/eviction`, verb: 'create' }
    case 'delete':
      return { apiGroup, resource: plural, verb: 'delete' }
    case 'patch':
      return { apiGroup, resource: plural, verb: 'patch' }
    case 'scale':
      return scalingOf({ group: apiGroup, plural })
    default:
      return kind satisfies never
  }
}

/** Of the healer. */
export const scalingOf = ({ group, plural }: Plural): Permission => ({ apiGroup: group, resource: `${plural}/scale`, verb: 'patch' })

/** Of the controller, to let a healer scale what only its API server knows: it reads the object and its scale, and acts on that alone. */
export const scalerPermissions = (of: Plural): readonly Permission[] => {
  const { apiGroup, resource, verb } = scalingOf(of)
  return [
    { apiGroup, resource: of.plural, verb: 'get' },
    { apiGroup, resource, verb: 'get' },
    { apiGroup, resource, verb: actingAs(verb) },
  ]
}

/** Constrained impersonation: the verb on the resource, as somebody else. */
export const actingAs = (verb: string): string => `impersonate-on:serviceaccount:${verb}`

/** `deployments.apps`. */
export const nameOfPlural = ({ group, plural }: Plural): string => (group === '' ? plural : `${plural}.${group}`)

/** Each once, in the order given. */
export function permissionsOf(writes: readonly WriteKind[], plurals: (on: KindReference) => string | undefined = pluralOf): readonly Permission[] {
  const found = new Map<string, Permission>()
  for (const permission of writes.map((write) => permissionOf(write, plurals(write.on)))) if (permission !== undefined) found.set(nameOfPermission(permission), permission)
  return [...found.values()]
}

/** `patch deployments.apps/scale`, for people. */
export function nameOfPermission({ apiGroup, resource, verb }: Permission): string {
  const [plural = '', ...subresource] = resource.split('/')
  return `${verb} ${[nameOfPlural({ group: apiGroup, plural }), ...subresource].join('/')}`
}

type Body = Pick<ActionTemplate, 'type' | 'restartAction' | 'patchAction'>

/** A new template: its pods that are not Ready keep the old one for ever, and are evicted. */
const turnsOver = (target: KindReference): readonly WriteKind[] => [{ kind: 'patch', on: target }, ...(isOneOf([STATEFUL_SET], target) ? [EVICT] : [])]

/** Without a patch: it may. */
function touchesTemplate(patch: ActionTemplate['patchAction']): boolean {
  const parsed = patch === undefined ? undefined : parsePatch(patch)
  if (parsed === undefined) return true
  return !('problems' in parsed) && parsed.touches.some(({ path }) => path[0]?.key === 'spec' && path[1]?.key === 'template')
}

/** What the action writes to a target of this kind; empty: it is not for such targets. */
export function writesTo({ type, restartAction, patchAction }: Body, target: KindReference): readonly WriteKind[] {
  const pod = isOneOf([POD], target)
  const workload = isOneOf(ACTS_ON[type], target)
  switch (type) {
    case 'evict':
      return pod ? [EVICT] : []
    case 'restart':
      if (pod) return [EVICT]
      if (!workload) return []
      return (restartAction?.strategy ?? 'rolling') === 'rolling' ? turnsOver(target) : [EVICT]
    case 'delete':
      return pod || workload ? [{ kind: 'delete', on: target }] : []
    case 'patch':
      if (pod) return [{ kind: 'patch', on: target }]
      if (!workload) return []
      return touchesTemplate(patchAction) ? turnsOver(target) : [{ kind: 'patch', on: target }]
    case 'scale':
      return workload || isKnownByScale(target) ? [{ kind: 'scale', on: target }] : []
    default:
      return type satisfies never
  }
}

/** All that actions of a type may ever write. */
export const everyWriteOf = (type: ActionTemplate['type']): readonly WriteKind[] =>
  [POD, ...ACTS_ON[type]].flatMap((on) => (type === 'restart' ? (['rolling', 'recreate'] as const).flatMap((strategy) => writesTo({ type, restartAction: { strategy } }, on)) : writesTo({ type }, on)))

/**
 * The kinds of target that an action of a policy may have. A pod's workload is of any kind that the action is for; of those
 * that only their API server knows when they are selected themselves.
 */
export function targetKinds({ type, target }: Pick<ActionTemplate, 'type' | 'target'>, selected: readonly KindReference[]): readonly KindReference[] {
  const workloads = selected.filter((kind) => !isPod(kind))
  const owners = selected.some(isPod) ? ACTS_ON[type] : []
  const found = [...(target === 'Workload' ? [] : [POD]), ...(target === 'Pod' ? [] : [...workloads, ...owners])]
  return found.filter((kind, index) => found.findIndex((other) => isOneOf([other], kind)) === index)
}

/**
 * The rights that an action of a policy may need, in each namespace that it reaches.
 * @param discovered the plural of a kind that only its API server knows; where it is not told nothing is asked for
 */
export const permissionsNeeded = (action: Body & Pick<ActionTemplate, 'target'>, selected: readonly KindReference[], discovered: (on: KindReference) => string | undefined = () => undefined): readonly Permission[] =>
  permissionsOf(targetKinds(action, selected).flatMap((kind) => writesTo(action, kind)), (on) => discovered(on) ?? pluralOf(on))
