/** Scalars that are written otherwise than their field wants it, and can mean one thing only. Pure. */
import { DURATION_PATTERN } from '../../shared/lib/duration.ts'
import { rootSchema } from '../../shared/schema/defaults.ts'
import type { CustomResource, StructuralSchema } from '../../shared/schema/structural.ts'
import { itemSchema, memberSchema } from '../../shared/schema/walk.ts'
import { staysString } from '../manifests/kubectl-yaml.ts'
import type { Range, Tree } from '../manifests/tree.ts'

export interface Edit extends Range {
  readonly to: string
}

export function scalarEdits(text: string, resource: CustomResource, tree: Tree): readonly Edit[] {
  const { spec } = rootSchema(resource).properties
  const below = tree.members?.get('spec')
  const metadata = tree.members?.get('metadata')?.members
  const maps = [metadata?.get('labels'), metadata?.get('annotations')].flatMap((map) => [...(map?.members?.values() ?? [])])
  return [...(below === undefined ? [] : walk(text, spec, below)), ...maps.flatMap((value) => edit(text, STRING, value))]
}

const STRING = { type: 'string', maxLength: 1024 } as const satisfies StructuralSchema

function walk(text: string, schema: StructuralSchema | undefined, tree: Tree): readonly Edit[] {
  if (schema === undefined) return []
  if (tree.items !== undefined) return tree.items.flatMap((item) => walk(text, itemSchema(schema), item))
  if (tree.members !== undefined) return [...tree.members].flatMap(([name, member]) => walk(text, memberSchema(schema, name), member))
  return edit(text, schema, tree)
}

function edit(text: string, schema: StructuralSchema, { value, range, origin, style }: Tree): readonly Edit[] {
  // What an alias stands for is written elsewhere, and may be meant there.
  if (origin !== undefined) return []
  const source = text.slice(range.start, range.end)
  if (style === undefined || style === 'block' || source.includes('\n')) return []
  const to = schema.type === 'string' ? asString(schema, value, source, style) : asOther(schema, value, style)
  return to === undefined || to === source ? [] : [{ ...range, to }]
}

function asString(schema: Extract<StructuralSchema, { type: 'string' }>, value: unknown, source: string, style: string): string | undefined {
  const quote = style === 'single' ? "'" : '"'
  const written = (word: string): string => (style === 'plain' && staysString(word) ? word : `${quote}${word}${quote}`)
  if (typeof value === 'boolean' || typeof value === 'number') {
    // As it was written: 1.10 is not 1.1.
    if (!/^[\w.+-]+$/.test(source)) return undefined
    const word = oneOf(schema.enum, source) ?? source
    return schema.pattern !== undefined && !new RegExp(schema.pattern).test(word) ? undefined : `"${word}"`
  }
  if (typeof value !== 'string') return undefined
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    const word = oneOf(schema.enum, value)
    return word === undefined ? undefined : written(word)
  }
  if (schema.pattern !== DURATION_PATTERN || new RegExp(DURATION_PATTERN).test(value)) return undefined
  const duration = asDuration(value)
  return duration === undefined ? undefined : written(duration)
}

/** The only word that differs in case alone. */
function oneOf(words: readonly string[] | undefined, wanted: string): string | undefined {
  const found = (words ?? []).filter((word) => word.toLowerCase() === wanted.toLowerCase())
  return found.length === 1 ? found[0] : undefined
}

/** A number or a boolean in quotes. */
function asOther({ type }: StructuralSchema, value: unknown, style: string): string | undefined {
  if (typeof value !== 'string' || (style !== 'single' && style !== 'double')) return undefined
  if ((type === 'integer' && /^(?:0|-?[1-9][0-9]{0,14})$/.test(value)) || (type === 'number' && /^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,6})?$/.test(value))) return value
  return type === 'boolean' && (value === 'true' || value === 'false') ? value : undefined
}

const UNITS: readonly (readonly [words: RegExp, unit: string, times: number])[] = [
  [/^(?:ms|milliseconds?)$/, 'ms', 1],
  [/^(?:s|secs?|seconds?)$/, 's', 1],
  [/^(?:m|mins?|minutes?)$/, 'm', 1],
  [/^(?:h|hrs?|hours?)$/, 'h', 1],
  [/^(?:d|days?)$/, 'h', 24],
]

/** `1 day`, `90 seconds`, `1h 30min`: what Go does not read, and people write. */
export function asDuration(text: string): string | undefined {
  if (!/^ *(?:[0-9]{1,6} *[a-z]+ *){1,4}$/.test(text)) return undefined
  const parts = Array.from(text.matchAll(/([0-9]{1,6}) *([a-z]+)/g), ([, count = '', word = '']) => {
    const unit = UNITS.find(([words]) => words.test(word))
    return unit === undefined ? undefined : `${Number(count) * unit[2]}${unit[1]}`
  })
  return parts.includes(undefined) ? undefined : parts.join('')
}
