import type { OptionSpec } from './options.ts'

const PLACEHOLDERS: Readonly<Record<OptionSpec['type'], string>> = {
  string: 'TEXT',
  boolean: '',
  integer: 'N',
  number: 'X',
  duration: 'DURATION',
  choice: '',
  list: 'A,B',
  records: 'FIELD=VALUE,...',
}

/** The text of `--help`: usage, then one entry per option in the order they are declared. */
export function optionHelp(usage: string, specs: readonly OptionSpec[]): string {
  const entries = specs.map((spec) => `  ${heading(spec)}\n      ${spec.doc}${limits(spec)}\n`)
  return `Usage: ${usage}\n\nOptions:\n${entries.join('')}  --help\n      Prints this text.\n`
}

function heading(spec: OptionSpec): string {
  const placeholder = spec.placeholder ?? (spec.type === 'choice' ? spec.choices.join('|') : PLACEHOLDERS[spec.type])
  return placeholder === '' ? `--${spec.flag}` : `--${spec.flag} ${placeholder}`
}

function limits(spec: OptionSpec): string {
  const facts: string[] = []
  if (spec.type === 'records') facts.push(`may be repeated, ${spec.most} at most; fields: ${spec.fields.map(({ name, doc }) => `${name}: ${doc}`).join('; ')}`)
  if ('min' in spec && spec.min !== undefined) facts.push(`from ${spec.min}`)
  if ('max' in spec && spec.max !== undefined) facts.push(`up to ${spec.max}`)
  const standard = Array.isArray(spec.default) ? spec.default.join(',') : spec.default
  if (standard !== undefined && standard !== '') facts.push(`default ${String(standard)}`)
  if (spec.flagOnly !== true && spec.key !== spec.flag) facts.push(`in the file: ${spec.key}`)
  return facts.length === 0 ? '' : ` (${facts.join(', ')})`
}
