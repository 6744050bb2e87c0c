import { expect } from 'chai'
import * as fc from 'fast-check'
import { resources } from '../api/v1alpha1/resources.ts'
import { fromSchema } from '../testing/arbitraries/from-schema.ts'
import { withFaults } from '../testing/arbitraries/mutate.ts'
import { applyDefaults } from './defaults.ts'
import { widget } from './testing/widget.ts'
import { compileResource, compileSchema } from './validate.ts'

const check = compileSchema(widget.spec, 'spec')
const say = (value: unknown): string[] => check(value).map(({ path, message }) => `${path}: ${message}`)

describe('compileSchema', () => {
  const cases: readonly [what: string, value: unknown, said: string[]][] = [
    ['accepts the least', { name: 'a' }, []],
    ['names what is required', {}, ['spec.name: is required']],
    ['names the type that is there', { name: 5 }, ['spec.name: must be a string, not a number']],
    ['tells a list from an object', { name: [] }, ['spec.name: must be a string, not an array']],
    ['says only the type where it is wrong', { name: 'a', colour: 5 }, ['spec.colour: must be a string, not a number']],
    ['lists the words of an enum', { name: 'a', colour: 'blue' }, ['spec.colour: must be one of red, green, not "blue"']],
    ['shows the pattern', { name: 'A' }, ['spec.name: "A" must match ^[a-z]+$']],
    ['strips control characters from what it quotes', { name: '\u001b[31m\n' }, ['spec.name: "[31m" must match ^[a-z]+$']],
    ['refuses an empty string', { name: '' }, ['spec.name: must not be empty', 'spec.name: "" must match ^[a-z]+$']],
    ['takes 8 characters of 8', { name: 'aaaaaaaa' }, []],
    ['refuses 9 characters of 8', { name: 'aaaaaaaaa' }, ['spec.name: must have at most 8 characters']],
    ['counts code points', { name: 'a', tags: ['😀😀😀😀😀'] }, []],
    ['takes the bounds of a number', { name: 'a', size: 9 }, []],
    ['refuses more than the bounds of a number', { name: 'a', size: 10 }, ['spec.size: must be at most 9, not "10"']],
    ['refuses less than the bounds of a number', { name: 'a', size: 0 }, ['spec.size: must be at least 1, not "0"']],
    ['refuses a fraction', { name: 'a', total: 1.5 }, ['spec.total: must be an integer, not a number']],
    ['takes the largest number of 32 bits', { name: 'a', total: 2147483647 }, []],
    ['refuses a number of 33 bits', { name: 'a', total: 2147483648 }, ['spec.total: "2147483648" must be an int32']],
    ['refuses an empty list where one is needed', { name: 'a', tags: [] }, ['spec.tags: must not be empty']],
    ['refuses too many items', { name: 'a', tags: ['a', 'b', 'c', 'd'] }, ['spec.tags: must have at most 3 items']],
    ['refuses too many entries', { name: 'a', labels: { a: '', b: '', c: '' } }, ['spec.labels: must have at most 2 entries']],
    ['writes an index in brackets and a key of digits with a dot', { name: 'a', tags: [1], labels: { 0: 'long' } }, ['spec.labels.0: must have at most 3 characters', 'spec.tags[0]: must be a string, not a number']],
    ['writes a key with a slash as it is', { name: 'a', labels: { 'a.b/c~d': 'long' } }, ['spec.labels.a.b/c~d: must have at most 3 characters']],
    ['finds a repetition in a set, once', { name: 'a', tags: ['a', 'a', 'a'] }, ['spec.tags[1]: repeats "a", which may come once in the list']],
    ['finds a repetition in a list map', { name: 'a', parts: [{ id: 'a', weight: 1 }, { id: 'b' }, { id: 'a', weight: 2 }] }, ['spec.parts[2]: repeats "a", which may come once in the list']],
    ['finds no repetition in a list map with something else in it', { name: 'a', parts: [{ id: 'a' }, 5, { id: 'a' }] }, ['spec.parts[1]: must be an object, not a number']],
    ['takes no inherited member for a field', { name: 'a', labels: JSON.parse('{"__proto__":"long"}') }, ['spec.labels.__proto__: must have at most 3 characters']],
    ['refuses an unknown field, since pruning comes first', { name: 'a', nom: 'a' }, ['spec.nom: is no field of this object']],
    ['says everything at once', { size: 0, colour: 'blue' }, ['spec.name: is required', 'spec.size: must be at least 1, not "0"', 'spec.colour: must be one of red, green, not "blue"']],
  ]
  for (const [what, value, said] of cases) it(what, () => expect(say(value)).to.have.members(said))

  it('marks what keeps the API server from evaluating CEL', () => {
    expect(check({ name: 'A', size: 0 }).map(({ stopsCel }) => stopsCel)).to.deep.equal([false, false])
    expect(check({ name: 5 }).map(({ stopsCel }) => stopsCel)).to.deep.equal([true])
  })

  it('never throws, and never changes what it checks', () => {
    fc.assert(
      fc.property(withFaults(fromSchema(widget.spec)), (value) => {
        const before = structuredClone(value)
        check(value)
        expect(value).to.deep.equal(before)
      }),
    )
  })
})

