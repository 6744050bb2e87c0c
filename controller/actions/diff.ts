/** What a dry run says would change, field by field. Pure. */
import { isObject, sameJson } from '../../shared/lib/json.ts'
import { printable } from '../../shared/lib/text.ts'
import { NAMED_LISTS, shown, type FieldPath } from '../../shared/rules/patches/paths.ts'
import type { Change } from './action.ts'
import { intentOf, pointer, type Intent } from './fields.ts'

export interface FieldChange {
  /** Items of lists with names by their name. */
  readonly path: FieldPath
  /** JSON pointer into the object, before and after; undefined: an item has moved, come or gone. */
  readonly pointer: string | undefined
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
    changes.push({ path, pointer: tokens && pointer(tokens), before: old, after: now })
  }
  const walkItems = (old: Named, now: Named, path: FieldPath, tokens: readonly (string | number)[] | undefined): void => {
    const names = new Set([...old, ...now].map(({ name }) => name))
    for (const name of names) {
      const [was, is] = [old.findIndex((item) => item.name === name), now.findIndex((item) => item.name === name)]
      const stays = was === is ? tokens && [...tokens, is] : undefined
      walk(old[was], now[is], [...path, { key: name, item: true }], stays)
    }
    const kept = (list: Named): string[] => list.map(({ name }) => name).filter((name) => [old, now].every((other) => other.some((item) => item.name === name)))
    if (!sameJson(kept(old), kept(now))) changes.push({ path, pointer: undefined, before: kept(old), after: kept(now) })
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

/** An environment may hold passwords, whatever its names say. */
export const isSecret = (path: FieldPath): boolean => path.some(({ key }) => key === 'env')

export const REDACTED = '(not shown)'

/** For people: printable, bounded, without secrets. */
export function told({ path, before, after }: Pick<FieldChange, 'path' | 'before' | 'after'>): Change {
  const text = (value: unknown): string => (isSecret(path) ? REDACTED : printable(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), 500))
  return { field: shown(path), ...(before === undefined ? {} : { oldValue: text(before) }), ...(after === undefined ? {} : { newValue: text(after) }) }
}

export const intended = ({ path, pointer: at, before, after }: FieldChange): Intent => intentOf(at ?? shown(path), before, after, at === undefined || isSecret(path) ? 'Secret' : 'Kept')
