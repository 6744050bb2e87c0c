/** Duplicates in lists of type set and map, as the API server finds them. */
import { isObject, sameJson } from '../lib/json.ts'
import { quoted } from '../lib/text.ts'
import type { Issue } from './issue.ts'
import type { ArraySchema, StructuralSchema } from './structural.ts'
import { isArraySchema, places } from './walk.ts'

/** One issue for each value that comes more than once, at its first repetition. */
export function duplicateIssues(schema: StructuralSchema, value: unknown, path = ''): Issue[] {
  const issues: Issue[] = []
  for (const place of places(schema, value, path)) {
    if (!isArraySchema(place.schema) || !Array.isArray(place.value)) continue
    const identity = identityOf(place.schema, place.value)
    if (identity === undefined) continue
    const seen: { readonly key: unknown; repeated: boolean }[] = []
    for (const [index, item] of place.value.entries()) {
      const key = identity(item)
      const earlier = seen.find((other) => sameJson(other.key, key))
      if (earlier === undefined) {
        seen.push({ key, repeated: false })
      } else if (!earlier.repeated) {
        earlier.repeated = true
        const message = `repeats ${shown(key)}, which may come once in the list`
        issues.push({ kind: 'KS001', path: `${place.path}[${index}]`, message, stopsCel: false })
      }
    }
  }
  return issues
}

const shown = (key: unknown): string => (Array.isArray(key) ? key : [key]).map((part: unknown) => quoted(typeof part === 'string' ? part : JSON.stringify(part ?? null))).join(', ')

/** What makes an item the same as another; undefined where everything may repeat. */
function identityOf(schema: ArraySchema, items: readonly unknown[]): ((item: unknown) => unknown) | undefined {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return (item) => item
    case 'map':
      // An item that is no object ends the search, as on the API server. Items without the key count as equal.
      return items.every(isObject) ? (item) => keys.map((key) => (isObject(item) ? item[key] : undefined)) : undefined
    case 'atomic':
    case undefined:
      return undefined
    default:
      return schema['x-kubernetes-list-type'] satisfies never
  }
}
