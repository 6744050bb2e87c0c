/** Options that are lists of records: several sources, several channels. Each field is one literal. */
import { parseDuration } from '../lib/duration.ts'
import { isObject } from '../lib/json.ts'
import { nearest, quoted } from '../lib/text.ts'
import type { Millis } from '../lib/time.ts'

export interface RecordField {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'duration' | 'list'
  /** A few words for the help text. */
  readonly doc: string
  readonly required?: true
  readonly pattern?: RegExp
  /** What no pattern can tell. */
  readonly holds?: (text: string) => boolean
  /** What both ask for. */
  readonly format?: string
  /** The value may hold a secret where a person made a mistake: it is not repeated. */
  readonly hidden?: true
  /** As a person would write it. */
  readonly default?: string
  /** Durations. */
  readonly min?: string
  readonly max?: string
}

type FieldValue = string | boolean | Millis | readonly string[]
export type OptionRecord = Readonly<Record<string, FieldValue>>

type TypeOf<F extends RecordField> = F['type'] extends 'boolean' ? boolean : F['type'] extends 'duration' ? Millis : F['type'] extends 'list' ? readonly string[] : string
/** Fields that are required or have a default are always there. */
export type RecordOf<L extends readonly RecordField[]> = {
  readonly [F in L[number] as F['name']]: F extends { readonly required: true } | { readonly default: string } ? TypeOf<F> : TypeOf<F> | undefined
}

interface RecordSpec {
  readonly fields: readonly RecordField[]
  readonly unique: string
  readonly most: number
  readonly check?: (record: OptionRecord) => string | undefined
}

type Read<T> = { readonly value: T } | { readonly problem: string }

/** `raw`: texts of a flag, or what YAML made of a list. */
export function readRecords(spec: RecordSpec, raw: unknown): Read<readonly OptionRecord[]> {
  if (!Array.isArray(raw)) return { problem: 'must be a list' }
  const problems: string[] = []
  const records = raw.map((item, index) => {
    const members = typeof item === 'string' ? split(item) : item
    if (!isObject(members)) {
      problems.push(`[${index}] must be an object of ${spec.fields.map(({ name }) => name).join(', ')}`)
      return {}
    }
    const record = readRecord(spec.fields, members, (path, problem) => problems.push(`[${index}]${path}: ${problem}`))
    const odd = spec.check?.(record)
    if (odd !== undefined) problems.push(`[${index}]: ${odd}`)
    return record
  })
  if (raw.length > spec.most) problems.push(`${raw.length} are too many: ${spec.most} at most`)
  const seen = new Set<unknown>()
  for (const { [spec.unique]: value } of records) {
    if (typeof value === 'string' && seen.has(value)) problems.push(`${spec.unique} ${quoted(value)} is there twice`)
    seen.add(value)
  }
  return problems.length === 0 ? { value: Object.freeze(records) } : { problem: problems.join('; ') }
}

/** `a=1,b=2`. What has no `=` belongs to no field, and its name says so. */
function split(text: string): Record<string, string> {
  const pairs = text.split(',').map((part): [string, string] => {
    const at = part.indexOf('=')
    return at < 0 ? [part.trim(), ''] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
  })
  return Object.fromEntries(pairs)
}

function readRecord(fields: readonly RecordField[], members: Record<string, unknown>, tell: (path: string, problem: string) => void): OptionRecord {
  const record: Record<string, FieldValue> = {}
  for (const name of Object.keys(members)) {
    if (fields.some((field) => field.name === name)) continue
    const [near] = nearest(name, fields.map((field) => field.name))
    tell('', `unknown field ${quoted(name)}${near === undefined ? '' : `, did you mean ${near}?`}`)
  }
  for (const field of fields) {
    const raw = Object.hasOwn(members, field.name) ? members[field.name] : field.default
    if (raw === undefined) {
      if (field.required === true) tell('', `${field.name} is missing`)
      continue
    }
    const read = readField(field, raw)
    if ('problem' in read) tell(`.${field.name}`, read.problem)
    else record[field.name] = read.value
  }
  return Object.freeze(record)
}

function readField(field: RecordField, raw: unknown): Read<FieldValue> {
  switch (field.type) {
    case 'string':
      return typeof raw === 'string' ? fitting(field, raw) : { problem: 'must be a string' }
    case 'boolean':
      if (raw === true || raw === 'true') return { value: true }
      return raw === false || raw === 'false' ? { value: false } : { problem: 'must be true or false' }
    case 'duration': {
      const span = typeof raw === 'string' ? parseDuration(raw) : undefined
      if (span === undefined) return { problem: 'must be a duration such as 30s or 1h30m' }
      const { min, max } = field
      if (min !== undefined && span < (parseDuration(min) ?? 0)) return { problem: `must be ${min} or more` }
      if (max !== undefined && span > (parseDuration(max) ?? 0)) return { problem: `must be ${max} or less` }
      return { value: span }
    }
    case 'list': {
      const items: readonly unknown[] = Array.isArray(raw) ? raw : [raw]
      if (!items.every((item) => typeof item === 'string')) return { problem: 'must be a list of strings' }
      const wrong = items.map((item) => fitting(field, item)).find((read) => 'problem' in read)
      return wrong ?? { value: Object.freeze(items) }
    }
    default:
      return field.type satisfies never
  }
}

const fitting = ({ pattern, holds, format, hidden }: RecordField, raw: string): Read<string> =>
  pattern?.test(raw) !== false && holds?.(raw) !== false ? { value: raw } : { problem: `${hidden === true ? 'it' : quoted(raw)} is not ${format ?? 'of the form that it must have'}` }
