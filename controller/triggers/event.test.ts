import { expect } from 'chai'
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { TerminalError } from '../../shared/lib/errors.ts'
import { minutes } from '../../shared/lib/time.ts'
import { eventsOf, type EventView, type TargetView } from '../healing/snapshot.ts'
import { at, cart, context, pod } from '../healing/testing/builders.ts'
import { eventTrigger } from './event.ts'
import type { DetectContext, Observation } from './trigger.ts'

type Body = NonNullable<Trigger['eventTrigger']>

const about = ({ ref }: Pick<TargetView, 'ref'>): EventView['regarding'] => ({ kind: ref.kind, name: ref.name, uid: ref.uid })

const event = (overrides: Partial<EventView> = {}): EventView => ({
  uid: 'e1',
  namespace: 'shop',
  reason: 'BackOff',
  type: 'Warning',
  message: 'Back-off restarting failed container',
  regarding: about(pod()),
  count: 3,
  first: at(0),
  last: at(60_000),
  ...overrides,
})

const see = (body: Partial<Body>, events: readonly EventView[], now: number, rest: Partial<DetectContext> = {}, object: TargetView = pod()): Observation =>
  eventTrigger.detect(eventTrigger.compile({ reason: 'BackOff', count: 3, window: '5m', ...body }), object, context({ now: at(now), events, ...rest }))

