/**
 * Plain scalars as kubectl reads them (sigs.k8s.io/yaml over goyaml.v2), which no schema of the `yaml` package does:
 * booleans and octal numbers of YAML 1.1, but no sexagesimal numbers and no dates. Not everything is JSON: NaN and
 * infinity are errors there too.
 */
import type { ParseOptions, ScalarTag, SchemaOptions, DocumentOptions } from 'yaml'
import { quoted } from '../../shared/lib/text.ts'

const NULL = /^(?:~|null|Null|NULL)?$/
const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const BOOLEAN = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/
const NUMBER = /^(?:[-+]?[0-9][-+0-9a-fA-FxXoO_.]*|[-+]\.?[0-9][0-9eE+._-]*|\.[0-9]+(?:[eE][-+]?[0-9]+)?)$/
const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const UNSUPPORTED = /^(?:\.(?:nan|NaN|NAN)|[-+]?\.(?:inf|Inf|INF))$/
const OCTAL = /^[-+]?0[oO]?([0-7]+)$/

/** The number that kubectl makes of a plain scalar; undefined: it stays a string. */
export function plainNumber(source: string): number | undefined {
  const plain = source.startsWith('.') ? source : source.replaceAll('_', '')
  if (INTEGER.test(plain)) return integer(plain)
  return FLOAT.test(plain) ? float(plain) : undefined
}

function float(plain: string): number | undefined {
  const value = Number(plain)
  // Beyond the range of a double: no number to kubectl either.
  return Number.isFinite(value) ? value : undefined
}

function integer(plain: string): number | undefined {
  const digits = plain.replace(/^[-+]/, '')
  const octal = OCTAL.exec(plain)?.[1]
  const value = octal === undefined ? Number(digits) : Number.parseInt(octal, 8)
  // Beyond 64 bits only decimal digits are a number, and none of base 8.
  if (value >= 2 ** 64 || (plain.startsWith('-') && value > 2 ** 63)) return /^[0-9]+$/.test(digits) ? float(plain) : undefined
  // Never -0, which an integer of Go is not.
  return plain.startsWith('-') && value !== 0 ? -value : value
}

const OF_YAML = 'tag:yaml.org,2002:'
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** What kubectl makes of a scalar with a tag, or why it does not take it. @param tag in full */
export function tagged(tag: string, source: string): { readonly value: unknown } | { readonly what: string } {
  const short = tag.startsWith(OF_YAML) ? tag.slice(OF_YAML.length) : ''
  const number = plainNumber(source)
  const wrong = { what: `${quoted(source, 60)} is no !!${short}` }
  if (short === 'int') return number === undefined || !INTEGER.test(source.replaceAll('_', '')) ? wrong : { value: number }
  if (short === 'float') return number === undefined ? wrong : { value: number }
  if (short === 'bool') return BOOLEAN.test(source) ? { value: TRUE.test(source) } : wrong
  if (short === 'null') return NULL.test(source) ? { value: null } : wrong
  if (short === 'timestamp') return /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}/.test(source) ? { value: source } : wrong
  if (short !== 'binary') return { value: source }
  const plain = source.replaceAll(/[\r\n]/g, '')
  return BASE64.test(plain) ? { value: Buffer.from(plain, 'base64').toString() } : wrong
}

/** Whether a word is a string without quotes too. Stricter than it must be: letters, digits and a few signs alone. */
export const staysString = (word: string): boolean => /^[A-Za-z0-9][\w.+-]*$/.test(word) && !BOOLEAN.test(word) && !NULL.test(word) && plainNumber(word) === undefined

const tag = (name: string, test: RegExp | undefined, resolve: ScalarTag['resolve']): ScalarTag => ({ tag: `tag:yaml.org,2002:${name}`, default: true, resolve, ...(test === undefined ? {} : { test }) })

const NUMBERS: ScalarTag['resolve'] = (source, onError) => {
  const value = plainNumber(source)
  // A string that only looks like a number, such as 1.2.3, is one.
  if (value === undefined && !NUMBER.test(source)) onError(`${source.slice(0, 60)} is no number`)
  return value ?? source
}

const TAGS: readonly ScalarTag[] = [
  tag('null', NULL, () => null),
  tag('bool', BOOLEAN, (source) => TRUE.test(source)),
  tag('float', UNSUPPORTED, (source, onError) => (UNSUPPORTED.test(source) ? (onError('NaN and infinity are no values of JSON'), null) : (plainNumber(source) ?? source))),
  tag('int', NUMBER, NUMBERS),
]

/** For `parseAllDocuments`. Of two equal keys the last one counts; who wants to know asks for the pairs. */
export const AS_KUBECTL: ParseOptions & DocumentOptions & SchemaOptions = {
  schema: 'failsafe',
  customTags: (base) => [...base, ...TAGS],
  merge: true,
  // Those of the package are of YAML 1.2: see `tagged`.
  resolveKnownTags: false,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
}
