/** Which field of the schema an unknown one was meant to be. */
import { nearest } from '../../shared/lib/text.ts'
import { rootSchema } from '../../shared/schema/defaults.ts'
import type { CustomResource, StructuralSchema } from '../../shared/schema/structural.ts'
import { isArraySchema, isMapSchema, isObjectSchema } from '../../shared/schema/walk.ts'

/** The names that the schema knows beside the unknown one. */
export function siblings(resource: CustomResource, path: string): readonly string[] {
  const parts = path.split(/\.|(?=\[[0-9]+\])/)
  let schema: StructuralSchema | undefined = rootSchema(resource)
  for (const part of parts.slice(0, -1)) {
    schema = schema === undefined ? undefined : childOf(schema, part)
  }
  return schema !== undefined && isObjectSchema(schema) ? Object.keys(schema.properties) : []
}

function childOf(schema: StructuralSchema, part: string): StructuralSchema | undefined {
  if (isArraySchema(schema)) return /^\[[0-9]+\]$/.test(part) ? schema.items : undefined
  if (isObjectSchema(schema)) return Object.hasOwn(schema.properties, part) ? schema.properties[part] : undefined
  return isMapSchema(schema) ? schema.additionalProperties : undefined
}

export const lastName = (path: string): string => path.slice(path.lastIndexOf('.') + 1)

/** Its name alone; undefined where none is near. */
export const nearestField = (resource: CustomResource, path: string): string | undefined => nearest(lastName(path), siblings(resource, path))[0]
