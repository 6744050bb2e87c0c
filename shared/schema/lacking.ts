/** Fields that one schema has and another has not. Pure. */
import { isObject } from '../lib/json.ts'

/**
 * The first field of `wanted` that whoever has `found` drops, as people write it: `spec.triggers[].type`. Only names count: descriptions,
 * bounds and defaults may differ, and `found` may know more.
 */
export function firstLacking(wanted: unknown, found: unknown, path = ''): string | undefined {
  if (!isObject(wanted)) return undefined
  const there = isObject(found) ? found : {}
  if (there['x-kubernetes-preserve-unknown-fields'] === true) return undefined
  const { properties: ours, items, additionalProperties: values } = wanted
  const theirs = there['properties']
  for (const [name, schema] of Object.entries(isObject(ours) ? ours : {})) {
    const at = path === '' ? name : `${path}.${name}`
    if (!isObject(theirs) || !Object.hasOwn(theirs, name)) return at
    const inner = firstLacking(schema, theirs[name], at)
    if (inner !== undefined) return inner
  }
  return firstLacking(items, there['items'], `${path}[]`) ?? firstLacking(values, there['additionalProperties'], `${path}.*`)
}
