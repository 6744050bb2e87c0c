/**
 * Options of a program: one literal per option, from which come the flag, the key in the configuration file, the type,
 * the default, the check and the help text. Flags win over the file. Nothing is read from the environment.
 */
import { ConfigError } from '../lib/errors.ts'
import { isObject } from '../lib/json.ts'
import { nearest, quoted } from '../lib/text.ts'
import type { Millis } from '../lib/time.ts'
import type { OptionRecord, RecordField, RecordOf } from './option-records.ts'
import { readValue, type OptionValue } from './option-values.ts'

interface Common {
  /** In the configuration file, dots for nesting: `metrics.address`. */
  readonly key: string
  /** Without dashes: `metrics-address`. */
  readonly flag: string
  /** One sentence for people; the default is added to it. */
  readonly doc: string
  /** What stands for the value in the help text. */
  readonly placeholder?: string
  /** A flag that makes no sense in the file, as the path of the file itself. */
  readonly flagOnly?: true
}

/** `format` is what the pattern asks for, for people: `HOST:PORT, such as 127.0.0.1:8080`. */
interface Patterned {
  readonly pattern: RegExp
  readonly format: string
  /** What no pattern can tell. */
  readonly holds?: (text: string) => boolean
  /** The value may hold a secret where a person made a mistake: it is not repeated. */
  readonly hidden?: true
}

/** Neither, or both: a regular expression is no sentence. */
type Pattern = Patterned | { readonly pattern?: never; readonly format?: never; readonly holds?: never; readonly hidden?: never }

/** `default` is written as a person would write it: durations as `30s`. Absent: the option may be unset. */
export type OptionSpec = Common &
  (
    | ({ readonly type: 'string'; readonly default?: string } & Pattern)
    | { readonly type: 'boolean'; readonly default: boolean }
    | { readonly type: 'integer' | 'number'; readonly default?: number; readonly min?: number; readonly max?: number }
    /** `min` and `max` are durations too. */
    | { readonly type: 'duration'; readonly default?: string; readonly min?: string; readonly max?: string }
    | { readonly type: 'choice'; readonly default?: string; readonly choices: readonly string[] }
    /** A flag takes them separated by commas and may be repeated; the file takes a list. */
    | ({ readonly type: 'list'; readonly default: readonly string[] } & /** Of each item. */ Pattern)
    /** A flag takes one record (`name=main,url=http://...`) and may be repeated; the file takes a list of objects. `unique`: the field that tells them apart; `most`: so many of them. */
    | { readonly type: 'records'; readonly default: readonly never[]; readonly fields: readonly RecordField[]; readonly unique: string; readonly most: number; /** What is wrong with fields that are right each for itself. */ readonly check?: (record: OptionRecord) => string | undefined }
  )

interface TypeMap {
  readonly string: string
  readonly boolean: boolean
  readonly integer: number
  readonly number: number
  readonly duration: Millis
  readonly list: readonly string[]
}

type ValueType<S extends OptionSpec> = S extends { readonly type: 'choice'; readonly choices: readonly (infer C)[] }
  ? C
  : S extends { readonly type: 'records'; readonly fields: infer F extends readonly RecordField[] }
  ? readonly RecordOf<F>[]
  : S['type'] extends keyof TypeMap
    ? TypeMap[S['type']]
    : never

/** Typed values by key. An option without a default may be undefined. */
export type OptionsOf<L extends readonly OptionSpec[]> = {
  readonly [S in L[number] as S['key']]: S extends { readonly default: unknown } ? ValueType<S> : ValueType<S> | undefined
}

export interface Flags {
  /** Raw text by key; a list may have several. */
  readonly values: ReadonlyMap<string, readonly string[]>
  readonly help: boolean
  readonly problems: readonly string[]
}

