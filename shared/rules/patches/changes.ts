/** What differs between two states of an object, field by field. Pure. */
import { isObject, sameJson } from '../../lib/json.ts'
import { NAMED_LISTS, type FieldPath } from './paths.ts'
import type { Touch } from './touches.ts'

export interface FieldChange {
  /** Items of lists with names by their name. */
  readonly path: FieldPath
  /** Tokens of the JSON pointer into the object, before and after; undefined: an item has moved, come or gone. */
  readonly tokens: readonly (string | number)[] | undefined
  readonly before: unknown
  readonly after: unknown
}

/** As many as a HealingAction holds. */
export const MOST_CHANGES = 32

/** What the API server keeps itself. */
const KEPT_BY_SERVER = new Set(['resourceVersion', 'generation', 'managedFields'])

/** Leaves that differ, status and what the API server keeps itself apart. */
export function diff(before: unknown, after: unknown): FieldChange[] {
  const changes: FieldChange[] = []
  const walk = (old: unknown, now: unknown, path: FieldPath, tokens: readonly (string | number)[] | undefined): void => {
    if (sameJson(old, now)) return
    const maps = [old, now].every((value) => value === undefined || isObject(value))
    if (maps && (hasMembers(old) || hasMembers(now))) {
      const members = new Set([...keysOf(old), ...keysOf(now)])
      for (const key of members) {
        if (path.length === 0 && key === 'status') continue
        if (path.length === 1 && path[0]?.key === 'metadata' && KEPT_BY_SERVER.has(key)) continue
        // The name of an item that comes or goes is in its path.
        if (key === 'name' && path.at(-1)?.item === true && members.size > 1 && (old === undefined || now === undefined)) continue
        walk(member(old, key), member(now, key), [...path, { key }], tokens && [...tokens, key])
      }
      return
    }
    if (NAMED_LISTS.has(path.at(-1)?.key ?? '') && isNamed(old ?? []) && isNamed(now ?? [])) return walkItems((old ?? []) as Named, (now ?? []) as Named, path, tokens)
    changes.push({ path, tokens, before: old, after: now })
  }
  const walkItems = (old: Named, now: Named, path: FieldPath, tokens: readonly (string | number)[] | undefined): void => {
    const names = new Set([...old, ...now].map(({ name }) => name))
    for (const name of names) {
      const [was, is] = [old.findIndex((item) => item.name === name), now.findIndex((item) => item.name === name)]
      const stays = was === is ? tokens && [...tokens, is] : undefined
      walk(old[was], now[is], [...path, { key: name, item: true }], stays)
    }
    const kept = (list: Named): string[] => list.map(({ name }) => name).filter((name) => [old, now].every((other) => other.some((item) => item.name === name)))
    if (!sameJson(kept(old), kept(now))) changes.push({ path, tokens: undefined, before: kept(old), after: kept(now) })
  }
  walk(before, after, [], [])
  return changes
}

type Named = readonly { readonly name: string }[]

const isNamed = (value: unknown): value is Named =>
  Array.isArray(value) && value.every((item) => isObject(item) && typeof item['name'] === 'string') && new Set(value.map((item: { name: string }) => item.name)).size === value.length

const hasMembers = (value: unknown): boolean => isObject(value) && Object.keys(value).length > 0
const keysOf = (value: unknown): string[] => (isObject(value) ? Object.keys(value) : [])
const member = (value: unknown, key: string): unknown => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined)

/** As if a patch had said so. */
export const touchesOf = (changes: readonly FieldChange[]): Touch[] =>
  changes.map(({ path, after: value }) => (value === undefined ? { path, kind: 'remove' } : typeof value === 'object' && value !== null ? { path, kind: 'whole' } : { path, kind: 'set', value }))
