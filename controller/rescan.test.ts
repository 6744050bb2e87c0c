/** What was accepted is judged again by a controller of another configuration: it stops acting, says so, and goes on when that is lifted. */
import { expect } from 'chai'
import { HEALING_POLICIES } from '../shared/kube/resources.ts'
import { minutes, seconds } from '../shared/lib/time.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const LOWER = { ceiling: { maxActionsPerHour: 3, replicas: 1000 } }
const condition = (town: Town, type: string) => town.policy.status?.conditions?.find((one) => one.type === type)

describe('judging again what was accepted', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })
  /** The nth controller takes the place of the one before. */
  const succeed = async (nth: number, installation?: Parameters<Town['start']>[1]): Promise<void> => {
    town.crash(`controller-${nth - 1}`)
    await town.start(`controller-${nth}`, installation)
  }

  it('what came into a policy while it was suspended stops it when it goes on, past the door too, until it is mended', async () => {
    town = new Town({ replacement: 'broken' })
    town.editPolicy((spec) => ({ ...spec, suspend: true, selector: {}, safetyRules: { ...(spec['safetyRules'] as object), maxActionsPerHour: 99 } }))
    await town.start()
    await town.live(seconds(30))
    expect([condition(town, 'Accepted'), condition(town, 'Ready')].map((one) => one?.reason)).to.deep.equal(['NotAccepted', 'Suspended'])
    town.editPolicy((spec) => ({ ...spec, suspend: false }))
    await town.live(seconds(30))
    expect(condition(town, 'Accepted')?.message).to.contain('[KS101]').and.to.contain('[KS401]')
    expect(condition(town, 'Ready')).to.include({ status: 'False', reason: 'NotAccepted' })
    expect([town.actions.length, town.evictions.length]).to.deep.equal([0, 0])
    town.editPolicy((spec) => ({ ...spec, selector: { labelSelector: { matchLabels: { app: 'cart' } } }, safetyRules: { ...(spec['safetyRules'] as object), maxActionsPerHour: 9 } }))
    await town.live(minutes(2))
    expect(town.evictions.length).to.be.above(0)
  })

  it('a lower ceiling stops the policy, with the reason in condition, event, log and metric; a higher one lets it go on', async () => {
    town = new Town({ replacement: 'broken', spec: { safetyRules: { maxActionsPerHour: 4 } as never } })
    town.cluster.change(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' }, (o) => ({ ...o, spec: { ...(o['spec'] as object), suspend: true } }))
    await town.start('controller-1')
    await town.live(seconds(10))
    expect(condition(town, 'Accepted')).to.include({ status: 'True' })
    expect(town.events.map(({ reason }) => reason)).to.not.include('NotAccepted')

    await succeed(2, LOWER)
    await town.live(seconds(5))
    expect(condition(town, 'Accepted')).to.include({ status: 'False', reason: 'NotAccepted' })
    expect(condition(town, 'Accepted')?.message).to.contain('[KS401] spec.safetyRules.maxActionsPerHour: 4 is above the ceiling of this installation (3)')
    expect(town.events.filter(({ reason }) => reason === 'NotAccepted').map(({ type, action }) => [type, action])).to.deep.equal([['Warning', 'refuse']])
    expect(town.count('kubeskippy_policy_acceptance_changes_total {"accepted":"false"}')).to.equal(1)
    expect(town.logged.some((line) => line.startsWith('acceptance changed') && line.includes('KS401'))).to.equal(true)
    town.editPolicy((spec) => ({ ...spec, suspend: false }))
    await town.live(seconds(30))
    expect(condition(town, 'Ready')).to.include({ status: 'False', reason: 'NotAccepted' })
    expect(town.policy.status?.lastDecision).to.include({ kind: 'Blocked', reason: 'NotAccepted' })
    expect([town.actions.length, town.evictions.length]).to.deep.equal([0, 0])

    await succeed(3, {})
    await town.live(seconds(30))
    expect(condition(town, 'Accepted')).to.include({ status: 'True', reason: 'Accepted' })
    expect(town.events.filter(({ reason }) => reason === 'Accepted').map(({ type }) => type)).to.deep.equal(['Normal'])
    expect(town.evictions.length).to.be.above(0)
  })

  it('what waits for approval is not carried out once it is approved', async () => {
    town = new Town({ spec: { mode: 'manual', safetyRules: { maxActionsPerHour: 4 } as never } })
    await town.start('controller-1')
    await town.live(seconds(15))
    expect(town.actions.map(({ status }) => status?.phase ?? 'Pending')).to.deep.equal(['Pending'])
    await succeed(2, LOWER)
    await town.live(seconds(2))
    town.decide('Approved')
    await town.live(seconds(30))
    expect(town.actions[0]?.status?.result?.reason).to.equal('NotAccepted')
    expect([town.actions[0]?.status?.phase, town.evictions.length]).to.deep.equal(['Cancelled', 0])
  })

  it('what is tried again for lack of an answer is not', async () => {
    town = new Town({ spec: { safetyRules: { maxActionsPerHour: 4 } as never } })
    town.budget('tight')
    await town.start('controller-1')
    await town.live(seconds(20))
    expect(town.actions).to.have.lengthOf(1)
    expect(town.attempts).to.be.above(0)
    await succeed(2, LOWER)
    await town.live(seconds(1))
    const before = town.attempts
    await town.live(seconds(60))
    expect(town.attempts).to.equal(before)
    expect(town.evictions).to.deep.equal([])
    expect(town.actions[0]?.status?.result?.reason).to.equal('NotAccepted')
  })

  it('an exemption that is stored holds, and the status says of what, by whom and since when', async () => {
    const spec = { safetyRules: { stabilizationWindow: '1s' } } as never
    town = new Town({ spec })
    await town.start('controller-1')
    await town.live(seconds(5))
    expect(condition(town, 'Accepted')).to.include({ status: 'False' })
    expect(town.policy.status).to.not.have.property('exemptions')
    const annotate = (annotations: Record<string, string>) => town.cluster.change(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' }, (o) => ({ ...o, metadata: { ...o.metadata, annotations } }))
    annotate({ 'kubeskippy.io/allow': 'KS208', 'kubeskippy.io/allowed-by': '2029-12-31T00:00:00Z carol' })
    await town.live(seconds(5))
    expect(condition(town, 'Accepted')).to.include({ status: 'True', message: 'every rule holds, exempted from KS208' })
    expect(town.policy.status?.exemptions).to.deep.equal([
      { rule: 'KS208', message: 'spec.safetyRules.stabilizationWindow: 1s is shorter than the longest trigger duration (5s)', allowedBy: 'carol', allowedAt: '2029-12-31T00:00:00.000Z' },
    ])
    annotate({ 'kubeskippy.io/allow': 'KS208,KS307' })
    await town.live(seconds(5))
    expect(town.policy.status?.exemptions?.map(({ rule, allowedBy }) => [rule, allowedBy])).to.deep.equal([['KS208', undefined]])
    annotate({})
    await town.live(seconds(5))
    expect(condition(town, 'Accepted')).to.include({ status: 'False' })
  })
})
