/** Files of somebody who wishes us ill: an answer in bounded time, and always one of three exit codes. */
import { expect } from 'chai'
import * as fc from 'fast-check'
import { anyAction, anyPolicy } from '../../shared/testing/arbitraries/resources.ts'
import { processorTime } from '../../shared/testing/processor-time.ts'
import { noCluster, setUpCli } from '../testing/bench.ts'
import { FORMAT_NAMES } from './formats/names.ts'
import { CHART } from './testing/files.ts'

const codeOf = async (text: string, format = 'text'): Promise<number> => (await setUpCli({ files: { 'p.yaml': text } }).run(`lint p.yaml --format ${format}`, noCluster)).code

const POLICY = CHART.slice(CHART.lastIndexOf('---'))
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

describe('a hostile file', () => {
  const cases: readonly [what: string, text: string, code: number][] = [
    ['aliases that multiply', Array.from('abcdefghijk').map((name, index) => `${name}: &${name} [${Array(9).fill(index === 0 ? 'x' : `*${'abcdefghijk'[index - 1]}`).join(',')}]`).join('\n'), 2],
    ['brackets without end', '['.repeat(1_000_000), 2],
    ['lists in lists', '- '.repeat(1_000_000), 2],
    ['a spec that is nested as deep as the parser goes', `apiVersion: kubeskippy.io/v1alpha1\nkind: HealingPolicy\nmetadata: {name: a}\nspec: ${nested(300)}\n`, 1],
    ['a spec that is nested deeper', `apiVersion: kubeskippy.io/v1alpha1\nkind: HealingPolicy\nmetadata: {name: a}\nspec: ${nested(9000)}\n`, 2],
    ['NUL', 'kind: HealingPolicy\u0000\n', 2],
    ['a byte order mark', `\ufeff${POLICY}`, 1],
    ['a lone surrogate', POLICY.replace('name: bad', 'name: "a\ud800"'), 2],
    ['an escaped lone surrogate', POLICY.replace('name: bad', String.raw`name: "a\ud800"`), 2],
    ['a prototype', `__proto__: {kind: HealingPolicy}\nconstructor: 1\n${POLICY.replace(/^---.*\n.*\n/, '')}spec: {__proto__: {a: 1}, constructor: {prototype: 1}}\n`, 1],
    ['a name of ten megabytes', POLICY.replace('name: bad', `name: ${'x'.repeat(10_000_000)}`), 1],
    ['a key of ten megabytes', POLICY.replace('  mode: monitor', `  "${'x'.repeat(10_000_000)}": 1`), 2],
    ['numbers beyond all bounds', POLICY.replace('maxActionsPerHour: 100', 'maxActionsPerHour: 1e999\n    x: 9999999999999999999999999999'), 1],
    ['tabs at the beginnings of lines, each in quotes', `a:\n${'- "x\n  \t"\n'.repeat(300_000)}`, 0],
    ['a list within brackets below much', `${'- '.repeat(900)}[${'a, '.repeat(300_000)}b]\n`, 0],
    ['nothing but noise', '\u0001\u0002{{%@`|>\n\t- ?', 2],
  ]
  for (const [what, text, code] of cases) {
    it(`of ${what} has its answer in time`, async () => {
      expect(await processorTime(async () => expect(await codeOf(text)).to.equal(code))).to.be.below(10_000)
    }).timeout(60_000)
  }

  it('that was mutated has an answer, in every format', async () => {
    const cut = fc.tuple(fc.nat(POLICY.length), fc.nat(30), fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('&a ', '*a', '<<: ', '{', ']', '- ', '\n', '|', '"', '---\n', '\u0000', '\ud800', ': ', '!!int ', '\t'))).map(([at, length, by]) => POLICY.slice(0, at) + by + POLICY.slice(at + length))
    await fc.assert(
      fc.asyncProperty(cut, fc.constantFrom(...FORMAT_NAMES), async (text, format) => {
        expect(await codeOf(text, format)).to.be.oneOf([0, 1, 2])
      }),
      { numRuns: 500 },
    )
  }).timeout(60_000)

  it('that a generator of objects made has a verdict, never an excuse', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyPolicy, anyAction), async (object) => {
        expect(await codeOf(JSON.stringify(object))).to.be.oneOf([0, 1])
      }),
      { numRuns: 300 },
    )
  }).timeout(60_000)
})
