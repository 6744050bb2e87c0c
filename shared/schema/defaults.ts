/**
 * What the API server does to an object while decoding it: fill in defaults, drop nulls, drop unknown fields. The
 * controller does the same on read, since an object may have been stored before a default existed. Pure: nothing is
 * changed in place, and values of the wrong type pass through for validation to report. No npm here.
 */
import { isObject, isScalar } from '../lib/json.ts'
import { remembered } from '../lib/remembered.ts'
import { isArraySchema, isMapSchema, isObjectSchema, itemSchema, joinField, knowsAll, memberSchema, unknownMembers, type UnknownField } from './walk.ts'
import type { CustomResource, ObjectSchema, StructuralSchema } from './structural.ts'

/**
 * `value` with the defaults of the schema. A member that is null counts as absent: it becomes its default, or is
 * dropped when it has none, and so is an entry of a map. A null inside a list stays, and is a type error. What lacks
 * nothing is the same object, as nearly always behind an API server.
 */
export function applyDefaults(schema: StructuralSchema, value: unknown): unknown {
  if (isObjectSchema(schema)) return isObject(value) ? defaultMembers(schema, value) : value
  if (isMapSchema(schema)) {
    if (!isObject(value)) return value
    // A label selector of which every value is null is an empty selector after this: rules must judge what is left.
    return mapEntries(value, (item) => (item === null ? DROPPED : applyDefaults(schema.additionalProperties, item)))
  }
  return isArraySchema(schema) && Array.isArray(value) ? mapItems(value, (item) => applyDefaults(schema.items, item)) : value
}

function defaultMembers(schema: ObjectSchema, value: Record<string, unknown>): Record<string, unknown> {
  const members = mapEntries(value, (member, name) => {
    const property = memberSchema(schema, name)
    if (property === undefined) return member
    return member === null ? DROPPED : applyDefaults(property, member)
  })
  const missing = withDefault(schema).filter(([name]) => !Object.hasOwn(members, name))
  if (missing.length === 0) return members
  const completed = { ...members }
  // By then null has become absent. No property of ours is called __proto__.
  for (const [name, property] of missing) completed[name] = isScalar(property.default) ? property.default : applyDefaults(property, structuredClone(property.default))
  return completed
}

type Defaulted = StructuralSchema & { readonly default: unknown }
const hasDefault = (entry: [string, StructuralSchema]): entry is [string, Defaulted] => 'default' in entry[1]
/** Worked out once per schema: a review goes through it many times. */
const withDefault = remembered(({ properties }: ObjectSchema) => Object.entries(properties).filter(hasDefault))

/**
 * `value` without the members that the schema does not know. As on the API server the value leads: where an object
 * stands in place of a list or a string, none of its members is known.
 */
export const prune = (schema: StructuralSchema | undefined, value: unknown): unknown => (knowsAll(schema, value) ? value : pruned(schema, value))

function pruned(schema: StructuralSchema | undefined, value: unknown): unknown {
  if (Array.isArray(value)) return mapItems(value, (item) => pruned(itemSchema(schema), item))
  if (!isObject(value)) return value
  return mapEntries(value, (member, name) => {
    const known = memberSchema(schema, name)
    return known === undefined ? DROPPED : pruned(known, member)
  })
}

/** Paths of the members that {@link prune} drops, outermost only. */
export const unknownFields = (schema: StructuralSchema | undefined, value: unknown): string[] => Array.from(unknownMembers(schema, value), ({ path }) => path)

/** The schema of a whole object but for `metadata`, which belongs to the API server. */
export const rootSchema = remembered(
  (resource: CustomResource): ObjectSchema => ({
    type: 'object',
    additionalProperties: false,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      spec: resource.spec,
      ...(resource.status !== undefined && { status: resource.status }),
    },
  }),
)

/** The whole object as the API server holds it after decoding: pruned, then defaulted. `metadata` is left as it is. */
export function decode(resource: CustomResource, object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const root = rootSchema(resource)
  const { metadata, ...rest } = object
  const members = defaultMembers(root, prune(root, rest) as Record<string, unknown>)
  return metadata === undefined ? members : { ...members, metadata }
}

/** Members of `metadata` that the API server knows. */
export const METADATA_FIELDS: ReadonlySet<string> = new Set([
  'name', 'generateName', 'namespace', 'labels', 'annotations', 'finalizers', 'ownerReferences', 'managedFields', 'selfLink',
  'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds',
])

/** Fields of a whole object that the API server does not know: refused by strict validation (kubectl's default), else dropped in silence. */
export function* unknownInObject(resource: CustomResource, { metadata, ...rest }: Readonly<Record<string, unknown>>): Generator<UnknownField> {
  if (isObject(metadata)) {
    const known = [...METADATA_FIELDS]
    for (const name of Object.keys(metadata)) if (!METADATA_FIELDS.has(name)) yield { path: joinField('metadata', name), name, beside: metadata, known }
  }
  yield* unknownMembers(rootSchema(resource), rest)
}

/** Whether there is none. */
export const isKnown = (resource: CustomResource, object: Readonly<Record<string, unknown>>): boolean => {
  const root = rootSchema(resource)
  return Object.keys(object).every((name) => {
    const member = object[name]
    if (name === 'metadata') return !isObject(member) || Object.keys(member).every((inside) => METADATA_FIELDS.has(inside))
    const schema = memberSchema(root, name)
    return schema !== undefined && knowsAll(schema, member)
  })
}

/** Their paths. */
export const unknownObjectFields = (resource: CustomResource, object: Readonly<Record<string, unknown>>): string[] => Array.from(unknownInObject(resource, object), ({ path }) => path)

/** In place of a member that is left out. */
const DROPPED = Symbol('dropped')

/** The same object when nothing changes. */
function mapEntries(value: Record<string, unknown>, change: (item: unknown, key: string) => unknown): Record<string, unknown> {
  const keys = Object.keys(value)
  const changed = keys.map((key) => change(value[key], key))
  if (keys.every((key, index) => changed[index] === value[key])) return value
  const members: Record<string, unknown> = {}
  for (const [index, key] of keys.entries()) {
    const member = changed[index]
    if (member === DROPPED) continue
    // Assigning it would set the prototype.
    if (key === '__proto__') Object.defineProperty(members, key, { value: member, enumerable: true, configurable: true, writable: true })
    else members[key] = member
  }
  return members
}

/** The same list when nothing changes. */
function mapItems(value: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const items = value.map(change)
  return items.every((item, index) => item === value[index]) ? value : items
}
