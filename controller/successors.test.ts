/** A pod that has the name of another one before it (I6), in the whole controller: it answers for itself alone. */
import { expect } from 'chai'
import type { HealingPolicySpec, Trigger } from '../shared/api/v1alpha1/types.ts'
import { PODS } from '../shared/kube/resources.ts'
import { hours, instant, minutes, seconds, type Instant } from '../shared/lib/time.ts'
import { buildPolicy } from '../shared/testing/builders/objects.ts'
import { KnownAlerts } from './adapters/alerts/memory.ts'
import type { MetricSource } from './ports/metric-source.ts'
import { NAMESPACE, Town } from './testing/town.ts'

describe('a pod of the same name as the one before it', () => {
  let town: Town
  const alive = () => town.cluster.all(PODS).find(({ metadata }) => metadata.deletionTimestamp === undefined)?.metadata
  const replace = async (): Promise<string | undefined> => {
    town.cluster.drop(PODS, { namespace: NAMESPACE, name: 'cart-0' })
    await town.live(seconds(1))
    return alive()?.uid
  }
  const state = () => town.policy.status?.triggers?.[0]
  const outcomes = () => town.actions.map(({ status }) => status?.outcome)
  afterEach(() => town.stop())

  describe('of which a metric tells', () => {
    const trigger = (duration: string, query = 'lock_age'): Trigger => ({ name: 'stale', type: 'metric', cooldownPeriod: '0s', metricTrigger: { query, operator: '>', threshold: 90, duration, window: '5m' } })
    /** A gauge by the name of the pod, whoever has it. */
    const open = (value: (at: Instant) => number, { past = false, duration = '1m', query = 'lock_age' } = {}): void => {
      const series = (times: readonly Instant[]) => Promise.resolve({ kind: 'Series' as const, series: [{ labels: { namespace: NAMESPACE, pod: 'cart-0' }, points: times.map((at) => ({ at, value: value(at) })) }] })
      const metrics: MetricSource = {
        lane: () => '',
        ask: (_, now) => series([now]),
        recall: (_, { span, step }, now) => (past ? series(Array.from({ length: Math.round(span / step) + 1 }, (_n, i) => instant(now - span + i * step))) : undefined),
      }
      town = new Town({ workload: 'StatefulSet', metrics, spec: { triggers: [trigger(duration, query)] } })
    }

    for (const past of [false, true]) {
      it(`is not evicted for what the other did, of a source ${past ? 'with' : 'without'} a past`, async () => {
        let [begin, end] = [0, Number.POSITIVE_INFINITY]
        open((at) => (at >= begin && at < end ? 95 : 5), { past })
        begin = town.clock.now()
        await town.start()
        await town.live(seconds(45))
        expect(state()).to.include({ state: 'Pending' })
        end = town.clock.now()
        await replace()
        await town.live(minutes(4))
        expect(town.evictions).to.deep.equal([])
        expect(state()).to.include({ state: 'Quiet' })
      })
    }

    it('is evicted for what it goes on doing itself, when that has lasted', async () => {
      open(() => 95)
      await town.start()
      await town.live(seconds(45))
      const second = await replace()
      await town.live(seconds(55))
      expect(town.evictions).to.deep.equal([])
      await town.live(minutes(1))
      expect(town.evictions[0]).to.equal(second)
    })

    it('is not evicted for a rate that looks back on the other', async () => {
      open(() => 95, { query: 'rate(errors[5m])' })
      await town.start()
      await town.live(seconds(45))
      const second = await replace()
      await town.live(minutes(4.5))
      expect(state()).to.include({ state: 'Pending' })
      expect(town.evictions).to.deep.equal([])
      await town.live(minutes(1.5))
      expect(town.evictions[0]).to.equal(second)
    })

    it('healed the trouble although its source tells the old value for a while', async () => {
      let acted: Instant | undefined
      open((at) => (acted === undefined || at < acted + seconds(70) ? 95 : 5), { duration: '30s' })
      await town.start()
      while (town.evictions.length === 0) await town.live(seconds(0.5))
      acted = town.clock.now()
      await town.live(minutes(6))
      expect(outcomes()).to.deep.equal(['Effective'])
    })

    it('did not heal what goes on until the deadline', async () => {
      open(() => 95, { duration: '30s' })
      await town.start()
      await town.live(minutes(7))
      expect(outcomes()[0]).to.equal('Ineffective')
    })
  })

  describe('of which an alert tells', () => {
    const policySpec = (duration: string): Partial<HealingPolicySpec> => ({
      triggers: [{ name: 'stuck', type: 'alert', cooldownPeriod: '0s', alertTrigger: { alertname: 'PodStuck', for: '0s', duration } }],
      safetyRules: { ...buildPolicy().spec.safetyRules, stabilizationWindow: '1m' },
    })
    let heard: KnownAlerts
    let began: Instant
    const open = async (duration = '0s'): Promise<void> => {
      town = new Town({ workload: 'StatefulSet', spec: policySpec(duration), alerts: (_, clock) => (heard = new KnownAlerts(clock, hours(5))) })
      await town.start()
      began = town.clock.now()
    }
    const tell = ({ startsAt = began, ended = false } = {}): void => void heard.learn([{ labels: { alertname: 'PodStuck', namespace: NAMESPACE, pod: 'cart-0' }, startsAt, ended }])

    it('is not evicted for an alert about the other one, and is when it is said again and lasts', async () => {
      await open('30s')
      tell()
      await town.live(seconds(20))
      const second = await replace()
      await town.live(minutes(2))
      expect([state()?.state, town.evictions]).to.deep.equal(['Pending', []])
      tell()
      await town.live(seconds(10))
      expect(town.evictions).to.deep.equal([second])
    })

    it('healed the trouble when the alert ends some time after the act', async () => {
      await open()
      tell()
      await town.live(seconds(40))
      expect(town.evictions).to.have.length(1)
      tell({ ended: true })
      await town.live(minutes(4))
      expect(outcomes()).to.deep.equal(['Effective'])
      expect(town.evictions).to.have.length(1)
    })

    it('did not heal it when the alert begins anew, or never ends', async () => {
      await open()
      tell()
      await town.live(seconds(40))
      tell({ ended: true })
      await town.live(seconds(20))
      tell({ startsAt: town.clock.now() })
      await town.live(seconds(5))
      expect(outcomes()[0]).to.equal('Ineffective')
      await town.stop()
      await open()
      tell()
      await town.live(minutes(4))
      expect(outcomes()[0]).to.equal(undefined)
      await town.live(minutes(2))
      expect(outcomes()[0]).to.equal('Ineffective')
    })
  })
})
