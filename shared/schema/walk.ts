/** Going down a structural schema, alone or together with a value. No npm: the controller's pure rooms use it. */
import { isObject, isScalar } from '../lib/json.ts'
import type { ArraySchema, IntOrStringSchema, MapSchema, ObjectSchema, StructuralSchema } from './structural.ts'

export const isObjectSchema = (schema: StructuralSchema): schema is ObjectSchema => schema.type === 'object' && 'properties' in schema
export const isMapSchema = (schema: StructuralSchema): schema is MapSchema => schema.type === 'object' && !('properties' in schema)
export const isIntOrStringSchema = (schema: StructuralSchema): schema is IntOrStringSchema => 'x-kubernetes-int-or-string' in schema
export const isArraySchema = (schema: StructuralSchema): schema is ArraySchema => schema.type === 'array'

/** Of an item of a list. Undefined where a value has no place in the schema, as everything below it. */
export const itemSchema = (schema: StructuralSchema | undefined): StructuralSchema | undefined => (schema !== undefined && isArraySchema(schema) ? schema.items : undefined)

/** Of a member of an object, or of an entry of a map. */
export function memberSchema(schema: StructuralSchema | undefined, name: string): StructuralSchema | undefined {
  if (schema === undefined) return undefined
  if (isObjectSchema(schema)) return Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
  return isMapSchema(schema) ? schema.additionalProperties : undefined
}

/** A member that the schema of its place does not know. */
export interface UnknownField {
  readonly path: string
  readonly name: string
  /** What stands in the same object. */
  readonly beside: Readonly<Record<string, unknown>>
  /** What the schema knows there. */
  readonly known: readonly string[]
}

/** The outermost ones, one after the other: of a hundred thousand nobody has to look at more than the first. As the API server prunes, the value leads. */
export function* unknownMembers(schema: StructuralSchema | undefined, value: unknown, path = ''): Generator<UnknownField> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* unknownMembers(itemSchema(schema), item, `${path}[${index}]`)
    return
  }
  if (!isObject(value)) return
  const known = schema !== undefined && isObjectSchema(schema) ? Object.keys(schema.properties) : []
  for (const [name, member] of Object.entries(value)) {
    const below = memberSchema(schema, name)
    if (below === undefined) yield { path: joinField(path, name), name, beside: value, known }
    else yield* unknownMembers(below, member, joinField(path, name))
  }
}

/** Whether there is none of them, as nearly always; it takes a tenth of the time. No deeper than the schema, whatever the value is. */
export function knowsAll(schema: StructuralSchema | undefined, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) {
    const items = itemSchema(schema)
    return value.every(items === undefined ? isScalar : (item) => knowsAll(items, item))
  }
  return Object.keys(value).every((name) => {
    const below = memberSchema(schema, name)
    return below !== undefined && knowsAll(below, (value as Record<string, unknown>)[name])
  })
}

/** A shallow copy of the node as plain JSON, with each child schema replaced by what `child` makes of it. */
export function mapChildren(schema: StructuralSchema, child: (schema: StructuralSchema) => unknown): Record<string, unknown> {
  if (isObjectSchema(schema)) {
    const properties = Object.fromEntries(Object.entries(schema.properties).map(([name, property]) => [name, child(property)]))
    return { ...schema, properties }
  }
  if (isMapSchema(schema)) return { ...schema, additionalProperties: child(schema.additionalProperties) }
  if (isArraySchema(schema)) return { ...schema, items: child(schema.items) }
  return { ...schema }
}

/** Every node of the schema with its path (`triggers[].name`, `matchLabels.*`), parents before children. */
export function* schemaNodes(schema: StructuralSchema, path = ''): Generator<{ readonly path: string; readonly schema: StructuralSchema }> {
  yield { path, schema }
  if (isObjectSchema(schema)) {
    for (const [name, property] of Object.entries(schema.properties)) yield* schemaNodes(property, joinField(path, name))
  } else if (isMapSchema(schema)) {
    yield* schemaNodes(schema.additionalProperties, joinField(path, '*'))
  } else if (isArraySchema(schema)) {
    yield* schemaNodes(schema.items, `${path}[]`)
  }
}

/** The schema with nothing left in it but what is wanted and the ways there; undefined when nothing is. */
export function narrowed(schema: StructuralSchema, wanted: (schema: StructuralSchema) => boolean): StructuralSchema | undefined {
  if (wanted(schema)) return schema
  if (isObjectSchema(schema)) {
    const properties = Object.entries(schema.properties).flatMap(([name, property]): [string, StructuralSchema][] => {
      const left = narrowed(property, wanted)
      return left === undefined ? [] : [[name, left]]
    })
    return properties.length === 0 ? undefined : { ...schema, properties: Object.fromEntries(properties) }
  }
  if (isMapSchema(schema)) {
    const additionalProperties = narrowed(schema.additionalProperties, wanted)
    return additionalProperties && { ...schema, additionalProperties }
  }
  const items = isArraySchema(schema) ? narrowed(schema.items, wanted) : undefined
  return items && { ...(schema as ArraySchema), items }
}

/** A value beside the schema of its place, and beside what stood there before (undefined: nothing that can be compared). */
export interface Place {
  readonly path: string
  readonly schema: StructuralSchema
  readonly value: unknown
  readonly old: unknown
}

/** Every value that the schema knows, parents before children. Members that are absent or of the wrong type end the way. */
export function* places(schema: StructuralSchema, value: unknown, path = '', old?: unknown): Generator<Place> {
  yield { path, schema, value, old }
  if (isObjectSchema(schema)) {
    if (!isObject(value)) return
    for (const [name, property] of Object.entries(schema.properties)) {
      if (!Object.hasOwn(value, name)) continue
      yield* places(property, value[name], joinField(path, name), isObject(old) ? old[name] : undefined)
    }
  } else if (isMapSchema(schema)) {
    if (!isObject(value)) return
    for (const [key, item] of Object.entries(value)) {
      yield* places(schema.additionalProperties, item, joinField(path, key), isObject(old) ? old[key] : undefined)
    }
  } else if (isArraySchema(schema)) {
    if (!Array.isArray(value)) return
    for (const [index, item] of value.entries()) yield* places(schema.items, item, `${path}[${index}]`, sameItem(schema, item, old))
  }
}

/** Whether `wanted` is true somewhere; much sooner told than where. */
export function isSomewhere(schema: StructuralSchema, value: unknown, wanted: (schema: StructuralSchema, value: unknown) => boolean): boolean {
  if (wanted(schema, value)) return true
  if (Array.isArray(value)) return isArraySchema(schema) && value.some((item) => isSomewhere(schema.items, item, wanted))
  if (!isObject(value)) return false
  return Object.keys(value).some((name) => {
    const below = memberSchema(schema, name)
    return below !== undefined && isSomewhere(below, value[name], wanted)
  })
}

/** Only items of a list map have an identity: an atomic list or a set tells nothing about which item was which. */
function sameItem(schema: ArraySchema, item: unknown, old: unknown): unknown {
  const keys = schema['x-kubernetes-list-map-keys']
  if (schema['x-kubernetes-list-type'] !== 'map' || keys === undefined || !Array.isArray(old) || !isObject(item)) return undefined
  return old.find((other) => isObject(other) && keys.every((key) => other[key] === item[key]))
}

export const joinField = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)
