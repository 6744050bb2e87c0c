/** Event triggers in the whole controller: what is watched when, and what a count is over restarts of it. */
import { expect } from 'chai'
import type { HealingPolicySpec } from '../shared/api/v1alpha1/types.ts'
import { EVENTS, HEALING_POLICIES, PODS } from '../shared/kube/resources.ts'
import { after, formatInstant, minutes, seconds } from '../shared/lib/time.ts'
import { buildTrigger } from '../shared/testing/builders/objects.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const onEvents = (reason = 'Unhealthy', count = 4): HealingPolicySpec['triggers'][number] => {
  const { conditionTrigger: _, ...trigger } = buildTrigger({ name: 'probes', cooldownPeriod: '0s' })
  return { ...trigger, type: 'event', eventTrigger: { reason, count, window: '2m' } }
}

const spec: Partial<HealingPolicySpec> = { triggers: [onEvents()] }

describe('event triggers in the whole controller', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const time = (): string => formatInstant(town.clock.now()).replace(/\.\d+Z/, 'Z')

  /** As the kubelet tells it: one object, whose count rises. */
  function tell(name: string, times = 1, reason = 'Unhealthy'): void {
    const key = { namespace: NAMESPACE, name }
    const known = town.cluster.peek(EVENTS, key)
    if (known !== undefined) {
      town.cluster.change(EVENTS, key, (o) => ({ ...o, deprecatedCount: Number(o['deprecatedCount']) + times, deprecatedLastTimestamp: time() }))
      return
    }
    const [pod] = town.cluster.all(PODS)
    town.cluster.seed(EVENTS, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: key,
      reason,
      type: 'Warning',
      note: 'Readiness probe failed',
      regarding: { apiVersion: 'v1', kind: 'Pod', namespace: NAMESPACE, name: pod?.metadata.name, uid: pod?.metadata.uid },
      deprecatedCount: times,
      deprecatedFirstTimestamp: time(),
      deprecatedLastTimestamp: time(),
    })
  }

  const state = (): string | undefined => town.policy.status?.triggers?.[0]?.state
  const reads = (of: Call['resource']): Call[] => town.cluster.journal.entries.map(({ call }) => call).filter(({ resource, verb }) => resource.plural === of.plural && (verb === 'list' || verb === 'watch'))

  it('heals when events have come often enough, and finds the new pod quiet', async () => {
    town = new Town({ spec })
    await town.start()
    for (let i = 0; i < 3; i++) {
      tell('a')
      await town.live(seconds(10))
    }
    expect(state()).to.equal('Quiet')
    expect(town.actions).to.have.length(0)
    tell('a')
    await town.live(minutes(6))
    const [action] = town.actions
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec.trigger).to.include({ name: 'probes', evidence: '4 events or more Unhealthy within 2m' })
    expect(town.evictions).to.have.length(1)
  })

  it('tells which rule a pattern breaks that came past the door and cannot be read', async () => {
    const [trigger] = spec.triggers ?? []
    const eventTrigger = { ...trigger?.eventTrigger, reason: 'Unhealthy', count: 1, window: '2m', messagePattern: 'code (?=5)' }
    town = new Town({ spec: { triggers: [{ ...onEvents(), eventTrigger }] } })
    await town.start()
    await town.live(seconds(10))
    const conditions = town.policy.status?.conditions ?? []
    expect(conditions.find(({ type }) => type === 'Ready')).to.include({ status: 'False', reason: 'NotCompiled' })
    expect(conditions.find(({ type }) => type === 'Accepted')).to.include({ status: 'False', reason: 'NotAccepted' })
    expect(conditions.find(({ type }) => type === 'Accepted')?.message).to.contain('[KS211] spec.triggers[0].eventTrigger.messagePattern: ')
  })

  it('never fires on as many when they are spread over more than the window', async () => {
    town = new Town({ spec })
    await town.start()
    for (let i = 0; i < 8; i++) {
      tell('a')
      await town.live(seconds(41))
    }
    expect(town.actions).to.have.length(0)
    expect(town.policy.status?.occurrences?.[0]?.seen).to.have.length(3)
  })

  it('neither loses nor counts twice what was counted before a restart', async () => {
    town = new Town({ spec })
    await town.start('controller-1')
    tell('a')
    await town.live(minutes(10))
    tell('a', 1)
    await town.live(seconds(5))
    tell('a', 1)
    await town.live(seconds(5))
    town.crash('controller-1')
    await town.start('controller-2')
    await town.live(seconds(20))
    // Listed anew, three in all, of which two count: the object alone would tell of one.
    expect(state()).to.equal('Quiet')
    expect(town.policy.status?.occurrences?.[0]).to.include({ count: 3 })
    tell('a')
    await town.live(seconds(5))
    expect(town.actions).to.have.length(0)
    tell('a')
    await town.live(seconds(5))
    expect(town.actions).to.have.length(1)
  })

  it('goes on counting after the Event object has expired and was made anew', async () => {
    town = new Town({ spec })
    await town.start()
    tell('a', 3)
    await town.live(seconds(5))
    town.cluster.drop(EVENTS, { namespace: NAMESPACE, name: 'a' })
    await town.live(seconds(5))
    expect(state()).to.equal('Quiet')
    tell('b')
    await town.live(seconds(5))
    expect(town.actions).to.have.length(1)
  })

  it('watches the events of the reasons that policies name, in their namespace, and stops when the policy goes', async () => {
    town = new Town({ spec })
    await town.start()
    expect(reads(EVENTS).map(({ namespace }) => namespace)).to.deep.equal([NAMESPACE, NAMESPACE])
    town.editPolicy((old) => ({ ...old, triggers: [onEvents('BackOff')] }))
    await town.live(seconds(5))
    tell('b', 9, 'Unhealthy')
    await town.live(seconds(5))
    expect(town.actions).to.have.length(0)
    const before = reads(EVENTS).length
    town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: town.policyName })
    await town.live(minutes(20))
    expect(reads(EVENTS)).to.have.length(before)
  })

  it('reads no events where no policy asks for them, but those of a target before it is acted on', async () => {
    town = new Town()
    await town.start()
    await town.live(minutes(2))
    expect(town.evictions).to.have.length(1)
    expect(reads(EVENTS).map(({ verb }) => verb)).to.deep.equal(['list'])
  })

  it('is no data, and says why, while the events may not be listed; what it was about stays open', async () => {
    let allowed = false
    town = new Town({ spec, deny: ({ resource, verb }) => (!allowed && resource.plural === 'events' && verb === 'list' ? 'no' : undefined) })
    await town.start()
    tell('a', 9)
    await town.live(seconds(10))
    expect(town.policy.status?.triggers?.[0]).to.deep.include({ state: 'NoData', message: 'events of reason Unhealthy: the controller may not list them; apply config/rbac/controller.yaml of this version' })
    expect(town.actions).to.have.length(0)
    allowed = true
    await town.live(minutes(1))
    expect(town.actions).to.have.length(1)
  })

  it('makes few evaluations of many events', async () => {
    town = new Town({ spec: { triggers: [onEvents('Unhealthy', 1000)] } })
    await town.start()
    await town.live(seconds(5))
    const before = town.count('kubeskippy_policy_evaluations_total')
    const until = after(town.clock.now(), seconds(10))
    for (let i = 0; town.clock.now() < until; i++) {
      tell(`storm-${i}`)
      await town.clock.advance(seconds(0.02))
    }
    expect(town.count('kubeskippy_policy_evaluations_total') - before).to.be.at.most(15)
    expect(town.policy.status?.occurrences).to.have.length(64)
  })
})
