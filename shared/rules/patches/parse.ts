/** From what a person writes to what is sent. The text is read as YAML 1.2, of which JSON is a part: nobody else reads it. */
import { Lexer, parseDocument } from 'yaml'
import { isObject } from '../../lib/json.ts'
import type { ActionTemplate } from '../../api/v1alpha1/types.ts'
import { quoted } from '../../lib/text.ts'
import { yamlProblem } from '../../lib/yaml-words.ts'
import { own } from './members.ts'
import { asSteps, NAMED_LISTS, shown, type FieldPath } from './paths.ts'
import { jsonTouches, mergeTouches, strategicTouches, type Touch, type Touched } from './touches.ts'

export type PatchBody = NonNullable<ActionTemplate['patchAction']>

export type PatchContent = { readonly type: 'merge' | 'strategic'; readonly body: Readonly<Record<string, unknown>> } | { readonly type: 'json'; readonly body: readonly unknown[] }

export type ParsedPatch =
  | { readonly content: PatchContent; readonly touches: readonly Touch[] }
  /** Member of the body, and what is wrong with it: half a sentence. */
  | { readonly problems: readonly { readonly member: 'patch' | 'patches'; readonly what: string }[] }

/** Several rules read the same patch. */
const read = new WeakMap<PatchBody, ParsedPatch>()

export function parsePatch(body: PatchBody): ParsedPatch {
  const parsed = read.get(body) ?? parse(body)
  read.set(body, parsed)
  return parsed
}

function parse({ type, patch, patches }: PatchBody): ParsedPatch {
  if (patch !== undefined && patches !== undefined) return wrong('patches', 'is given beside patch: which of them counts?')
  if (patches !== undefined) return fromFields(type, patches)
  if (patch === undefined) return wrong('patch', 'is missing, and so is patches')
  const text = readText(patch)
  if ('what' in text) return wrong('patch', text.what)
  return conclude('patch', type, text.value)
}

function conclude(member: 'patch' | 'patches', type: PatchBody['type'], body: unknown): ParsedPatch {
  const { touches, problems } = touchesOf(type, body)
  if (problems.length > 0) return { problems: problems.map((what) => ({ member, what })) }
  if (touches.length === 0) return wrong(member, 'changes nothing')
  if (type === 'json') return Array.isArray(body) ? { content: { type, body }, touches } : wrong(member, 'must be a list of operations')
  return isObject(body) ? { content: { type, body }, touches } : wrong(member, 'must be a map')
}

const wrong = (member: 'patch' | 'patches', what: string): ParsedPatch => ({ problems: [{ member, what }] })

function touchesOf(type: PatchBody['type'], body: unknown): Touched {
  switch (type) {
    case 'json':
      return jsonTouches(body)
    case 'merge':
      return mergeTouches(body)
    case 'strategic':
      return strategicTouches(body)
    default:
      return type satisfies never
  }
}

/** Deeper came from nobody who meant well. */
const DEEPEST = 32

/** As many fields as are kept have far fewer, however they are written; each can be an error that takes its time. */
const MOST_TOKENS = 4096

/**
 * TRAP: to the parser of YAML 8 KiB of `[{` or `? ` are minutes of work. The tokens alone are told in a time that grows
 * with the text.
 * @returns why it is not to be parsed
 */
export function hostile(text: string): string | undefined {
  let [depth, onLine, tokens] = [0, 0, 0]
  for (const token of new Lexer().lex(text)) {
    if (++tokens > MOST_TOKENS) return `has more than ${MOST_TOKENS} tokens`
    if (token === '\n' || token === '\r\n') onLine = 0
    if (depth === 0 && (token === ':' || token === '-')) onLine++
    if (token === '?') return 'has a key that begins with a question mark'
    if (token === '[' || token === '{') depth++
    if (token === ']' || token === '}') depth--
    if (depth > DEEPEST || onLine > DEEPEST) return `is nested deeper than ${DEEPEST} levels`
  }
  return undefined
}

function readText(text: string): { readonly value: unknown } | { readonly what: string } {
  const why = hostile(text)
  if (why !== undefined) return { what: `cannot be read: it ${why}` }
  // Without aliases: a few lines of them can be gigabytes. Keys are texts: 1 and "1" would be two, and one in JSON.
  const document = parseDocument(text, { version: '1.2', uniqueKeys: true, merge: false, stringKeys: true, prettyErrors: false })
  if (document.directives?.yaml.explicit === true) return { what: 'cannot be read: it has a %YAML directive, and by another version it would say something else' }
  const [error] = [...document.errors, ...document.warnings]
  if (error !== undefined) return { what: `cannot be read: ${yamlProblem(error.code) ?? 'it is no YAML'}, at ${place(text, error.pos[0])}` }
  try {
    return { value: document.toJS({ maxAliasCount: 0 }) as unknown }
  } catch {
    return { what: 'cannot be read: it has aliases' }
  }
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n')
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}

/** Fields that hold numbers; all others hold text, however it looks. */
const NUMBERS = /^(replicas|[a-z][A-Za-z]*(Seconds|Threshold))$/
const TEXTS: ReadonlySet<string> = new Set(['annotations', 'labels'])

function fromFields(type: PatchBody['type'], patches: NonNullable<PatchBody['patches']>): ParsedPatch {
  if (type === 'json') return wrong('patches', 'names fields and their values, and no operations: write type: strategic, or operations as patch')
  const body: Record<string, unknown> = {}
  for (const { path, value } of patches) {
    const steps = asSteps(path)
    if (type === 'merge' && steps.some(({ item }) => item === true)) return wrong('patches', `goes through a list at ${shown(steps)}, which type: merge would replace: write type: strategic`)
    const number = NUMBERS.test(path.at(-1) ?? '') && !TEXTS.has(path.at(-2) ?? '')
    if (number && !/^[0-9]{1,9}$/.test(value)) return wrong('patches', `has ${quoted(value)} for ${shown(steps)}, which is a number`)
    const refused = put(body, steps, number ? Number(value) : value)
    if (refused !== undefined) return wrong('patches', refused)
  }
  return conclude('patches', type, body)
}

/** Puts the value where the path leads, in maps and lists that are made on the way. Why it cannot be, or undefined. */
function put(body: Record<string, unknown>, path: FieldPath, value: unknown): string | undefined {
  let here = body
  for (const [index, { key }] of path.entries()) {
    if (key === '__proto__' || key.startsWith('$')) return `names ${quoted(key)}, which is no field`
    const last = index === path.length - 1
    if (last && (Object.hasOwn(here, key) || NAMED_LISTS.has(key))) return NAMED_LISTS.has(key) ? `ends at the list ${shown(path)}` : `names ${shown(path)} twice`
    if (last) here[key] = value
    else if (NAMED_LISTS.has(key) && path[index + 1]?.item === true) {
      const list = (here[key] ??= []) as Record<string, unknown>[]
      const name = path[index + 1]?.key ?? ''
      let item = list.find((other) => other['name'] === name)
      if (item === undefined) list.push((item = { name }))
      here = { [name]: item }
    } else {
      const next = (here[key] = own(here, key) ?? {})
      if (!isObject(next)) return `names ${shown(path)}, and a field above it`
      here = next
    }
  }
  return undefined
}
