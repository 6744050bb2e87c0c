/**
 * What the API server does to an object while decoding it: fill in defaults, drop nulls, drop unknown fields. The
 * controller does the same on read, since an object may have been stored before a default existed. Pure: nothing is
 * changed in place, and values of the wrong type pass through for validation to report. No npm here.
 */
import { isObject } from '../lib/json.ts'
import { isArraySchema, isMapSchema, isObjectSchema, joinField } from './walk.ts'
import type { CustomResource, ObjectSchema, StructuralSchema } from './structural.ts'

/**
 * `value` with the defaults of the schema. A member that is null counts as absent: it becomes its default, or is
 * dropped when it has none. A null inside a list or a map stays, and is a type error.
 */
export function applyDefaults(schema: StructuralSchema, value: unknown): unknown {
  if (isObjectSchema(schema)) return isObject(value) ? defaultMembers(schema, value) : value
  if (isMapSchema(schema)) return isObject(value) ? mapValues(value, (item) => applyDefaults(schema.additionalProperties, item)) : value
  if (isArraySchema(schema)) return Array.isArray(value) ? value.map((item) => applyDefaults(schema.items, item)) : value
  return value
}

function defaultMembers(schema: ObjectSchema, value: Record<string, unknown>): Record<string, unknown> {
  const members: [string, unknown][] = []
  for (const [name, member] of Object.entries(value)) {
    const property = propertyOf(schema, name)
    if (property === undefined) members.push([name, member])
    else if (member !== null) members.push([name, applyDefaults(property, member)])
  }
  for (const [name, property] of Object.entries(schema.properties)) {
    const absent = !Object.hasOwn(value, name) || value[name] === null
    if (absent && 'default' in property) members.push([name, applyDefaults(property, structuredClone(property.default))])
  }
  return Object.fromEntries(members)
}

/** `value` without the members that the schema does not know. */
export function prune(schema: StructuralSchema, value: unknown): unknown {
  if (isObjectSchema(schema)) {
    if (!isObject(value)) return value
    const known = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
      const property = propertyOf(schema, name)
      return property === undefined ? [] : [[name, prune(property, member)]]
    })
    return Object.fromEntries(known)
  }
  if (isMapSchema(schema)) return isObject(value) ? mapValues(value, (item) => prune(schema.additionalProperties, item)) : value
  if (isArraySchema(schema)) return Array.isArray(value) ? value.map((item) => prune(schema.items, item)) : value
  return value
}

/** Paths of the members that {@link prune} drops, outermost only. */
export function unknownFields(schema: StructuralSchema, value: unknown, path = ''): string[] {
  if (isObjectSchema(schema)) {
    if (!isObject(value)) return []
    return Object.entries(value).flatMap(([name, member]) => {
      const property = propertyOf(schema, name)
      return property === undefined ? [joinField(path, name)] : unknownFields(property, member, joinField(path, name))
    })
  }
  if (isMapSchema(schema)) {
    if (!isObject(value)) return []
    return Object.entries(value).flatMap(([key, item]) => unknownFields(schema.additionalProperties, item, joinField(path, key)))
  }
  if (isArraySchema(schema)) {
    if (!Array.isArray(value)) return []
    return value.flatMap((item, index) => unknownFields(schema.items, item, `${path}[${index}]`))
  }
  return []
}

/** The schema of a whole object but for `metadata`, which belongs to the API server. */
export const rootSchema = (resource: CustomResource): ObjectSchema => ({
  type: 'object',
  additionalProperties: false,
  required: ['spec'],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    spec: resource.spec,
    ...(resource.status !== undefined && { status: resource.status }),
  },
})

/** The whole object as the API server holds it after decoding: pruned, then defaulted. `metadata` is left as it is. */
export function decode(resource: CustomResource, object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const root = rootSchema(resource)
  const { metadata, ...rest } = object
  const members = defaultMembers(root, prune(root, rest) as Record<string, unknown>)
  return metadata === undefined ? members : { ...members, metadata }
}

const propertyOf = (schema: ObjectSchema, name: string): StructuralSchema | undefined =>
  Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined

// By entries, since assigning a key called __proto__ would lose it.
const mapValues = (value: Record<string, unknown>, change: (item: unknown) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]))
