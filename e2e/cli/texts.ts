/** Texts that the lint and kubectl must read alike, and what kubectl makes of many of them at once. */
import * as fc from 'fast-check'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isObject } from '../../shared/lib/json.ts'
import { readManifests } from '../../cli/manifests/documents.ts'

/** What a scalar may look like. The last one has no value at all. */
const SCALARS = ['y', 'Y', 'yes', 'on', 'ON', 'True', 'n', 'No', 'off', 'oN', '"y"', '~', 'Null', 'nULL', '017', '0o17', '08', '0x1F', '0b101', '-0b101', '+5', '-0', '1_000', '1e3', '12e03', '1.', '.5', '-1.5', '1e400', '1:30', '2024-01-02', '2001-12-14t21:59:43.10-05:00', '1.2.3', '5m', '1-2', '1e', '0xzz', '-x', '._5', '=', '18446744073709551615', '9'.repeat(30), `0b${'1'.repeat(65)}`, `0x${'f'.repeat(17)}`, '7'.padStart(30, '0'), '{a: 1, a: 2}', '{y: 1}', '{1: a}', '']
const TAGS = ['!!str 5', '!!str yes', '!!int 0x10', '!!int "5"', '!!int 5.5', '!!int x', '!!int', '!!float 5', '!!float "1.5"', '!!float x', '!!bool yes', '!!bool x', '!!null ~', '!!null x', '!!binary aGVsbG8=', '!!binary "%%"', '!!timestamp 2001-01-01', '!!timestamp x', '!!omap [a: 1]', '!!set {a: null}', '!foo 5', '!foo {a: 1}', '{!!str 1: a}', '[!$]']
const QUOTED = ['"\\ud800"', '"\\ud83d\\ude00"', '"\\U0001F600"', '"\\x41"', '"\\/"', '"a\n  b"', "'it''s'"]
const FLOW = ['[a?b, c!d]', '{a?b: c}', '[?a]', '[a:b]', '[a:]', '{a:}', '[:a]', '{"a":b}', '[a, , b]', '{a: 1,}', '[a: 1]', '[&a? b]', '[$\n\t\n  ]', '["a",\n\t"b"]']
const LINES = ['\n\t', '\n \t\n  a: 1', '|\n  a\n\t\n  b', 'a\u2028b', '1 # a\u0085b', '&a.b 1', '- a']
/** Below them `d` and `e` are maps. */
const MERGES = ['{<<: *d, g: 31}', '{g: 31, <<: *d}', '{<<: [*d, *e]}', '{g: 1, <<: [*e, *d], h: 9}', '{<<: *d, <<: *e}', '{<<: *d, g: 1, <<: *e}', '{g: 1, "<<": *d}', '{g: 1, !!merge <<: *d}', '{<<: &q {g: 7}, h: *q}', '{<<: []}', '{<<: [5]}', '{<<: null}']

const HEAD = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n'
const WHOLE = [
  `%YAML 1.1\n---\n${HEAD}`, `%TAG ! tag:x,2000:\n---\n${HEAD}`, `--- {a: 1}\n${HEAD}`, `--- # c\n${HEAD}`, `--- !!map\n${HEAD}`, `${HEAD}---x\n`, `${HEAD}...\n`, `# c\n---\n# d\n---\n${HEAD}`, `\ufeff---\n${HEAD}`, ` \n\t\n${HEAD}`,
  '{"apiVersion": "v1", "kind": "ConfigMap",\n\t"metadata": {"name": "NAME"}, "spec": "\\/\u2028?"}\n',
]

/** Without keys that `? ` begins, and without mixed ends of lines: nobody writes them, and there the parser passes over what kubectl refuses. */
const PIECES = ['a', 'b', ' ', '  ', ': ', ':', ', ', ',', '[', ']', '{', '}', '"', "'", '\n', '\n  ', '\n    ', '- ', '-', '?', '!', '!!str ', '!!int ', '&x ', '*x', '<<: ', '#', ' #c', '|', '>', '|-\n', '>-\n   ', '\t', '%', '@', '\\', '\\n', '\\u0041', '5', '0x1', '1.5', 'true', 'no', '~', '=', '...', '---', 'é', '😀', '\u00a0', '\ufeff', '*', '.', '07', 'null', '://', "''", '"a b"', '\n  x: ', '\n  - ', '\n\t']
const AROUND: readonly ((body: string) => string)[] = [(body) => body, (body) => `[${body}]`, (body) => `{k: ${body}}`, (body) => `"${body}"`, (body) => `\n  k: ${body}`]
const MADE_UP = 1500
/** The same in every run. */
const SEED = 1

const madeUp = (): readonly string[] =>
  fc.sample(fc.tuple(fc.constantFrom(...AROUND), fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 7 })), { numRuns: MADE_UP, seed: SEED }).map(([around, pieces]) => around(pieces.join('')))

/** Each with an object of its own name. */
export const TEXTS: readonly string[] = [
  ...[...SCALARS, ...TAGS, ...QUOTED, ...FLOW, ...LINES, ...madeUp()].map((spec) => `${HEAD}spec: ${spec}\n`),
  ...MERGES.map((spec) => `${HEAD}d: &d {g: 3600, h: 1}\ne: &e {g: 5, i: 2}\nspec: ${spec}\n`),
  ...WHOLE,
].map((text, index) => text.replace('NAME', `t${index}`))

export type Read = { readonly spec: unknown } | 'unreadable'

/** As the lint reads it. */
export function readByLint(text: string): Read {
  const { manifests, problems } = readManifests(text)
  return problems.length > 0 ? 'unreadable' : { spec: specOf(manifests[0]?.value) }
}

/** In the order of the texts. @param create `kubectl create` with these arguments; what it prints */
export async function readByKubectl(texts: readonly string[], create: (args: readonly string[]) => Promise<string>): Promise<readonly Read[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kubeskippy-texts-'))
  try {
    for (const [index, text] of texts.entries()) writeFileSync(join(folder, `${String(index).padStart(6, '0')}.yaml`), text)
    // It goes on after what it cannot read, and prints one object after the other.
    const printed = await create(['--dry-run=client', '--validate=false', '-o', 'json', '-f', folder])
    const objects = printed.split(/^(?=\{$)/m).map((text) => JSON.parse(text) as { readonly metadata: { readonly name: string } })
    const read = new Map(objects.map((object) => [object.metadata.name, object]))
    return texts.map((_, index) => (read.has(`t${index}`) ? { spec: specOf(read.get(`t${index}`)) } : 'unreadable'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const specOf = (value: unknown): unknown => (isObject(value) ? value['spec'] : undefined) ?? null
