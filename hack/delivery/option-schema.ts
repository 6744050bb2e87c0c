/** The options of the programs as values of the chart. */
import { DURATION_PATTERN, requireDuration } from '../../shared/lib/duration.ts'
import { seconds } from '../../shared/lib/time.ts'
import type { RecordField } from '../../shared/runtime/option-records.ts'
import type { OptionSpec } from '../../shared/runtime/options.ts'

type Schema = Readonly<Record<string, unknown>>

const duration: Schema = { type: 'string', pattern: DURATION_PATTERN }
const text = (pattern?: RegExp): Schema => ({ type: 'string', ...(pattern === undefined ? {} : { pattern: pattern.source }) })

/** Of strings: a file, an address, a URL. */
const OTHERS = ['/etc/other', '0.0.0.0:7777', 'http://other:7777'] as const

/** What values.yaml says: the option's default, as a person would write it. */
export const optionStandard = (spec: OptionSpec): unknown => spec.default

/** What the schema takes, and another value than the default that it takes. */
export function optionSchema(spec: OptionSpec): { readonly schema: Schema; readonly other: unknown } {
  switch (spec.type) {
    case 'string':
      return { schema: text(spec.pattern), other: OTHERS.find((other) => spec.pattern?.test(other) !== false) }
    case 'boolean':
      return { schema: { type: 'boolean' }, other: !spec.default }
    case 'integer':
    case 'number': {
      const bounds = { ...(spec.min === undefined ? {} : { minimum: spec.min }), ...(spec.max === undefined ? {} : { maximum: spec.max }) }
      return { schema: { type: spec.type, ...bounds }, other: (spec.default ?? 0) + 1 }
    }
    case 'duration':
      return { schema: duration, other: requireDuration('min', spec.min ?? '0s') > seconds(7) ? spec.max : '7s' }
    case 'choice':
      return { schema: { enum: spec.choices }, other: spec.choices.find((choice) => choice !== spec.default) }
    case 'list':
      return { schema: { type: 'array', items: text(spec.pattern) }, other: ['other'] }
    case 'records':
      return { schema: { type: 'array', maxItems: spec.most, items: recordSchema(spec.fields) }, other: [Object.fromEntries(spec.fields.filter(({ required }) => required === true).map(({ name }) => [name, name === 'url' ? 'http://prometheus:9090' : 'main']))] }
    default:
      return spec satisfies never
  }
}

const recordSchema = (fields: readonly RecordField[]): Schema => ({
  type: 'object',
  additionalProperties: false,
  required: fields.filter(({ required }) => required === true).map(({ name }) => name),
  properties: Object.fromEntries(fields.map((field) => [field.name, { description: field.doc, ...fieldSchema(field) }])),
})

function fieldSchema({ type, pattern }: RecordField): Schema {
  switch (type) {
    case 'string':
      return text(pattern)
    case 'boolean':
      return { type: 'boolean' }
    case 'duration':
      return duration
    case 'list':
      return { type: 'array', items: text(pattern) }
    default:
      return type satisfies never
  }
}
