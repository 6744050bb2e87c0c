import { expect } from 'chai'
import { parse } from 'yaml'
import { API_VERSION } from '../api/v1alpha1/fields.ts'
import { healingPolicy } from '../api/v1alpha1/healing-policy.schema.ts'
import { resources } from '../api/v1alpha1/resources.ts'
import { isObject } from '../lib/json.ts'
import { judgeObject } from '../rules/cel/judge.ts'
import { unknownObjectFields } from '../schema/defaults.ts'
import { compileResource } from '../schema/validate.ts'
import { readCorpus, readSample, type Sample } from './corpus.ts'

const checks = new Map(resources.map((resource) => [resource, compileResource(resource, API_VERSION)]))
const corpus = await readCorpus()
const own = corpus.filter(({ file }) => file.split('/').length === 2)

function judged({ now, old }: Sample): string[] {
  const kind = isObject(now.value) ? now.value['kind'] : undefined
  const resource = resources.find((candidate) => candidate.kind === kind) ?? healingPolicy
  const issues = judgeObject(resource, checks.get(resource) ?? (() => []), now.value, old?.value)
  const unknown = issues.length === 0 && isObject(now.value) ? unknownObjectFields(resource, now.value) : []
  return [...new Set([...issues.map(({ kind: layer, path }) => `${layer} ${path}`), ...unknown.map((path) => `unknown ${path}`)])].sort()
}

describe('the samples', () => {
  for (const sample of own) {
    const expected = [...new Set(sample.expected.map(({ kind, path }) => `${kind} ${path}`))].sort()
    it(sample.valid ? `accepts ${sample.file}` : `refuses ${sample.file}: ${expected.join(', ')}`, () => {
      expect(expected.length > 0).to.equal(!sample.valid, 'a valid sample expects nothing, an invalid one something')
      expect(judged(sample)).to.deep.equal(expected)
    })
  }

  for (const sample of corpus.filter(({ file }) => !own.some((other) => other.file === file))) {
    it(`takes ${sample.file} through the first two layers`, () => {
      // But for the rule about fields that the API server does not know.
      expect(judged(sample)).to.deep.equal(sample.expected.filter(({ kind }) => kind === 'KS505').map(({ path }) => `unknown ${path}`))
    })
  }

  it('read the same in YAML 1.1, as kubectl reads them, and in YAML 1.2', () => {
    for (const { file, now, old } of corpus) {
      for (const document of old === undefined ? [now] : [old, now]) {
        expect(parse(document.text, { version: '1.1' }), file).to.deep.equal(document.value)
      }
    }
  })

  it('are at least 12 that pass and 40 that do not', () => {
    expect(own.filter(({ valid }) => valid)).to.have.length.greaterThan(11)
    expect(own.filter(({ valid }) => !valid)).to.have.length.greaterThan(39)
  })
})

describe('readSample', () => {
  it('reads two documents as an update', () => {
    const { now, old } = readSample('x', true, '# why\na: 1\n---\na: 2\n')
    expect([old?.value, now.value]).to.deep.equal([{ a: 1 }, { a: 2 }])
  })

  it('reads documents of other names as what else there is', () => {
    const named = (name: string): string => `metadata: {name: ${name}, namespace: shop}\n`
    const { now, old, others } = readSample('x', true, ['a', 'b', 'c', 'c'].map(named).join('---\n'))
    expect([now, old, ...others].map((one) => one?.text.trim())).to.deep.equal(['c', 'c', 'a', 'b'].map((name) => named(name).trim()))
  })

  it('reads an empty document as null', () => {
    expect(readSample('x', false, '# expect: KS001 \n---\n').now.value).to.equal(null)
  })

  it('refuses three documents', () => {
    expect(() => readSample('x', true, 'a: 1\n---\na: 2\n---\na: 3\n')).to.throw('x: one document')
  })
})