describe('an event trigger', () => {
  const counts: [string, EventView[], string][] = [
    ['one fewer than its count', [event({ count: 2 })], 'Quiet'],
    ['its count', [event({ count: 3 })], 'Firing'],
    ['more than its count', [event({ count: 4 })], 'Firing'],
    ['its count in several Event objects', [event({ count: 2 }), event({ uid: 'e2', count: 1, first: at(60_000) })], 'Firing'],
    ['none', [], 'Quiet'],
    ['another reason', [event({ reason: 'Unhealthy' })], 'Quiet'],
    ['another pod', [event({ regarding: { kind: 'Pod', name: 'cart-1', uid: 'uid-cart-1' } })], 'Quiet'],
    ['a former pod of the same name', [event({ regarding: { kind: 'Pod', name: 'cart-0', uid: 'uid-before' } })], 'Quiet'],
    ['its count about a name without a uid', [event({ regarding: { kind: 'Pod', name: 'cart-0', uid: '' } })], 'Firing'],
    ['its count about another kind of the same name', [event({ regarding: { kind: 'Node', name: 'cart-0', uid: '' } })], 'Quiet'],
  ]
  for (const [title, events, state] of counts) it(`with ${title} is ${state}`, () => expect(see({}, events, 60_000).state).to.equal(state))

  const types: [Body['type'], string][] = [['Warning', 'Firing'], ['Normal', 'Quiet'], [undefined, 'Firing']]
  for (const [type, state] of types) it(`for ${type ?? 'either type'} is ${state} at warnings`, () => expect(see(type === undefined ? {} : { type }, [event()], 60_000).state).to.equal(state))

  const patterns: [string, string][] = [['restarting failed', 'Firing'], ['^restarting', 'Quiet'], ['(?i)BACK-OFF', 'Firing']]
  for (const [messagePattern, state] of patterns) it(`with the pattern ${messagePattern} is ${state}`, () => expect(see({ messagePattern }, [event()], 60_000).state).to.equal(state))
  it('with a pattern that cannot be read does not compile', () => {
    expect(() => eventTrigger.compile({ reason: 'BackOff', count: 1, window: '5m', messagePattern: '(?=x)' })).to.throw(TerminalError, 'messagePattern')
  })
  it('is not held up by a hostile message', () => {
    expect(see({ messagePattern: '^(a+)+$' }, [event({ message: `${'a'.repeat(1023)}!` })], 60_000).state).to.equal('Quiet')
  })

  it('fires since the occurrence that was the last one it needed, and keeps that', () => {
    expect(see({}, [event()], 90_000)).to.include({ state: 'Firing', since: at(60_000), firesAt: at(60_000) })
    expect(see({}, [event({ count: 9, last: at(80_000) })], 90_000, { memory: { since: at(60_000), restarts: 0 } })).to.include({ since: at(60_000) })
  })
  it('tells neither the message nor a number that moves', () => {
    const [few, many] = [3, 40].map((count) => see({}, [event({ count, message: 'password=hunter2' })], 60_000))
    expect(few).to.include({ evidence: '3 events or more BackOff within 5m' })
    expect(many).to.include({ evidence: '3 events or more BackOff within 5m' })
  })

  const edges: [string, number, string][] = [
    ['just before the window has moved on', 60_000 + minutes(5) - 1, 'Firing'],
    ['when the window has moved on', 60_000 + minutes(5), 'Quiet'],
  ]
  for (const [title, now, state] of edges) it(`is ${state} ${title}`, () => expect(see({ count: 1 }, [event({ count: 1, first: at(60_000) })], now).state).to.equal(state))
  it('says when the window will have moved on', () => {
    expect(see({ count: 1 }, [event({ count: 1, first: at(60_000) })], 60_000)).to.include({ recheckAt: at(60_000 + minutes(5)) })
  })

  it('remembers what it has counted after the Event object has expired', () => {
    const first = see({}, [event()], 60_000)
    const later = see({}, [], 120_000, { occurrences: first.occurrences ?? [] })
    expect(later.state).to.equal('Firing')
    expect(later.occurrences).to.deep.equal(first.occurrences)
  })
  it('counts an Event object that was made anew from its beginning', () => {
    const first = see({}, [event({ count: 2 })], 60_000)
    expect(first.state).to.equal('Quiet')
    expect(see({}, [event({ uid: 'e9', count: 1, first: at(70_000), last: at(70_000) })], 70_000, { occurrences: first.occurrences ?? [] }).state).to.equal('Firing')
  })
  it('forgets what has left the window', () => {
    const first = see({}, [event()], 60_000)
    expect(see({}, [], 60_000 + minutes(5), { occurrences: first.occurrences ?? [] }).occurrences).to.deep.equal([])
  })

  it('is no data while the events cannot be seen, and keeps what was counted', () => {
    const { occurrences = [] } = see({}, [event()], 60_000)
    const unseen = new Map([[eventsOf('BackOff'), 'events of reason BackOff: not listed yet']])
    expect(see({}, [], 70_000, { occurrences, unseen })).to.deep.equal({ state: 'NoData', why: 'events of reason BackOff: not listed yet', occurrences })
  })

  it('that is asked whether an act helped counts what came after the act', () => {
    const before = event({ count: 9, first: at(0), last: at(60_000) })
    expect(see({}, [before], 61_000, { actedAt: at(60_001) }).state).to.equal('Quiet')
    const { occurrences = [] } = see({}, [before], 61_000)
    const since = event({ count: 12, first: at(0), last: at(70_000) })
    expect(see({}, [since], 70_000, { actedAt: at(60_001), occurrences }).state).to.equal('Quiet')
    const one = see({}, [event({ count: 10, last: at(65_000) })], 65_000, { occurrences }).occurrences ?? []
    expect(see({ count: 3 }, [since], 70_000, { actedAt: at(60_001), occurrences: one }).state).to.equal('Firing')
  })

  it('about a ReplicaSet is about the Deployment that owns it', () => {
    const failed = event({ reason: 'FailedCreate', regarding: { kind: 'ReplicaSet', name: 'cart-5d', uid: 'uid-replicaset-cart-5d' } })
    expect(see({ reason: 'FailedCreate' }, [failed], 60_000, {}, cart).state).to.equal('Firing')
    expect(see({ reason: 'FailedCreate' }, [failed], 60_000).state).to.equal('Quiet')
  })
  it('about a pod is not about its Deployment as well', () => expect(see({}, [event()], 60_000, {}, cart).state).to.equal('Quiet'))
})
