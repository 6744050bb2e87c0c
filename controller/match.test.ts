/** triggerMatch: All in the whole controller: a pod that crashes, and that something else calls stuck. */
import { expect } from 'chai'
import type { HealingPolicySpec, Trigger } from '../shared/api/v1alpha1/types.ts'
import { PODS } from '../shared/kube/resources.ts'
import { formatInstant, minutes, seconds } from '../shared/lib/time.ts'
import { buildPolicy, buildTrigger } from '../shared/testing/builders/objects.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const CRASH = buildTrigger({ cooldownPeriod: '1m', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '5s' } })
const STUCK: Trigger = buildTrigger({ name: 'stuck', cooldownPeriod: '3m', conditionTrigger: { type: 'example.com/stuck', status: 'True', duration: '10s' } })

describe('triggers that have to meet', () => {
  let town: Town
  const setUp = async (spec: Partial<HealingPolicySpec> = {}): Promise<void> => {
    town = new Town({ spec: { triggerMatch: 'All', triggers: [CRASH, STUCK], safetyRules: { ...buildPolicy().spec.safetyRules, stabilizationWindow: '1m' }, ...spec } })
    await town.start()
  }
  /** As whoever watches over it says. */
  const call = (stuck: 'True' | 'False'): void => {
    for (const { metadata } of town.cluster.all(PODS)) {
      town.cluster.change(PODS, { namespace: NAMESPACE, name: metadata.name }, (pod) => {
        const status = pod['status'] as { conditions: { type: string }[] }
        const condition = { type: 'example.com/stuck', status: stuck, lastTransitionTime: formatInstant(town.clock.now()).replace(/\.\d+Z/, 'Z') }
        return { ...pod, status: { ...status, conditions: [...status.conditions.filter(({ type }) => type !== condition.type), condition] } }
      })
    }
  }
  const decision = () => town.policy.status?.lastDecision
  const states = () => town.policy.status?.triggers?.map(({ name, state }) => `${name} ${state}`)
  afterEach(() => town.stop())

  it('leave a pod alone on which one of them fires, and act once when both do', async () => {
    await setUp()
    await town.live(minutes(2))
    expect([town.actions.length, decision()?.reason]).to.deep.equal([0, 'NoData'])
    call('False')
    await town.live(minutes(2))
    expect([town.actions.length, decision()?.reason, states()]).to.deep.equal([0, 'Partial', ['All Quiet', 'crashing Firing', 'stuck Quiet']])
    call('True')
    await town.live(seconds(8))
    expect([town.actions.length, states()]).to.deep.equal([0, ['All Pending', 'crashing Firing', 'stuck Pending']])
    await town.live(minutes(3))
    expect(town.evictions).to.have.lengthOf(1)
    expect(town.actions.map(({ spec, status }) => [spec.trigger.name, spec.trigger.evidence, status?.outcome])).to.deep.equal([
      ['All', 'crashing: container app keeps ending, last with exit code 1; stuck: condition example.com/stuck is True; 3 restarts', 'Effective'],
    ])
    expect(town.policy.status).to.deep.include({ matched: 1, healthy: 1 })
  })

  it('hold over a crash of the controller: each of them since when it began', async () => {
    await setUp({ triggers: [{ ...CRASH, conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '1m' } }, STUCK] })
    call('True')
    await town.live(seconds(40))
    town.crash('controller-1')
    await town.start('controller-2')
    await town.live(seconds(15))
    expect(town.evictions).to.have.lengthOf(0)
    await town.live(seconds(8))
    expect(town.evictions).to.have.lengthOf(1)
  })

  it('end their incident when one of them is quiet, and cool down for the longest time', async () => {
    await setUp()
    call('True')
    await town.live(minutes(3))
    expect(town.ledger?.incidents.map(({ trigger, state }) => `${trigger} ${state}`)).to.deep.equal(['All Ended'])
    const [{ endedAt = '', cooldownUntil = '' } = {}] = town.ledger?.incidents ?? []
    expect(Date.parse(cooldownUntil) - Date.parse(endedAt)).to.equal(minutes(3))
  })

  describe('when the policy changes to Any', () => {
    it('an act under way is verified as what it was decided for, and the cooldown follows', async () => {
      await setUp()
      call('True')
      await town.live(seconds(30))
      expect(town.actions.map(({ status }) => status?.phase)).to.deep.equal(['Verifying'])
      town.editPolicy((spec) => ({ ...spec, triggerMatch: 'Any' }))
      await town.live(minutes(2))
      expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
      expect(town.ledger?.incidents.map(({ trigger, state }) => `${trigger} ${state}`)).to.deep.equal(['All Ended'])
      // What one trigger sees now waits for the end of it.
      call('True')
      await town.live(minutes(1))
      expect([town.actions.length, decision()?.reason]).to.deep.equal([1, 'CooldownActive'])
      await town.live(minutes(3))
      expect(town.actions.map(({ spec }) => spec.trigger.name)).to.deep.equal(['All', 'stuck'])
    })
    it('what was decided and is not written yet is cancelled', async () => {
      await setUp()
      town.budget('strict')
      call('True')
      await town.live(seconds(30))
      expect(town.actions.map(({ status }) => status?.phase)).to.deep.equal(['InProgress'])
      town.editPolicy((spec) => ({ ...spec, triggerMatch: 'Any' }))
      await town.live(minutes(1))
      expect(town.actions[0]?.status).to.deep.nested.include({ phase: 'Cancelled', 'result.reason': 'PolicyChanged' })
      expect(town.evictions).to.have.lengthOf(0)
    })
  })

  it('are asked for approval once, with all evidence, and not for what one of them sees', async () => {
    await setUp({ mode: 'manual' })
    await town.live(minutes(1))
    expect(town.actions).to.have.lengthOf(0)
    call('True')
    await town.live(seconds(30))
    expect(town.actions.map(({ spec, status }) => [spec.trigger.name, spec.approvalRequired, status?.phase])).to.deep.equal([['All', true, 'Pending']])
    town.editPolicy((spec) => ({ ...spec, triggerMatch: 'Any' }))
    await town.live(seconds(10))
    expect(town.actions[0]?.status).to.deep.nested.include({ phase: 'Cancelled', 'result.reason': 'PolicyChanged' })
  })
})
