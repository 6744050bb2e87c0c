import { expect } from 'chai'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicy, HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { DEPLOYMENTS, NAMESPACES } from '../../shared/kube/resources.ts'
import { before, hours, minutes, seconds, type Instant, type Millis } from '../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from '../../controller/healing/installation.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import type { Point } from '../../controller/healing/metrics.ts'
import type { MetricSource } from '../../controller/ports/metric-source.ts'
import { replay, type Replay, type UnknownPast } from './replay.ts'

const CART = { apiVersion: 'apps/v1', kind: 'Deployment', names: ['cart'] }

/** Deployment cart, restarted when `errors` is above 10 for two minutes. */
const policyOf = (spec: Partial<HealingPolicySpec> = {}): HealingPolicy =>
  buildPolicy({
    spec: {
      selector: { resources: [CART] },
      triggers: [{ name: 'errors', type: 'metric', cooldownPeriod: '10m', metricTrigger: { query: 'errors', operator: '>', threshold: 10, duration: '2m', window: '5m' } }],
      actions: [{ name: 'restart', type: 'restart', priority: 50, restartAction: { strategy: 'rolling' } }] as unknown as HealingPolicySpec['actions'],
      safetyRules: { ...buildPolicy().spec.safetyRules, stabilizationWindow: '2m' },
      ...spec,
    },
  })

