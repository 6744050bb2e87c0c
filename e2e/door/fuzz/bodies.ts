/** Bodies for the door: reviews as they should be, reviews with faults, text with faults, bytes. The same seed, the same bodies. */
import * as fc from 'fast-check'
import { isObject } from '../../../shared/lib/json.ts'
import { anyAction, anyPolicy } from '../../../shared/testing/arbitraries/resources.ts'
import { readCorpus } from '../../../shared/testing/corpus.ts'
import { reviewOf } from '../../../webhook/admission/test-review.ts'
import { BOMBS } from './bombs.ts'

export interface Body {
  readonly kind: 'whole' | 'faulty' | 'bomb' | 'text' | 'bytes'
  readonly path: '/validate' | '/mutate'
  readonly bytes: Buffer
}

/** Uniform in [0, 1): mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const deep = (depth: number): string => `${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}`

/** JSON texts that a value may be replaced by. */
const TOKENS = [
  'null', 'true', '0', '-0', '1e999', '-1e999', '1e-999', '9'.repeat(400), '0.1', '9007199254740993', '""', '[]', '{}', '[null]', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"__proto__"', '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}', '{"a":1,"a":2}', '{"toString":1,"valueOf":2,"hasOwnProperty":3}', deep(50), deep(5000), `"${'x'.repeat(3000)}"`, `[${'{},'.repeat(2000)}{}]`, '{"length":-1}', '"CREATE"', '"UPDATE"', '"DELETE"', '"healingactions"', '"kubeskippy.io"',
]
const MEMBERS = ['"__proto__":{"polluted":1},', '"__proto__":null,', '"constructor":1,', '"spec":1,', '"spec":{},', '"uid":"other",', '"metadata":{},', '"object":null,', '"request":{},', '"":0,', '"\\u0000":0,', '"\\ud800":0,', '"toJSON":1,', '"then":1,']

export async function bodiesOf(seed: number): Promise<() => Body> {
  const random = randomOf(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const pick = <T>(list: readonly T[]): T => {
    const found = list[below(list.length)]
    if (found === undefined) throw new Error('nothing to pick from')
    return found
  }
  const corpus = (await readCorpus()).map(({ now }) => now.value).filter(isObject)
  const policies = corpus.filter(({ kind, spec }) => kind === 'HealingPolicy' && leaves(spec).length > 0)
  const generated = [...fc.sample(anyPolicy, { numRuns: 1500, seed }), ...fc.sample(anyAction, { numRuns: 100, seed })]
  const objects: readonly Record<string, unknown>[] = [...corpus, ...corpus, ...corpus, ...generated]

  const userInfo = (): unknown => pick<unknown>([{ username: 'alice', groups: ['system:authenticated'] }, { username: 'boss', uid: 'u', groups: [], extra: { a: ['b'] } }, {}, null, { username: 1, groups: 'x', extra: [] }])
  const review = (object: unknown): Record<string, unknown> => {
    const update = random() < 0.4
    return reviewOf(object, {
      uid: `u-${below(1e9)}`,
      userInfo: userInfo(),
      dryRun: random() < 0.2,
      ...(update ? { operation: 'UPDATE', oldObject: pick(objects) } : {}),
      ...(random() < 0.1 ? { resource: { group: 'kubeskippy.io', version: 'v1alpha1', resource: 'healingactions' } } : {}),
    })
  }
  const put = (value: unknown, [key, ...rest]: readonly (string | number)[], leaf: unknown): unknown => {
    if (key === undefined) return leaf
    if (Array.isArray(value)) return value.map((item: unknown, index) => (index === key ? put(item, rest, leaf) : item))
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, name === key ? put(member, rest, leaf) : member])) : value
  }
  const bombed = (): unknown => {
    const policy = pick(policies)
    return put(policy, ['spec', ...pick(leaves(policy['spec']))], pick(BOMBS))
  }
  /** Members and values at random places of the text, so that what `JSON.stringify` never writes comes too. */
  const faulty = (text: string): string => {
    let result = text
    for (let fault = 1 + below(3); fault > 0; fault--) {
      const at = below(result.length)
      const brace = result.indexOf('{', at)
      const colon = result.indexOf(':', at)
      if (random() < 0.4 && brace >= 0) result = `${result.slice(0, brace + 1)}${pick(MEMBERS)}${result.slice(brace + 1)}`
      else if (colon >= 0) result = `${result.slice(0, colon + 1)}${result.slice(colon + 1).replace(/^("(?:[^"\\]|\\.)*"|[^,{}[\]"]+|\[\]|\{\})/, () => pick(TOKENS))}`
    }
    return result
  }
  const broken = (text: string): Buffer => {
    const bytes = Buffer.from(text)
    const [from, to] = [below(bytes.length), below(bytes.length)].toSorted((a, b) => a - b) as [number, number]
    switch (below(5)) {
      case 0:
        return bytes.subarray(0, to)
      case 1:
        return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
      case 2:
        return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)])
      case 3:
        return Buffer.concat([bytes.subarray(0, from), Buffer.from(pick(TOKENS)), bytes.subarray(from)])
      default:
        for (let flip = 1 + below(8); flip > 0; flip--) bytes[below(bytes.length)] = below(256)
        return bytes
    }
  }
  const whole = (): string => JSON.stringify(review(pick(objects)))
  const bytesOf = (kind: Body['kind']): Buffer => {
    switch (kind) {
      case 'whole':
        return Buffer.from(whole())
      case 'faulty':
        return Buffer.from(faulty(whole()))
      case 'bomb':
        return Buffer.from(JSON.stringify(review(bombed())))
      case 'text':
        return broken(whole())
      case 'bytes':
        return Buffer.from(Array.from({ length: below(300) }, () => below(256)))
      default:
        return kind satisfies never
    }
  }
  return () => {
    const roll = random()
    const kind = roll < 0.2 ? 'whole' : roll < 0.5 ? 'faulty' : roll < 0.75 ? 'bomb' : roll < 0.93 ? 'text' : 'bytes'
    return { kind, path: random() < 0.85 ? '/validate' : '/mutate', bytes: bytesOf(kind) }
  }
}

/** Paths of all strings. */
function leaves(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof value === 'string') return [path]
  const members: readonly [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : []
  return members.flatMap(([key, member]) => leaves(member, [...path, key]))
}
