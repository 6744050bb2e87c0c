import { expect } from 'chai'
import { HEALING_POLICIES, PODS } from '../shared/kube/resources.ts'
import { minutes } from '../shared/lib/time.ts'
import { NAMESPACE, Town } from './testing/town.ts'

describe('a trouble that comes back, in the whole controller', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const relapse = async (): Promise<void> => {
    for (const { metadata } of town.cluster.all(PODS)) town.cluster.drop(PODS, metadata)
    town.pod('broken')
    await town.live(minutes(4))
  }
  /** Its whole spec, as its author would apply it again. */
  const recreate = async (): Promise<void> => {
    const { apiVersion, kind, spec } = town.policy
    town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' })
    await town.live(minutes(1))
    town.cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { name: 'cart', namespace: NAMESPACE, generation: 1 }, spec })
  }

  it('is healed three times and then escalated, over restarts and over delete and recreate of the policy', async () => {
    town = new Town()
    await town.start('controller-1')
    await town.live(minutes(4))
    await relapse()
    town.crash('controller-1')
    await town.start('controller-2')
    await recreate()
    await relapse()
    expect(town.actions.map(({ spec, status }) => [spec.incident.recurrence, status?.outcome])).to.deep.equal([[0, 'Effective'], [1, 'Effective'], [2, 'Effective']])
    await relapse()
    expect(town.evictions).to.have.length(3)
    expect(town.policy.status?.lastDecision).to.include({ kind: 'Blocked', reason: 'Escalated' })
    expect(town.policy.status?.incidents?.map(({ state, recurrence, escalatedFor }) => [state, recurrence, escalatedFor])).to.deep.equal([['Escalated', 3, 'Recurring']])
    expect(town.policy.status?.conditions?.find(({ type }) => type === 'Escalated')).to.include({ status: 'True', reason: 'Recurring' })
    const escalations = town.events.filter(({ reason }) => reason === 'Escalated')
    expect(escalations.map(({ note }) => note)).to.have.length(1)
    expect(escalations[0]?.note).to.include('healed 3 times within 24 hours')
    expect(['kubeskippy_recurrences_total', 'kubeskippy_escalations_total {"reason":"Recurring"}', 'kubeskippy_escalations_total'].map((name) => town.count(name)), 'counted').to.deep.equal([2, 1, 1])
    expect(town.count('kubeskippy_healing_actions_total {"action":"restart","trigger_type":"condition","phase":"Succeeded","outcome":"Effective","dry_run":"false"}')).to.equal(3)
    expect(town.events.filter(({ reason }) => reason === 'Decided').at(-1)?.note).to.include('helped 2 times in the last 24 hours')
    await town.live(minutes(30))
    expect(town.evictions).to.have.length(3)
    expect(town.events.filter(({ reason }) => reason === 'Escalated')).to.have.length(1)
  })

  it('that nobody can judge is tried twice, not for ever', async () => {
    town = new Town()
    await town.start()
    const only = () => town.cluster.all(PODS)[0]?.metadata ?? { name: '' }
    for (let round = 0; round < 4; round++) {
      await town.clock.advance(minutes(1))
      if (town.cluster.all(PODS).length > 0) break
      // Its replacement is Ready, and says nothing of its containers: whether the trigger is quiet cannot be told.
      town.pod('healthy')
      town.cluster.change(PODS, only(), (pod) => ({ ...pod, status: { ...(pod.status as object), containerStatuses: [] } }))
      await town.clock.advance(minutes(15))
      town.cluster.drop(PODS, only())
      town.pod('broken')
    }
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Inconclusive', 'Inconclusive'])
    expect(new Set(town.actions.map(({ spec }) => spec.incident.id)).size).to.equal(1)
    expect(town.policy.status?.lastDecision).to.include({ reason: 'Escalated' }).and.to.have.property('message').that.includes('nobody could tell')
    expect(town.policy.status?.conditions?.find(({ type }) => type === 'Escalated')).to.include({ reason: 'Inconclusive' })
  })
})
