/**
 * The shape that rules may rely on: types, required members, enums and list bounds of the schema literal. The API
 * server has checked all of it before it calls the door, and more; but a review can come from anywhere, and a stored
 * object can be older than the schema.
 */
import { isObject } from '../lib/json.ts'
import { remembered } from '../lib/remembered.ts'
import { quoted } from '../lib/text.ts'
import type { ArraySchema, MapSchema, ObjectSchema, StructuralSchema } from '../schema/structural.ts'
import { isIntOrStringSchema } from '../schema/walk.ts'

export interface ShapeProblem {
  readonly path: string
  readonly what: string
}

/** Beyond this many the object is garbage, and more of them help nobody. */
const MOST_PROBLEMS = 50

/** Problems in the order of the schema; empty when the value has the shape. Never throws. */
export function shapeProblems(schema: StructuralSchema, value: unknown, path: string): ShapeProblem[] {
  const problems: ShapeProblem[] = []
  walk(schema, value, path, problems)
  return problems
}

function walk(schema: StructuralSchema, value: unknown, path: string, problems: ShapeProblem[]): void {
  if (problems.length >= MOST_PROBLEMS) return
  const what = schema.type === 'object' || schema.type === 'array' ? inside(schema, value, path, problems) : scalarProblem(schema, value)
  if (what !== undefined) problems.push({ path, what })
}

/** @returns what is wrong with the value itself; its members and items tell for themselves */
function inside(schema: ObjectSchema | MapSchema | ArraySchema, value: unknown, path: string, problems: ShapeProblem[]): string | undefined {
  if (schema.type === 'object') {
    if (!isObject(value)) return `must be an object, not ${described(value)}`
    return 'properties' in schema ? walkMembers(schema, value, path, problems) : walkEntries(schema, value, path, problems)
  }
  if (!Array.isArray(value)) return `must be a list, not ${described(value)}`
  if (value.length < (schema.minItems ?? 0)) return `needs at least ${schema.minItems}`
  if (value.length > schema.maxItems) return `may have at most ${schema.maxItems} items, not ${value.length}`
  for (const [index, item] of value.entries()) walk(schema.items, item, `${path}[${index}]`, problems)
  return undefined
}

function walkEntries({ additionalProperties, maxProperties }: MapSchema, value: Record<string, unknown>, path: string, problems: ShapeProblem[]): string | undefined {
  const entries = Object.entries(value)
  if (entries.length > maxProperties) return `may have at most ${maxProperties} entries`
  for (const [key, item] of entries) walk(additionalProperties, item, `${path}[${quoted(key)}]`, problems)
  return undefined
}

/** Worked out once per schema. */
const membersOf = remembered(({ properties, required = [] }: ObjectSchema) =>
  // Defaults were added before: a member that has one and is absent is as missing as a required one.
  Object.entries(properties).map(([name, child]) => ({ name, child, needed: required.includes(name) || 'default' in child })),
)

function walkMembers(schema: ObjectSchema, value: Record<string, unknown>, path: string, problems: ShapeProblem[]): undefined {
  for (const { name, child, needed } of membersOf(schema)) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined
    if (member === undefined && !needed) continue
    const at = path === '' ? name : `${path}.${name}`
    if (member === undefined) problems.push({ path: at, what: 'is missing' })
    else walk(child, member, at, problems)
  }
}

type ScalarSchema = Exclude<StructuralSchema, ObjectSchema | MapSchema | ArraySchema>

function scalarProblem(schema: ScalarSchema, value: unknown): string | undefined {
  if (isIntOrStringSchema(schema)) {
    const fits = typeof value === 'string' ? value.length <= 2 * schema.maxLength : Number.isSafeInteger(value)
    return fits ? undefined : `must be a whole number, or a string of at most ${schema.maxLength} characters`
  }
  switch (schema.type) {
    case 'string':
      if (typeof value !== 'string') return `must be a string, not ${described(value)}`
      if (schema.enum !== undefined && !schema.enum.includes(value)) return `must be one of ${schema.enum.join(', ')}, not ${quoted(value)}`
      return value.length > 2 * (schema.maxLength ?? 1024) ? `may have at most ${schema.maxLength ?? 1024} characters` : undefined
    case 'integer':
      return Number.isSafeInteger(value) ? undefined : `must be a whole number, not ${described(value)}`
    case 'number':
      return Number.isFinite(value) ? undefined : `must be a number, not ${described(value)}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `must be true or false, not ${described(value)}`
    default:
      return schema satisfies never
  }
}

function described(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return quoted(value)
  return typeof value === 'number' || typeof value === 'boolean' ? `${value}` : 'an object'
}
