/**
 * The shape that rules may rely on: types, required members, enums and list bounds of the schema literal. The API
 * server has checked all of it before it calls the door, and more; but a review can come from anywhere, and a stored
 * object can be older than the schema.
 */
import { isObject } from '../lib/json.ts'
import { quoted } from '../lib/text.ts'
import type { StructuralSchema } from '../schema/structural.ts'

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
  const wrong = (what: string): void => void problems.push({ path, what })
  switch (schema.type) {
    case 'object':
      if (!isObject(value)) return wrong(`must be an object, not ${described(value)}`)
      return walkMembers(schema, value, path, problems)
    case 'array':
      if (!Array.isArray(value)) return wrong(`must be a list, not ${described(value)}`)
      if (value.length < (schema.minItems ?? 0)) return wrong(`needs at least ${schema.minItems}`)
      if (value.length > schema.maxItems) return wrong(`may have at most ${schema.maxItems} items, not ${value.length}`)
      for (const [index, item] of value.entries()) walk(schema.items, item, `${path}[${index}]`, problems)
      return undefined
    case 'string':
      if (typeof value !== 'string') return wrong(`must be a string, not ${described(value)}`)
      if (schema.enum !== undefined && !schema.enum.includes(value)) return wrong(`must be one of ${schema.enum.join(', ')}, not ${quoted(value)}`)
      if (value.length > 2 * (schema.maxLength ?? 1024)) return wrong(`may have at most ${schema.maxLength ?? 1024} characters`)
      return undefined
    case 'integer':
      return Number.isSafeInteger(value) ? undefined : wrong(`must be a whole number, not ${described(value)}`)
    case 'number':
      return Number.isFinite(value) ? undefined : wrong(`must be a number, not ${described(value)}`)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : wrong(`must be true or false, not ${described(value)}`)
    default:
      return schema satisfies never
  }
}

function walkMembers(schema: Extract<StructuralSchema, { type: 'object' }>, value: Record<string, unknown>, path: string, problems: ShapeProblem[]): void {
  if (!('properties' in schema)) {
    const entries = Object.entries(value)
    if (entries.length > schema.maxProperties) return void problems.push({ path, what: `may have at most ${schema.maxProperties} entries` })
    for (const [key, item] of entries) walk(schema.additionalProperties, item, `${path}[${quoted(key)}]`, problems)
    return
  }
  for (const [name, child] of Object.entries(schema.properties)) {
    const at = path === '' ? name : `${path}.${name}`
    const member = Object.hasOwn(value, name) ? value[name] : undefined
    if (member !== undefined) walk(child, member, at, problems)
    // Defaults were added before: a member that has one and is absent is as missing as a required one.
    else if (schema.required?.includes(name) === true || 'default' in child) problems.push({ path: at, what: 'is missing' })
  }
}

function described(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return quoted(value)
  return typeof value === 'number' || typeof value === 'boolean' ? `${value}` : 'an object'
}
