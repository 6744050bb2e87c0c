import { expect } from 'chai'
import { API_VERSION } from '../../api/v1alpha1/fields.ts'
import { resources } from '../../api/v1alpha1/resources.ts'
import { judgeObject } from '../../rules/cel/judge.ts'
import { compileResource } from '../../schema/validate.ts'
import { buildHealingAction, buildLedger, buildPolicy } from './objects.ts'

describe('the builders', () => {
  for (const object of [buildPolicy(), buildHealingAction(), buildLedger()]) {
    it(`build a valid ${object.kind}`, () => {
      const resource = resources.find(({ kind }) => kind === object.kind)
      expect(resource && judgeObject(resource, compileResource(resource, API_VERSION), object)).to.deep.equal([])
    })
  }

  it('take overrides of metadata, spec and status', () => {
    const policy = buildPolicy({ metadata: { name: 'other' }, spec: { mode: 'monitor' }, status: { matched: 3 } })
    expect(policy).to.deep.include({ status: { matched: 3 } })
    expect([policy.metadata.name, policy.metadata.uid, policy.spec.mode, policy.spec.safetyRules.maxActionsPerHour]).to.deep.equal(['other', 'uid-other', 'monitor', 5])
  })
})
