import { expect } from 'chai'
import * as fc from 'fast-check'
import { API_VERSION } from '../../api/v1alpha1/fields.ts'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import { compileResource } from '../../schema/validate.ts'
import { anyPolicy } from '../../testing/arbitraries/resources.ts'
import { buildPolicy } from '../../testing/builders/objects.ts'
import { judgeObject } from './judge.ts'

const check = compileResource(healingPolicy, API_VERSION)
const judged = (object: unknown, old?: unknown): string[] => judgeObject(healingPolicy, check, object, old).map(({ kind, path }) => `${kind} ${path}`)
const policy = (changes: object): unknown => ({ ...buildPolicy(), spec: { ...buildPolicy().spec, ...changes } })

describe('judgeObject', () => {
  it('accepts a policy', () => expect(judged(buildPolicy())).to.deep.equal([]))

  it('reports CEL beside a pattern', () => {
    expect(judged(policy({ triggers: [{ name: 'A', type: 'condition' }] }))).to.deep.equal(['KS001 spec.triggers[0].name', 'KS002 spec.triggers[0].conditionTrigger'])
  })

  it('does not evaluate CEL beside a wrong type', () => {
    expect(judged(policy({ suspend: 'no', triggers: [{ name: 'a', type: 'condition' }] }))).to.deep.equal(['KS001 spec.suspend'])
  })

  it('evaluates CEL on what is left after nulls and unknown fields are gone', () => {
    expect(judged(policy({ triggers: [{ name: 'a', type: 'condition', conditionTrigger: null, conditionTriger: {} }] }))).to.deep.equal(['KS002 spec.triggers[0].conditionTrigger'])
  })

  it('takes anything at all without throwing, and says the same every time', () => {
    fc.assert(fc.property(fc.oneof(anyPolicy, fc.jsonValue()), (object) => void expect(judged(object)).to.deep.equal(judged(structuredClone(object)))))
  })
})
