/** What the fake stores: whole objects, frozen, so that a reader which changes one fails at once. */
import { isObject } from '../../lib/json.ts'
import type { KubeObject, ObjectMeta } from '../../kube/api.ts'

export interface StoredMeta extends ObjectMeta {
  readonly finalizers?: readonly string[]
  readonly deletionGracePeriodSeconds?: number
}

export interface StoredObject extends KubeObject {
  readonly metadata: StoredMeta
  readonly spec?: unknown
  readonly status?: unknown
  readonly [field: string]: unknown
}

/** A value below `path`, undefined when any part is missing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value
  for (const part of path) {
    if (Array.isArray(here)) here = here[Number(part)]
    else if (isObject(here) && Object.hasOwn(here, part)) here = here[part]
    else return undefined
  }
  return here
}

export const numberAt = (value: unknown, ...path: readonly (string | number)[]): number => {
  const found = at(value, ...path)
  return typeof found === 'number' ? found : 0
}

export const stringAt = (value: unknown, ...path: readonly (string | number)[]): string | undefined => {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : undefined
}

export const listAt = (value: unknown, ...path: readonly (string | number)[]): readonly unknown[] => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** As JSON carries it: no undefined members, no prototypes. */
export const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}

/** Status of the condition of this type, undefined when there is none. */
export const conditionOf = (object: unknown, type: string): string | undefined =>
  stringAt(
    listAt(object, 'status', 'conditions').find((condition) => stringAt(condition, 'type') === type),
    'status',
  )
