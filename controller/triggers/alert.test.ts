import { expect } from 'chai'
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import type { Labels } from '../../shared/lib/selector.ts'
import { hours, minutes, type Instant } from '../../shared/lib/time.ts'
import { NO_ALERTS, type AlertReadings } from '../healing/alerts.ts'
import type { TargetView } from '../healing/snapshot.ts'
import { at, cart, pod, T0 } from '../healing/testing/builders.ts'
import { alertTrigger } from './alert.ts'
import type { DetectContext, Memory, Observation } from './trigger.ts'

type Body = NonNullable<Trigger['alertTrigger']>

const POD: Labels = { alertname: 'PodStuck', namespace: 'shop', pod: 'cart-0', severity: 'critical' }
const told = (labels: Labels = POD, startsAt: Instant = T0, heardAt: Instant = startsAt) => ({ labels, startsAt, heardAt })
const readings = (overrides: Partial<AlertReadings> = {}): AlertReadings => ({ ...NO_ALERTS, problem: undefined, since: at(-1), staleAfter: hours(5), ...overrides })

interface Given {
  readonly body?: Partial<Body>
  readonly object?: TargetView
  readonly now?: number
  readonly memory?: Memory
  readonly alerts?: AlertReadings
  readonly actedAt?: Instant
}
const see = ({ body = {}, object = pod(), now = 0, memory, alerts = readings({ firing: [told()] }), actedAt }: Given = {}): Observation =>
  alertTrigger.detect(alertTrigger.compile({ alertname: 'PodStuck', for: '0s', duration: '0s', ...body }), object, { now: at(now), memory, alerts, ...(actedAt === undefined ? {} : { actedAt }) } as DetectContext)

