/** Values generated from a schema literal: of the right shape everywhere, near the bounds often. */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { TIME_PATTERN } from '../../api/v1alpha1/fields.ts'
import { DURATION_PATTERN } from '../../lib/duration.ts'
import { LABEL_KEY_PATTERN } from '../../lib/label-syntax.ts'
import type { ArraySchema, ObjectSchema, StringSchema, StructuralSchema } from '../../schema/structural.ts'
import { isArraySchema, isIntOrStringSchema, isMapSchema, isObjectSchema } from '../../schema/walk.ts'

/** Few names, so that they repeat, and refer to each other. */
const NAMES = ['a', 'b', 'crash', 'cart-0', 'x1', 'a'.repeat(63)] as const
const DURATIONS = ['0s', '1ms', '999ms', '1s', '1000ms', '30s', '1m30s', '1.5h', '4h', '4h1ms', '24h', '24h0.0001ms', '24h1s', '720h', '721h', '999999h', '0.5s'] as const
const LABEL_KEYS = ['app', 'app.kubernetes.io/name', 'tier', 'x'] as const
const TIMES = ['2030-01-01T00:00:00Z', '2030-01-01T00:00:00.000Z', '2024-02-29T23:59:59.999Z', '1999-12-31T00:00:00+02:00'] as const

export function fromSchema(schema: StructuralSchema): Arbitrary<unknown> {
  if (isObjectSchema(schema)) return objects(schema)
  if (isMapSchema(schema)) {
    const keys = fc.constantFrom(...LABEL_KEYS)
    return fc.dictionary(keys, fromSchema(schema.additionalProperties), { maxKeys: Math.min(3, schema.maxProperties), noNullPrototype: true })
  }
  if (isArraySchema(schema)) return arrays(schema)
  if (isIntOrStringSchema(schema)) {
    const { minimum = 0, maximum = 2 ** 31 - 1, minLength = 0, maxLength } = schema
    return fc.oneof(fc.constantFrom(minimum, 1, maximum), fc.constantFrom('1', '20%', 'x'.repeat(maxLength)).filter((text) => text.length >= minLength))
  }
  switch (schema.type) {
    case 'string':
      return strings(schema)
    case 'integer': {
      const { minimum = 0, maximum = 2 ** 31 - 1 } = schema
      return fc.oneof(fc.integer({ min: minimum, max: Math.min(maximum, minimum + 9) }), fc.constantFrom(minimum, maximum))
    }
    case 'number': {
      const { minimum = -(2 ** 31), maximum = 2 ** 31 } = schema
      return fc.oneof(fc.constantFrom(0, 1, 90, 0.5, -1, 99.9).filter((n) => n >= minimum && n <= maximum), fc.constantFrom(minimum, maximum))
    }
    case 'boolean':
      return fc.boolean()
    default:
      return schema satisfies never
  }
}

function objects(schema: ObjectSchema): Arbitrary<unknown> {
  const members = Object.fromEntries(Object.entries(schema.properties).map(([name, property]) => [name, fromSchema(property)]))
  return fc.record(members, { requiredKeys: [...(schema.required ?? [])], noNullPrototype: true })
}

function arrays(schema: ArraySchema): Arbitrary<unknown> {
  const length = { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems, Math.max(schema.minItems ?? 0, 3)) }
  const items = fromSchema(schema.items)
  const [key] = schema['x-kubernetes-list-map-keys'] ?? []
  if (key !== undefined) return fc.uniqueArray(items, { ...length, selector: (item) => (item as Record<string, unknown>)[key] })
  return schema['x-kubernetes-list-type'] === 'set' ? fc.uniqueArray(items, length) : fc.array(items, length)
}

function strings(schema: StringSchema): Arbitrary<string> {
  const { pattern, maxLength = 64, minLength = 0 } = schema
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (pattern === TIME_PATTERN) return fc.constantFrom(...TIMES)
  if (pattern === DURATION_PATTERN) return fc.constantFrom(...DURATIONS)
  if (pattern === LABEL_KEY_PATTERN) return fc.constantFrom(...LABEL_KEYS)
  if (pattern === undefined) {
    // A grapheme may be several of the code points that the schema counts.
    const text = fc.string({ minLength, maxLength: Math.min(maxLength, 12), unit: 'grapheme' }).filter((value) => Array.from(value).length <= maxLength)
    return fc.oneof(text, fc.constant('x'.repeat(maxLength)))
  }
  const whole = new RegExp(pattern, 'u')
  const fits = (text: string): boolean => whole.test(text) && text.length >= minLength && text.length <= maxLength
  const common = [...NAMES, 'v1', 'apps/v1', 'Pod', 'Deployment'].filter(fits)
  const matching = fc.stringMatching(new RegExp(pattern), { maxLength: Math.min(maxLength, 20) }).filter(fits)
  return common.length === 0 ? matching : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...common) }, matching)
}
