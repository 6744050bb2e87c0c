import { expect } from 'chai'
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { judge } from '../../shared/rules/judge.ts'
import { compileResource } from '../../shared/schema/validate.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { planOf } from './generate.ts'
import { PROFILES } from './profiles.ts'

const plans = Array.from({ length: 300 }, (_, n) => planOf(n + 1))

describe('plans', () => {
  it('have policies that the API server and the door would accept', () => {
    const validate = compileResource(healingPolicy, API_VERSION)
    for (const { seed, policies } of plans) {
      for (const { namespace, name, spec } of policies) {
        const policy = buildPolicy({ metadata: { namespace, name }, spec })
        expect(validate(policy), `seed ${seed}`).to.deep.equal([])
        expect(judge(policy, { installation: DEFAULT_INSTALLATION }).violations.filter(({ severity }) => severity !== 'W'), `seed ${seed}`).to.deep.equal([])
      }
    }
  })

  it('are the same for one seed, and of many seeds have every kind of happening and every profile', () => {
    expect(planOf(7)).to.deep.equal(planOf(7))
    expect(new Set(plans.flatMap(({ happenings }) => happenings.map(({ kind }) => kind)))).to.have.lengthOf(31)
    expect(new Set(plans.map(({ profile }) => profile))).to.deep.equal(new Set(PROFILES.map(({ name }) => name)))
    expect(new Set(plans.map(({ controllers }) => controllers))).to.have.lengthOf(3)
    expect(plans.filter(({ limits }) => limits !== undefined)).to.have.length.within(20, 100)
    for (const times of ['budgets', 'schedules'] as const) expect(plans.filter(({ policies }) => policies.some(({ spec }) => spec.safetyRules?.[times] !== undefined))).to.have.length.within(15, 100)
  })

  it('have happenings in the order of time, all of them before the calm', () => {
    for (const { happenings, calm } of plans) {
      const times = happenings.map(({ at }) => at)
      expect(times).to.deep.equal(times.toSorted((a, b) => a - b))
      expect(Math.max(...times)).to.be.lessThan(calm)
    }
  })
})