/** Broken in these minutes before now, each from and to. */
function setUp(...broken: readonly (readonly [from: number, to: number])[]) {
  const clock = new FakeClock()
  const cluster = new FakeCluster({ clock, timers: clock })
  for (const name of ['shop', OPERATOR_NAMESPACE]) cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  cluster.seed(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop', uid: 'uid-cart', generation: 1, creationTimestamp: '2029-01-01T00:00:00Z' }, spec: { replicas: 1, selector: { matchLabels: { app: 'cart' } } }, status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 } })
  const asked: number[] = []
  /** Of the query `slow`: from and to, in minutes before now. */
  const slow: (readonly [number, number])[] = []
  const value = (at: Instant, windows: readonly (readonly [number, number])[]): number => (windows.some(([from, to]) => at >= before(clock.now(), minutes(from)) && at < before(clock.now(), minutes(to))) ? 50 : 1)
  const metricSource: MetricSource = {
    lane: () => 'one',
    ask: () => Promise.reject(new Error('asked for now')),
    recall: (question, { span, step }, now) => {
      const windows = question.kind === 'promql' && question.expression === 'slow' ? slow : broken
      asked.push(span)
      const points: Point[] = []
      for (let at = now - span; at <= now; at += step) points.push({ at: at as Instant, value: value(at as Instant, windows) })
      return Promise.resolve({ kind: 'Series', series: [{ labels: { namespace: 'shop', deployment: 'cart' }, points }] })
    },
  }
  const notes: string[] = []
  const look = (policy: HealingPolicy, last = hours(2)): Promise<Replay | UnknownPast> =>
    replay({ api: cluster.client('person'), installation: DEFAULT_INSTALLATION, metricSource, clock, timers: systemTimers, random: () => 0.5, syncInterval: seconds(30) }, policy, last, (note) => notes.push(note))
  const run = async (policy: HealingPolicy, last?: Millis): Promise<Replay> => {
    const told = await look(policy, last)
    if ('unknown' in told) throw new Error(told.unknown)
    return told
  }
  const unknown = async (policy: HealingPolicy): Promise<string | undefined> => {
    const told = await look(policy)
    return 'unknown' in told ? told.unknown : undefined
  }
  return { clock, cluster, run, unknown, notes, asked, slow, ago: ({ at }: { readonly at: Instant }) => Math.round((clock.now() - at) / 60_000) }
}

describe('the replay of the last hours', function () {
  this.timeout(60_000)

  it('tells when it would have fired, and acted', async () => {
    const { cluster, run, ago, asked } = setUp([100, 90], [40, 30])
    const told = await run(policyOf())
    expect(told.moments.map((moment) => `${ago(moment)} ${moment.what.split(':')[0]}`)).to.deep.equal([
      '98 would act', '98 errors on Deployment/cart fires', '90 errors on Deployment/cart is quiet again',
      '38 would act', '38 errors on Deployment/cart fires', '30 errors on Deployment/cart is quiet again',
    ])
    expect(told).to.include({ fired: 2, acts: 2 })
    expect(told.refusals).to.deep.equal({})
    // What began before is known, since its duration counts; and nothing was written.
    expect(asked).to.deep.equal([minutes(122)])
    expect(cluster.journal.writes).to.deep.equal([])
  })

  it('of an object that was recreated since is about whatever had its name', async () => {
    const { cluster, run } = setUp([100, 90])
    cluster.change(DEPLOYMENTS, { namespace: 'shop', name: 'cart' }, (cart) => ({ ...cart, metadata: { ...cart.metadata, creationTimestamp: '2030-01-01T00:00:00Z' } }))
    expect(await run(policyOf())).to.include({ fired: 1, acts: 1 })
  })

  it('keeps to the cooldown, and says when that is why', async () => {
    const { run, ago } = setUp([100, 95], [90, 80])
    const told = await run(policyOf())
    expect(told.acts).to.equal(2)
    expect(told.refusals).to.deep.equal({ CooldownActive: 1 })
    // The incident has ended two minutes after the first trouble, and the cooldown ten minutes later.
    const acts = told.moments.filter(({ what }) => what.startsWith('would act')).map(ago)
    expect(acts[0]).to.equal(98)
    expect(acts[1]).to.be.within(82, 84)
  })

  it('keeps to the hourly limit', async () => {
    const { run } = setUp([100, 95], [70, 65])
    const rules = { ...policyOf().spec.safetyRules, maxActionsPerHour: 1 }
    const told = await run(policyOf({ safetyRules: rules }))
    expect(told).to.include({ fired: 2, acts: 1 })
    expect(told.refusals).to.deep.equal({ RateLimited: 1 })
  })

  it('only watches in mode monitor, and takes any other for automatic', async () => {
    expect(await setUp([100, 90]).run(policyOf({ mode: 'monitor' }))).to.include({ fired: 1, acts: 0 })
    const manual = setUp([100, 90])
    expect(await manual.run(policyOf({ mode: 'dryrun' }))).to.include({ fired: 1, acts: 1 })
    expect(manual.notes).to.deep.equal(['mode dryrun is taken for automatic'])
  })

  it('leaves out triggers that nothing keeps a past of, with their actions', async () => {
    const { run, unknown, notes } = setUp([100, 90])
    const { triggers, actions } = policyOf().spec
    const crash = { name: 'crash', type: 'condition', cooldownPeriod: '5m', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '1m' } } as HealingPolicySpec['triggers'][number]
    const told = await run(policyOf({ triggers: [...triggers, crash], actions: actions.map((action) => ({ ...action, triggers: ['errors', 'crash'] })) }))
    expect(told).to.include({ fired: 1, acts: 1 })
    expect(notes).to.deep.equal(['crash: only Prometheus keeps a past, so they are left out'])
    expect(await unknown(policyOf({ triggers: [crash] }))).to.equal('no trigger asks Prometheus, and nothing else keeps a past')
  })

  it('under triggerMatch: All acts and fires where all triggers did, for as long as all of them did', async () => {
    const { run, slow, ago } = setUp([100, 90], [60, 40])
    slow.push([80, 70], [50, 30])
    const { triggers } = policyOf().spec
    const both = [...triggers, ...triggers.map((trigger) => ({ ...trigger, name: 'slow', ...(trigger.metricTrigger === undefined ? {} : { metricTrigger: { ...trigger.metricTrigger, query: 'slow' } }) }))]
    const told = await run(policyOf({ triggers: both, triggerMatch: 'All' }))
    expect(told.moments.map((moment) => `${ago(moment)} ${moment.what}`)).to.deep.equal([
      '48 would act: restart of Deployment/cart, rung 1', '48 All on Deployment/cart fires: errors: errors is 50 (> 10); slow: slow is 50 (> 10)', '40 All on Deployment/cart is quiet again',
    ])
    expect(told).to.include({ fired: 1, acts: 1 })
    // The cooldown of one is no reason for the other.
    expect(await run(policyOf({ triggers: both }))).to.include({ fired: 4, acts: 4 })
  })

  it('under triggerMatch: All does not go on without one of the triggers', async () => {
    const crash = { name: 'crash', type: 'condition', cooldownPeriod: '5m', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '1m' } } as HealingPolicySpec['triggers'][number]
    expect(await setUp([100, 90]).unknown(policyOf({ triggers: [...policyOf().spec.triggers, crash], triggerMatch: 'All' }))).to.equal('crash cannot be asked about the past, and triggerMatch: All needs them')
  })

  it('looks less often at a longer past', async () => expect((await setUp([100, 90]).run(policyOf(), hours(48))).step).to.equal(seconds(60)))

  it('is unknown where the source says that it keeps none', async () => {
    const { cluster, clock } = setUp()
    const source: MetricSource = { lane: () => '', ask: () => Promise.reject(new Error('never')), recall: () => Promise.resolve({ kind: 'NoData', why: 'no Prometheus is configured' }) }
    const told = await replay({ api: cluster.client('person'), installation: DEFAULT_INSTALLATION, metricSource: source, clock, timers: systemTimers, random: () => 0.5, syncInterval: seconds(30) }, policyOf(), hours(1), () => {})
    expect(told).to.deep.equal({ unknown: 'no Prometheus is configured' })
  })

  it('fails when the cluster may not be read', async () => {
    const { cluster, run } = setUp()
    cluster.faults.add(({ resource }) => (resource === DEPLOYMENTS ? { when: 'before', answer: { code: 403, reason: 'Forbidden', message: 'no' } } : undefined))
    expect(await run(policyOf()).then(() => 'done', String)).to.contain('LIST deployments shop: Forbidden')
  })
})
