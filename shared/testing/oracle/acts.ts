/** Writes to what is healed, as the checkers see them. */
import { groupOf } from '../../api/v1alpha1/kinds.ts'
import { HEALER_ACCOUNT } from '../../api/v1alpha1/names.ts'
import type { HealingAction } from '../../api/v1alpha1/types.ts'
import { isObject } from '../../lib/json.ts'
import { seconds, type Millis } from '../../lib/time.ts'
import { isWrite, type Call, type Entry, type Setting } from './history.ts'
import { OWN, type World } from './world.ts'

/** A look may be a minute old when its write is sent, and a request takes up to ten seconds. */
export const LOOK_LIFETIME = seconds(70)

/** From the last look at a policy, a ledger or an owner to the write. */
export const ON_ITS_WAY = seconds(10)

/** Groups in which our controller writes with its own account: leases and events. */
const OWN_BUSINESS = new Set(['coordination.k8s.io/leases', 'events.k8s.io/events', '/events'])

/** By our controller, to something that is not its own; refused ones and dry runs included. */
export const isAct = (entry: Entry, { isController }: Setting): entry is Call =>
  entry.kind === 'call' && isWrite(entry) && isController(entry.user) && !OWN.has(entry.collection) && !OWN_BUSINESS.has(entry.collection)

/** It has changed something, as far as is known. */
export const isEffective = ({ ok, dryRun, changed }: Call): boolean => ok && !dryRun && changed !== false

export const isHealer = (user: string | undefined, namespace: string | undefined): boolean => user === `system:serviceaccount:${namespace}:${HEALER_ACCOUNT}`

/** Namespace and name of the HealingAction that a write says to belong to. */
export function actOf({ userAgent }: Call): { readonly namespace: string; readonly name: string } | undefined {
  const [, namespace = '', name = ''] = /\(healingaction ([^/\s;)]+)\/([^/\s;)]+)[;)]/.exec(userAgent) ?? []
  return name === '' ? undefined : { namespace, name }
}

export function actionOf(call: Call, world: World): HealingAction | undefined {
  const key = actOf(call)
  return key === undefined ? undefined : world.action(key)
}

/** From when on what a write goes by may be: its policy, its namespaces and its owners are read just before it, however old the look at its target is. */
export const seenFrom = ({ received }: Call, slack: Millis): number => received - ON_ITS_WAY - slack

export interface Preconditions {
  readonly uid?: unknown
  readonly resourceVersion?: unknown
}

/** What the server compares before it writes; undefined: the body is not known. */
export function preconditionsOf({ verb, subresource, body }: Call): Preconditions | undefined {
  if (body === undefined) return undefined
  if (Array.isArray(body)) {
    const at = (op: string, path: string): unknown => body.find((one: unknown) => isObject(one) && one['op'] === op && one['path'] === path)
    const value = (found: unknown): unknown => (isObject(found) ? found['value'] : undefined)
    const [first] = body as unknown[]
    // Only the first operation is looked at before anything else of the object is.
    const version = isObject(first) && first['op'] === 'replace' && first['path'] === '/metadata/resourceVersion' ? first['value'] : undefined
    return { uid: value(at('test', '/metadata/uid')), resourceVersion: version }
  }
  if (!isObject(body)) return {}
  const options = subresource === 'eviction' ? body['deleteOptions'] : body
  const holder = verb === 'delete' || subresource === 'eviction' ? (isObject(options) ? options['preconditions'] : undefined) : body['metadata']
  return isObject(holder) ? { uid: holder['uid'], resourceVersion: holder['resourceVersion'] } : {}
}

/** Uid of what was written to: as known, else as the write demanded. */
export function uidOf(call: Call): string | undefined {
  const uid = call.uid ?? preconditionsOf(call)?.uid
  return typeof uid === 'string' ? uid : undefined
}

/** Whether the write is to the object that the action is about, by its name; a step of it may be about its pods. */
export const isToTarget = ({ collection, namespace, name }: Call, { spec: { targetResource } }: HealingAction): boolean =>
  name === targetResource.name && namespace === targetResource.namespace && collection.startsWith(`${groupOf(targetResource.apiVersion)}/`) && collection.endsWith(`/${targetResource.kind.toLowerCase()}s`)

/** One planned operation: the act itself and what takes it back are two. */
export const operationOf = (call: Call, action: HealingAction | undefined): string =>
  [action?.status?.undo === undefined ? 'act' : 'undo', call.verb, call.collection, call.subresource ?? '', call.namespace, call.name, uidOf(call) ?? ''].join(' ')
