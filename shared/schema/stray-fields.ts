/** Fields that a schema does not know, with the one that was probably meant. Pure, and bounded for hostile input. */
import { isObject, isShallow } from '../lib/json.ts'
import { nearest } from '../lib/text.ts'
import { METADATA_FIELDS, rootSchema } from './defaults.ts'
import type { CustomResource, StructuralSchema } from './structural.ts'
import { isArraySchema, isMapSchema, isObjectSchema, joinField, schemaNodes } from './walk.ts'

export interface StrayField {
  /** As the user wrote it: `spec.triggers[0].cooldown`. */
  readonly path: string
  /** What is known in its place under a name like it, or under its name in another place; as a path, indices left open. */
  readonly nearest?: string
}

/** Deeper than any schema of ours: what lies below came from no API server. */
const DEEPEST = 32
const MOST = 50

/** The outermost ones, in the order of the object; the first 50. None of what is nested without end. */
export function strayFields(resource: CustomResource, object: unknown): readonly StrayField[] {
  if (!isObject(object) || !isShallow(object, DEEPEST)) return []
  const root = rootSchema(resource)
  const all: StrayField[] = []
  for (const field of outermost(root, object)) {
    if (all.push(field.nearest === undefined ? { ...field, ...elsewhere(root, field.path) } : field) === MOST) break
  }
  return all
}

/** One after the other: of a hundred thousand only the first are looked at. */
function* outermost(root: StructuralSchema, { metadata, ...rest }: Readonly<Record<string, unknown>>): Generator<StrayField> {
  if (isObject(metadata)) for (const name of Object.keys(metadata)) if (!METADATA_FIELDS.has(name)) yield stray('metadata', name, [...METADATA_FIELDS])
  yield* walk(root, rest, '')
}

function stray(path: string, name: string, known: readonly string[]): StrayField {
  const [near] = nearest(name, known)
  return { path: joinField(path, name), ...(near === undefined ? {} : { nearest: joinField(path, near) }) }
}

/** As the API server prunes: the value leads, and where the schema is of another shape no member is known. */
function* walk(schema: StructuralSchema | undefined, value: unknown, path: string): Generator<StrayField> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* walk(schema !== undefined && isArraySchema(schema) ? schema.items : undefined, item, `${path}[${index}]`)
    return
  }
  if (!isObject(value)) return
  const properties = schema !== undefined && isObjectSchema(schema) ? schema.properties : {}
  for (const [name, member] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : schema !== undefined && isMapSchema(schema) ? schema.additionalProperties : undefined
    if (known === undefined) yield stray(path, name, Object.keys(properties))
    else yield* walk(known, member, joinField(path, name))
  }
}

/** A field of the same name that stands in one other place only. */
function elsewhere(root: StructuralSchema, path: string): Pick<StrayField, 'nearest'> {
  const name = path.slice(path.lastIndexOf('.') + 1)
  const places = [...schemaNodes(root)].map((node) => node.path).filter((known) => known.startsWith('spec.') && known.endsWith(`.${name}`))
  const [only] = places
  return only === undefined || places.length > 1 ? {} : { nearest: only }
}
