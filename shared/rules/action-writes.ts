/**
 * What each action may write to which kind, and the rights that this needs. The healer's Role, the controller's right to
 * act on its behalf, and the door's question whether the author could do the same himself all follow from it.
 */
import { ACTS_ON, isOneOf, POD, ROLLOUT, STATEFUL_SET } from '../api/v1alpha1/action-kinds.ts'
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

/** undefined: a kind that we do not know has no rights of ours. */
export function permissionOf({ kind, on }: WriteKind): Permission | undefined {
  const known = knownKind(on) ?? (isOneOf([ROLLOUT], on) ? ROLLOUT : undefined)
  if (known === undefined) return undefined
  const apiGroup = groupOf(known.apiVersion)
  switch (kind) {
    case 'evict':
      return { apiGroup, resource: `${known.plural}/eviction`, verb: 'create' }
    case 'delete':
      return { apiGroup, resource: known.plural, verb: 'delete' }
    case 'patch':
      return { apiGroup, resource: known.plural, verb: 'patch' }
    case 'scale':
      return { apiGroup, resource: `${known.plural}/scale`, verb: 'patch' }
    default:
      return kind satisfies never
  }
}

/** Each once, in the order given. */
export function permissionsOf(writes: readonly WriteKind[]): readonly Permission[] {
  const found = new Map<string, Permission>()
  for (const permission of writes.map(permissionOf)) if (permission !== undefined) found.set(nameOfPermission(permission), permission)
  return [...found.values()]
}

/** `patch deployments.apps/scale`, for people. */
export function nameOfPermission({ apiGroup, resource, verb }: Permission): string {
  const [plural = '', ...subresource] = resource.split('/')
  return `${verb} ${[apiGroup === '' ? plural : `${plural}.${apiGroup}`, ...subresource].join('/')}`
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
      return workload ? [{ kind: 'scale', on: target }] : []
    default:
      return type satisfies never
  }
}

/** All that actions of a type may ever write. */
export const everyWriteOf = (type: ActionTemplate['type']): readonly WriteKind[] =>
  [POD, ...ACTS_ON[type]].flatMap((on) => (type === 'restart' ? (['rolling', 'recreate'] as const).flatMap((strategy) => writesTo({ type, restartAction: { strategy } }, on)) : writesTo({ type }, on)))

/**
 * The kinds of target that an action of a policy may have. A pod's workload is of any kind that the action is for; of those
 * that not every cluster has (Argo Rollouts) only when they are selected themselves.
 */
export function targetKinds({ type, target }: Pick<ActionTemplate, 'type' | 'target'>, selected: readonly KindReference[]): readonly KindReference[] {
  const workloads = selected.filter((kind) => !isPod(kind))
  const owners = selected.some(isPod) ? ACTS_ON[type].filter((kind) => !isOneOf([ROLLOUT], kind)) : []
  const found = [...(target === 'Workload' ? [] : [POD]), ...(target === 'Pod' ? [] : [...workloads, ...owners])]
  return found.filter((kind, index) => found.findIndex((other) => isOneOf([other], kind)) === index)
}

/** The rights that an action of a policy may need, in each namespace that it reaches. */
export const permissionsNeeded = (action: Body & Pick<ActionTemplate, 'target'>, selected: readonly KindReference[]): readonly Permission[] =>
  permissionsOf(targetKinds(action, selected).flatMap((kind) => writesTo(action, kind)))
