import { expect } from 'chai'
import { verdictOf } from './judge.ts'
import { planOf } from './plan/generate.ts'
import type { Plan } from './plan/plan.ts'
import { shrink } from './shrink.ts'
import { storyOf } from './story.ts'

const large = Array.from({ length: 200 }, (_, n) => planOf(n + 1)).find(({ happenings, policies, workloads }) => happenings.length > 12 && policies.length > 2 && workloads.length > 1 && policies.some(({ spec }) => spec.safetyRules?.budgets !== undefined))

describe('a plan that fails', function () {
  this.timeout(60_000)

  it('is made as short as it can be while it fails in the same way', async () => {
    if (large === undefined) throw new Error('no seed makes a large plan')
    const last = large.happenings.at(-1)
    const { plan, tries } = await shrink(large, async ({ happenings }) => happenings.some((one) => one === last), 200)
    expect(plan.happenings).to.deep.equal([last])
    expect([plan.policies.length, plan.workloads.length, plan.controllers]).to.deep.equal([1, 1, 'alone'])
    expect(plan.policies.map(({ spec }) => [spec.triggers?.length, spec.actions?.length])).to.deep.equal([[1, 1]])
    expect([plan.limits, plan.policies[0]?.spec.safetyRules?.budgets, plan.policies[0]?.spec.safetyRules?.schedules]).to.deep.equal([undefined, undefined, undefined])
    expect(tries).to.be.lessThan(60)
  })

  it('is tried no more often than it may be', async () => {
    let tries = 0
    await shrink(planOf(7), async () => {
      tries++
      return false
    }, 5)
    expect(tries).to.equal(5)
  })

  it('is told as a story: the world, the controller, and what was broken', async () => {
    const plan: Plan = {
      ...planOf(1),
      controllers: 'alone',
      limits: { namespace: 4, cluster: 9 },
      workloads: [{ kind: 'Deployment', namespace: 'shop', name: 'cart', replicas: 2, readyAfter: 1 }],
      policies: [{ namespace: 'shop', name: 'cart', spec: { ...planOf(1).policies[0]?.spec, mode: 'automatic', selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'v1', kind: 'Pod' }] }, triggers: [{ name: 'crashing', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '3s' } }], actions: [{ name: 'evict', priority: 10, type: 'evict', evictAction: { timeout: '2m' } }] } }],
      happenings: [{ at: 20, kind: 'ail', workload: 0, symptom: 'crashing', cure: 'replacement', pods: 1 }],
    }
    const verdict = await verdictOf(plan)
    const story = storyOf({ ...verdict, breaches: [{ invariant: 'I1', at: 300, where: 'create pods/eviction shop/cart', why: 'it was written before' }] })
    expect(story).to.match(/^Seed 1: ladders; one controller; 4 actions of a namespace and 9 of the cluster in an hour; Deployment shop\/cart of 2; policy shop\/cart \(automatic; crashing; evict\)\n/)
    expect(story).to.match(/20\.0 s {2}world: shop\/cart is crashing in 1 pod; cure: replacement\n/)
    expect(story).to.match(/controller-0\.1 as the healer: create pods\/eviction shop\/cart-\S+\n/)
    expect(story).to.match(/300\.0 s {2}!! I1: create pods\/eviction shop\/cart: it was written before\n/)
    expect(verdict.breaches).to.deep.equal([])
  })
})
