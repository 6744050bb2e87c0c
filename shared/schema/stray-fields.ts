/** Fields that a schema does not know, with the one that was probably meant. Pure, and bounded for hostile input. */
import { isObject, isShallow } from '../lib/json.ts'
import { nearest } from '../lib/text.ts'
import { isKnown, rootSchema, unknownInObject } from './defaults.ts'
import type { CustomResource, StructuralSchema } from './structural.ts'
import { schemaNodes, type UnknownField } from './walk.ts'

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
  if (!isObject(object) || isKnown(resource, object) || !isShallow(object, DEEPEST)) return []
  const root = rootSchema(resource)
  return Array.from(unknownInObject(resource, object).take(MOST), (field) => ({ path: field.path, ...(beside(field) ?? elsewhere(root, field.name)) }))
}

function beside({ path, name, known }: UnknownField): Pick<StrayField, 'nearest'> | undefined {
  const [near] = nearest(name, known)
  return near === undefined ? undefined : { nearest: `${path.slice(0, path.length - name.length)}${near}` }
}

/** A field of the same name that stands in one other place only. */
function elsewhere(root: StructuralSchema, name: string): Pick<StrayField, 'nearest'> {
  const places = [...schemaNodes(root)].map((node) => node.path).filter((known) => known.startsWith('spec.') && known.endsWith(`.${name}`))
  const [only] = places
  return only === undefined || places.length > 1 ? {} : { nearest: only }
}
