/** Duplicates in lists of type set and map, as the API server finds them. */
import { isObject, sameJson } from '../lib/json.ts'
import { printable } from '../lib/text.ts'
import type { Issue } from './issue.ts'
import type { ArraySchema, StructuralSchema } from './structural.ts'
import { isArraySchema, places } from './walk.ts'

/** One issue for each item that repeats an earlier one. */
export function duplicateIssues(schema: StructuralSchema, value: unknown, path = ''): Issue[] {
  const issues: Issue[] = []
  for (const place of places(schema, value, path)) {
    if (!isArraySchema(place.schema) || !Array.isArray(place.value)) continue
    const identity = identityOf(place.schema)
    if (identity === undefined) continue
    const seen: unknown[] = []
    for (const [index, item] of place.value.entries()) {
      const key = identity(item)
      if (key === undefined) continue
      if (seen.some((other) => sameJson(other, key))) {
        const message = `repeats ${printable(JSON.stringify(key))}, which must be unique in the list`
        issues.push({ kind: 'KS001', path: `${place.path}[${index}]`, message, stopsCel: false })
      } else {
        seen.push(key)
      }
    }
  }
  return issues
}

/** What makes an item the same as another; undefined for a list in which everything may repeat. */
function identityOf(schema: ArraySchema): ((item: unknown) => unknown) | undefined {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return (item) => item
    case 'map':
      // An item without its key is reported as such, not as a duplicate of another one without.
      return (item) => (isObject(item) && keys.every((key) => Object.hasOwn(item, key)) ? Object.fromEntries(keys.map((key) => [key, item[key]])) : undefined)
    case 'atomic':
    case undefined:
      return undefined
    default:
      return schema['x-kubernetes-list-type'] satisfies never
  }
}