describe('compileResource', () => {
  const judge = compileResource(widget, 'example.com/v1')
  const object = (metadata: unknown): unknown => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata, spec: { name: 'a' } })
  const cases: readonly [what: string, object: unknown, paths: string[]][] = [
    ['accepts an object', object({ name: 'a', namespace: 'b', labels: { 'example.com/x': 'y', empty: '', none: null }, annotations: { 'Example.com/X': ' any text ' } }), []],
    ['accepts a generated name', object({ generateName: 'a-' }), []],
    ['refuses what is no object', [], ['']],
    ['refuses nothing', null, ['']],
    ['refuses another kind and version', { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: {} }, ['apiVersion', 'kind']],
    ['needs a name', object(null), ['metadata.name']],
    ['refuses an empty name', object({ name: '' }), ['metadata.name']],
    ['refuses a name that is a number', object({ name: 5 }), ['metadata.name']],
    ['refuses a name in upper case', object({ name: 'Cart' }), ['metadata.name']],
    ['takes the longest name', object({ name: 'a'.repeat(20) }), []],
    ['refuses a longer name', object({ name: 'a'.repeat(21) }), ['metadata.name']],
    ['refuses metadata that is a list', object([]), ['metadata']],
    ['refuses a label that is a number', object({ name: 'a', labels: { a: 5 } }), ['metadata.labels']],
    ['refuses labels that are a list', object({ name: 'a', labels: [] }), ['metadata.labels']],
    ['refuses a label value with a blank', object({ name: 'a', labels: { a: 'b c' } }), ['metadata.labels']],
    ['refuses a label value of 64 characters', object({ name: 'a', labels: { a: 'b'.repeat(64) } }), ['metadata.labels']],
    ['refuses a label key with an upper-case prefix', object({ name: 'a', labels: { 'Example.com/x': '' } }), ['metadata.labels']],
    ['refuses an annotation key with two slashes', object({ name: 'a', annotations: { 'a/b/c': '' } }), ['metadata.annotations']],
    ['refuses more than 256 kB of annotations', object({ name: 'a', annotations: { a: 'x'.repeat(256 * 1024) } }), ['metadata.annotations']],
    ['needs a spec', { ...(object({ name: 'a' }) as object), spec: null }, ['spec']],
    ['prunes before it judges', { ...(object({ name: 'a' }) as object), spec: { name: 'a', nom: 5 }, extra: 5 }, []],
    ['judges a status as well', { ...(object({ name: 'a' }) as object), status: { ready: 'yes' } }, ['status.ready']],
  ]
  for (const [what, value, paths] of cases) it(what, () => expect([...new Set(judge(value).map(({ path }) => path))]).to.deep.equal(paths))
})

describe('our schemas', () => {
  for (const { kind, spec } of resources) {
    it(`generate values of ${kind} that their own check accepts`, () => {
      const accepts = compileSchema(spec)
      fc.assert(fc.property(fromSchema(spec), (value) => accepts(applyDefaults(spec, value)).length === 0))
    })
  }
})