/** Splits the arguments; judges names, not values. Problems are kept for `resolveOptions`, so that all come at once. */
export function readFlags(specs: readonly OptionSpec[], argv: readonly string[]): Flags {
  const values = new Map<string, string[]>()
  const problems: string[] = []
  let help = false
  const rest = [...argv]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '--help' || argument === '-h') {
      help = true
      continue
    }
    const match = /^--([^=]+)(?:=([^]*))?$/.exec(argument)
    if (match === null) {
      problems.push(`unexpected argument ${quoted(argument)}`)
      continue
    }
    const [, flag = '', inline] = match
    const spec = specs.find((candidate) => candidate.flag === flag)
    if (spec === undefined) {
      problems.push(unknown('flag', `--${flag}`, specs.map((each) => `--${each.flag}`)))
      continue
    }
    // A boolean takes its value only after "=": `--dry-run false` would read "false" as an argument of its own.
    const value = inline ?? (spec.type === 'boolean' ? 'true' : rest.shift())
    if (value === undefined) problems.push(`--${flag} needs a value`)
    else values.set(spec.key, [...(values.get(spec.key) ?? []), value])
  }
  return { values, help, problems }
}

/**
 * Frozen values of all options. `config` is the parsed configuration file (JSON or YAML), undefined when there is none;
 * its sections and keys in `foreign` belong to another program, which judges them.
 * @throws ConfigError with every problem of flags and file together
 */
export function resolveOptions<const L extends readonly OptionSpec[]>(specs: L, flags: Flags, config?: unknown, foreign: readonly string[] = []): OptionsOf<L> {
  const problems = [...flags.problems]
  const fromFile = readConfig(specs, config, foreign, problems)
  const result: Record<string, OptionValue | undefined> = {}
  for (const spec of specs) {
    const raw = flags.values.get(spec.key)
    const take = (source: unknown, where: string): void => {
      const read = readValue(spec, source)
      if ('problem' in read) problems.push(`${where}: ${read.problem}`)
      else result[spec.key] = read.value
    }
    const many = spec.type === 'list' || spec.type === 'records'
    if (raw !== undefined && raw.length > 1 && !many) problems.push(`--${spec.flag} is given ${raw.length} times`)
    else if (raw !== undefined) take(spec.type === 'list' ? raw.flatMap((text) => text.split(',')) : spec.type === 'records' ? raw : raw[0], `--${spec.flag}`)
    else if (fromFile.has(spec.key)) take(fromFile.get(spec.key), spec.key)
    else if (spec.default !== undefined) take(spec.default, `default of ${spec.key}`)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  // Each value was read by the spec that its type comes from.
  return Object.freeze(result) as OptionsOf<L>
}

/** Flags and file in one go, for programs whose configuration is at hand. @throws ConfigError */
export const parseOptions = <const L extends readonly OptionSpec[]>(specs: L, argv: readonly string[], config?: unknown): OptionsOf<L> =>
  resolveOptions(specs, readFlags(specs, argv), config)

/** Leaves of the file by dotted key. A key that no option has is a problem, with the nearest that there is. */
function readConfig(specs: readonly OptionSpec[], config: unknown, foreign: readonly string[], problems: string[]): Map<string, unknown> {
  const values = new Map<string, unknown>()
  if (config === undefined || config === null) return values
  if (!isObject(config)) {
    problems.push('the configuration must be an object')
    return values
  }
  const keys = specs.filter((spec) => spec.flagOnly !== true).map((spec) => spec.key)
  const walk = (object: Record<string, unknown>, prefix: string): void => {
    for (const [name, value] of Object.entries(object)) {
      const key = `${prefix}${name}`
      if (keys.includes(key)) values.set(key, value)
      else if (isObject(value) && keys.some((each) => each.startsWith(`${key}.`))) walk(value, `${key}.`)
      else if (!foreign.includes(key)) problems.push(unknown('key', key, [...keys, ...keys.flatMap(parents)]))
    }
  }
  walk(config, '')
  return values
}

/** `a.b.c`: `a`, `a.b`. A mistake in the middle of a path is nearest to a part of it. */
const parents = (key: string): string[] =>
  key.split('.').slice(0, -1).map((_, i, parts) => parts.slice(0, i + 1).join('.'))

function unknown(what: string, name: string, names: readonly string[]): string {
  const [near] = nearest(name, names)
  return `unknown ${what} ${quoted(name)}${near === undefined ? '' : `, did you mean ${near}?`}`
}
