/** From what a flag or a configuration file holds to a typed value, or what is wrong with it. */
import { formatDuration, parseDuration } from '../lib/duration.ts'
import { nearest, quoted } from '../lib/text.ts'
import type { Millis } from '../lib/time.ts'
import { readRecords, type OptionRecord } from './option-records.ts'
import type { OptionSpec } from './options.ts'

export type OptionValue = string | boolean | number | readonly string[] | readonly OptionRecord[]
export type Read = { readonly value: OptionValue } | { readonly problem: string }

/** `raw` is a string (flag, default) or what YAML made of it. */
export function readValue(spec: OptionSpec, raw: unknown): Read {
  switch (spec.type) {
    case 'string':
      if (typeof raw !== 'string') return { problem: 'must be a string' }
      return spec.pattern?.test(raw) !== false && spec.holds?.(raw) !== false ? { value: raw } : { problem: `${spec.hidden === true ? 'it' : quoted(raw)} is not ${spec.format}` }
    case 'boolean':
      if (raw === true || raw === 'true') return { value: true }
      return raw === false || raw === 'false' ? { value: false } : { problem: 'must be true or false' }
    case 'integer':
    case 'number':
      return readNumber(spec, raw)
    case 'duration':
      return readDuration(spec, raw)
    case 'choice':
      return readChoice(spec.choices, raw)
    case 'list':
      if (!Array.isArray(raw) || !raw.every((item) => typeof item === 'string')) return { problem: 'must be a list of strings' }
      return readList(spec, raw)
    case 'records':
      return readRecords(spec, raw)
    default:
      return spec satisfies never
  }
}

function readList({ pattern, format }: OptionSpec & { readonly type: 'list' }, raw: readonly string[]): Read {
  const items = raw.map((item) => item.trim()).filter((item) => item !== '')
  const wrong = items.filter((item) => pattern?.test(item) === false)
  return wrong.length === 0 ? { value: Object.freeze(items) } : { problem: `${wrong.map((item) => quoted(item)).join(', ')} ${wrong.length === 1 ? 'is' : 'are'} not ${format}` }
}

function readNumber(spec: OptionSpec & { readonly type: 'integer' | 'number' }, raw: unknown): Read {
  const value = typeof raw === 'string' && /^-?[0-9]+(\.[0-9]+)?$/.test(raw) ? Number(raw) : raw
  if (typeof value !== 'number' || !Number.isFinite(value)) return { problem: 'must be a number' }
  if (spec.type === 'integer' && !Number.isSafeInteger(value)) return { problem: 'must be a whole number' }
  if (spec.min !== undefined && value < spec.min) return { problem: `must be ${spec.min} or more` }
  if (spec.max !== undefined && value > spec.max) return { problem: `must be ${spec.max} or less` }
  return { value }
}

function readDuration(spec: OptionSpec & { readonly type: 'duration' }, raw: unknown): Read {
  const value = typeof raw === 'string' ? parseDuration(raw) : undefined
  if (value === undefined) return { problem: 'must be a duration such as 30s or 1h30m' }
  const bound = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : (parseDuration(text) ?? Number.NaN))
  if (!(value >= bound(spec.min, 0))) return { problem: `must be ${spec.min} or more, not ${formatDuration(value)}` }
  if (!(value <= bound(spec.max, Number.POSITIVE_INFINITY))) return { problem: `must be ${spec.max} or less, not ${formatDuration(value)}` }
  return { value: value satisfies Millis }
}

function readChoice(choices: readonly string[], raw: unknown): Read {
  if (typeof raw === 'string' && choices.includes(raw)) return { value: raw }
  const [near] = typeof raw === 'string' ? nearest(raw, choices) : []
  return { problem: `must be one of ${choices.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}` }
}
