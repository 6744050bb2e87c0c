import { CONTROLLER_OPTIONS } from '../../controller/options.ts'
import type { OptionSpec } from '../../shared/runtime/options.ts'
import { WEBHOOK_OPTIONS } from '../../webhook/options.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

/** `docs/reference/configuration.md`: every option of both programs, from the literals that they read. */
export const configurationReference: GeneratedFile = markdownFile('docs/reference/configuration.md', () => {
  const controller: readonly OptionSpec[] = CONTROLLER_OPTIONS
  const webhook: readonly OptionSpec[] = WEBHOOK_OPTIONS
  const known = new Set(webhook.map(({ key }) => key))
  const own = new Set(controller.map(({ key }) => key))
  return [
    '# Configuration',
    'One file (`--config FILE`, YAML) serves all programs; flags win over it, and dots in a key are nesting. An unknown key is an error that names the nearest one.',
    ...section('Both programs', controller.filter(({ key }) => known.has(key))),
    ...section('Controller', controller.filter(({ key }) => !known.has(key))),
    ...section('Webhook', webhook.filter(({ key }) => !own.has(key))),
  ].join('\n\n')
})

const section = (title: string, specs: readonly OptionSpec[]): string[] => [`## ${title}`, table(['key in the file', 'flag', 'type', 'default', 'meaning'], specs.map(row)), ...specs.flatMap(fields)]

const row = (spec: OptionSpec): string[] => [spec.flagOnly === true ? '' : code(spec.key), code(`--${spec.flag}`), typeOf(spec), defaultOf(spec), spec.doc]

function fields(spec: OptionSpec): string[] {
  if (spec.type !== 'records') return []
  const rows = spec.fields.map((field) => [code(field.name), field.type, field.required === true ? 'required' : field.default === undefined ? '' : code(field.default), field.doc])
  return [`Each of ${code(spec.key)}, told apart by ${code(spec.unique)}; as a flag ${code(`--${spec.flag}=name=...,url=...`)}, which may be repeated; ${spec.most} at most:`, table(['field', 'type', 'default', 'meaning'], rows)]
}

function typeOf(spec: OptionSpec): string {
  if (spec.type === 'choice') return spec.choices.map(code).join(', ')
  const bounds = [...('min' in spec && spec.min !== undefined ? [`from ${spec.min}`] : []), ...('max' in spec && spec.max !== undefined ? [`up to ${spec.max}`] : [])]
  return [spec.type, ...bounds].join(' ')
}

function defaultOf(spec: OptionSpec): string {
  const standard = Array.isArray(spec.default) ? spec.default.join(',') : spec.default
  return standard === undefined || standard === '' ? '' : code(String(standard))
}

const code = (text: string): string => `\`${text}\``
const cells = (all: readonly string[]): string => `| ${all.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => [cells(head), `|${'---|'.repeat(head.length)}`, ...rows.map(cells)].join('\n')