describe('an alert', () => {
  const durations: readonly [string, Given, string][] = [
    ['fires from its begin', {}, 'Firing'],
    ['is pending just before its duration', { body: { duration: '1m' }, now: 59_999 }, 'Pending'],
    ['fires at its duration', { body: { duration: '1m' }, now: 60_000 }, 'Firing'],
    ['fires just before it is stale', { now: hours(5) - 1 }, 'Firing'],
    ['has ended when it was not repeated for so long', { now: hours(5) }, 'Quiet'],
    ['goes on by its repetition', { now: hours(5), alerts: readings({ firing: [told(POD, T0, at(hours(4)))] }) }, 'Firing'],
    ['that nobody told is quiet', { alerts: readings() }, 'Quiet'],
    ['cannot be known where none are received', { alerts: NO_ALERTS }, 'NoData'],
    ['about a pod that has ended is quiet', { object: pod('cart-0', { phase: 'Failed' }) }, 'Quiet'],
  ]
  for (const [title, given, state] of durations) it(title, () => expect(see(given).state).to.equal(state))

  describe('about a pod of the same name as one before it', () => {
    const second = pod('cart-0', { createdAt: at(60_000) })
    const seen = (startsAt: number, heardAt: number, more: Partial<Given> = {}): Observation => see({ object: second, now: 120_000, alerts: readings({ firing: [told(POD, at(startsAt), at(heardAt))] }), ...more })
    it('does not fire while it was not repeated', () => {
      expect(seen(0, 60_999)).to.deep.include({ state: 'Pending', since: at(60_000), firesAt: at(60_999 + hours(5)), evidence: 'alert PodStuck is firing, and was not repeated since the Pod was made' })
      expect(seen(0, 61_000)).to.deep.include({ state: 'Firing', since: at(60_000), firesAt: at(60_000), evidence: 'alert PodStuck is firing' })
    })
    it('lasts as long as the pod is there', () => {
      expect(seen(0, 61_000, { body: { duration: '1m' }, now: 119_999 }).state).to.equal('Pending')
      expect(seen(0, 61_000, { body: { duration: '1m' }, now: 120_000 }).state).to.equal('Firing')
    })
    it('fires from its begin when that came after', () => expect(seen(61_000, 61_000)).to.deep.include({ state: 'Firing', since: at(61_000) }))
    it('that a predecessor heard, and nobody repeated, waits as well', () => {
      const memory: Memory = { since: at(60_000), restarts: 0, evidence: 'alert PodStuck is firing', confirmedAt: at(50_000) }
      const alerts = readings({ since: at(90_000) })
      expect(seen(0, 0, { memory, alerts }).state).to.equal('Pending')
      expect(seen(0, 0, { memory: { ...memory, confirmedAt: at(61_000) }, alerts }).state).to.equal('Firing')
    })
    it('is inherited while an act is verified, unless it began anew', () => {
      expect(seen(0, 0, { actedAt: at(59_000) })).to.include({ state: 'Firing', since: at(0), inherited: true })
      expect(seen(0, 70_000, { actedAt: at(59_000) })).to.include({ state: 'Firing', inherited: true })
      expect(seen(61_000, 70_000, { actedAt: at(59_000) })).not.to.have.property('inherited')
    })
  })
  it('that ended tells when, while an act is verified', () => {
    const alerts = readings({ ended: [{ labels: POD, endedAt: at(5000) }, { labels: { ...POD, pod: 'cart-1' }, endedAt: at(9000) }] })
    expect(see({ alerts, actedAt: at(1000) })).to.deep.equal({ state: 'Quiet', since: at(5000) })
    expect(see({ alerts })).to.deep.equal({ state: 'Quiet' })
  })

  it('says since when, until when, and its name only', () => {
    expect(see({ now: minutes(5), alerts: readings({ firing: [told(POD, T0, at(1000)), told({ ...POD, container: 'b' }, at(-5000), at(500))] }) })).to.deep.equal({
      state: 'Firing', since: at(-5000), firesAt: at(-5000), restarts: 0, evidence: 'alert PodStuck is firing', confirmedAt: at(1000), recheckAt: at(1000 + hours(5)),
    })
  })
  it('keeps control characters of its name to itself', () => {
    const labels = { ...POD, alertname: 'a\u001b[31mb' }
    expect(see({ body: { alertname: 'a\u001b[31mb' }, alerts: readings({ firing: [told(labels)] }) })).to.include({ evidence: 'alert a[31mb is firing' })
  })

  const objects: readonly [string, Labels, TargetView, string][] = [
    ['its pod', POD, pod(), 'Firing'],
    ['no other pod', POD, pod('cart-1'), 'Quiet'],
    ['no pod of that name elsewhere', { ...POD, namespace: 'bank' }, pod(), 'Quiet'],
    ['nothing without a namespace', { alertname: 'PodStuck', pod: 'cart-0' }, pod(), 'Quiet'],
    ['its Deployment', { alertname: 'PodStuck', namespace: 'shop', deployment: 'cart' }, cart, 'Firing'],
    ['the Deployment although another pod was asked for it', { alertname: 'PodStuck', namespace: 'shop', deployment: 'cart', pod: 'kube-state-metrics-1' }, cart, 'Firing'],
    ['the pod, and not its Deployment', { ...POD, deployment: 'cart' }, cart, 'Quiet'],
    ['no pod of a Deployment that it names', { alertname: 'PodStuck', namespace: 'shop', deployment: 'cart' }, pod(), 'Quiet'],
    ['a workload of its kind', { alertname: 'PodStuck', namespace: 'shop', workload: 'cart', workload_type: 'deployment' }, cart, 'Firing'],
    ['no workload of another kind', { alertname: 'PodStuck', namespace: 'shop', workload: 'cart', workload_type: 'statefulset' }, cart, 'Quiet'],
  ]
  for (const [title, labels, object, state] of objects) it(`is about ${title}`, () => expect(see({ object, alerts: readings({ firing: [told(labels)] }) }).state).to.equal(state))

  const matchers: readonly [string, NonNullable<Body['matchers']>, boolean][] = [
    ['an equal label', [{ name: 'severity', operator: '=', value: 'critical' }], true],
    ['another label', [{ name: 'severity', operator: '=', value: 'warning' }], false],
    ['a label that is not there as empty', [{ name: 'team', operator: '=', value: '' }], true],
    ['a label that must not be', [{ name: 'severity', operator: '!=', value: 'critical' }], false],
    ['an absent one that must not be', [{ name: 'team', operator: '!=', value: 'a' }], true],
    ['a pattern of the whole value', [{ name: 'severity', operator: '=~', value: 'crit.*|page' }], true],
    ['no pattern of a part of it', [{ name: 'severity', operator: '=~', value: 'crit' }], false],
    ['no end of an alternative', [{ name: 'severity', operator: '=~', value: 'x|critical-not' }], false],
    ['what a pattern does not', [{ name: 'severity', operator: '!~', value: 'warn.*' }], true],
    ['an absent label by a pattern of nothing', [{ name: 'team', operator: '=~', value: '.*' }], true],
    ['all of them', [{ name: 'severity', operator: '=', value: 'critical' }, { name: 'pod', operator: '=~', value: 'stock-.*' }], false],
    ['no member of every object', [{ name: 'constructor', operator: '=~', value: '.+' }], false],
  ]
  for (const [title, list, yes] of matchers) it(`matches ${title}`, () => expect(see({ body: { matchers: list } }).state).to.equal(yes ? 'Firing' : 'Quiet'))

  it('is not held up by a pattern that others would choke on', () => {
    const labels = { ...POD, severity: 'a'.repeat(4000) }
    expect(see({ body: { matchers: [{ name: 'severity', operator: '=~', value: '(a+)+b' }] }, alerts: readings({ firing: [told(labels)] }) }).state).to.equal('Quiet')
  })
  it('has no pattern that cannot be read', () => expect(() => see({ body: { matchers: [{ name: 'a', operator: '=~', value: '(' }] } })).to.throw('the matcher of a cannot be read'))

  describe('that was told to a predecessor', () => {
    const memory: Memory = { since: at(-600_000), restarts: 0, evidence: 'alert PodStuck is firing', confirmedAt: at(-600_000) }
    const after: readonly [string, Given, string][] = [
      ['goes on', { memory, alerts: readings() }, 'Firing'],
      ['goes on just before it is stale', { memory, alerts: readings(), now: hours(5) - minutes(10) - 1 }, 'Firing'],
      ['ends when it is', { memory, alerts: readings(), now: hours(5) - minutes(10) }, 'Quiet'],
      ['ends when its end is told', { memory, alerts: readings({ ended: [{ labels: POD, endedAt: T0 }] }) }, 'Quiet'],
      ['does not end by the end of another one', { memory, alerts: readings({ ended: [{ labels: { ...POD, pod: 'cart-1' }, endedAt: T0 }] }) }, 'Firing'],
      ['is not believed without a time', { memory: { since: at(-1000), restarts: 0, evidence: 'x' }, alerts: readings() }, 'Quiet'],
      ['is not believed when this process heard it itself', { memory: { ...memory, confirmedAt: at(5) }, alerts: readings(), now: 10 }, 'Quiet'],
    ]
    for (const [title, given, state] of after) it(title, () => expect(see(given).state).to.equal(state))
  })
})
