import { expect } from 'chai'
import { HEALER_ACCOUNT, LOGS_ANNOTATION, serviceAccountUser } from '../shared/api/v1alpha1/names.ts'
import { DEPLOYMENTS, EVENTS, PODS, SERVICE_ACCOUNTS } from '../shared/kube/resources.ts'
import { minutes, seconds } from '../shared/lib/time.ts'
import { buildActionTemplate, buildPolicy, buildTrigger } from '../shared/testing/builders/objects.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import { NAMESPACE, Town, type TownOptions } from './testing/town.ts'

const LOG = 'connecting to db:5432\npassword=hunter2 user=ann\npanic: no route to host\n'

describe('evidence, captured before an act', () => {
  let town: Town
  afterEach(async () => {
    town.cluster.faults.clear()
    await town.stop()
  })

  const make = (options: TownOptions = {}, { consent = true } = {}): void => {
    town = new Town({ log: LOG, ...options })
    if (consent) town.cluster.change(SERVICE_ACCOUNTS, { namespace: NAMESPACE, name: HEALER_ACCOUNT }, (account) => ({ ...account, metadata: { ...account.metadata, annotations: { [LOGS_ANNOTATION]: 'true' } } }))
    const [pod] = town.cluster.all(PODS)
    const event = (name: string, uid: string, more: object): void =>
      void town.cluster.seed(EVENTS, { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name, namespace: NAMESPACE }, regarding: { kind: 'Pod', name: pod?.metadata.name, uid }, type: 'Warning', ...more })
    event('a', pod?.metadata.uid ?? '', { reason: 'BackOff', note: 'Back-off restarting failed container', deprecatedCount: 12, deprecatedLastTimestamp: '2030-01-01T00:00:00Z' })
    event('b', pod?.metadata.uid ?? '', { reason: 'Unhealthy', note: 'probe of http://ann:hunter2@10.0.0.1/ failed', eventTime: '2030-01-01T00:01:00.000000Z' })
    event('c', 'of-a-predecessor', { reason: 'Killing', note: 'Stopping container' })
  }
  /** The Deployment, no rollout being under way. */
  const rolledOut = (replicas: number, ...conditions: readonly object[]): void =>
    void town.cluster.change(DEPLOYMENTS, { namespace: NAMESPACE, name: 'cart' }, (o) => ({ ...o, spec: { replicas, template: {} }, status: { observedGeneration: o.metadata.generation ?? 0, replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas, conditions } }))
  const isLog = (call: Call): boolean => call.subresource === 'log'
  const logReads = () => town.cluster.journal.entries.filter(({ call }) => isLog(call)).map(({ call }) => call)

  it('holds states, the newest events first, and the end of the previous log, without secrets', async () => {
    make()
    await town.start()
    await town.live(minutes(4))
    const { evidence, outcome } = town.actions[0]?.status ?? {}
    expect(outcome).to.equal('Effective')
    expect(evidence?.containers).to.deep.equal([{ name: 'app', ready: false, restarts: 3, state: 'waiting: CrashLoopBackOff', lastTermination: 'Error, exit code 1 at 2030-01-01T00:00:00.000Z' }])
    expect(evidence?.conditions).to.deep.equal([{ type: 'Ready', status: 'False' }])
    expect(evidence?.events?.map(({ reason, note, count }) => [reason, note, count])).to.deep.equal([
      ['Unhealthy', 'probe of http://[redacted]@10.0.0.1/ failed', 1],
      ['BackOff', 'Back-off restarting failed container', 12],
    ])
    expect(evidence?.logs).to.deep.equal([{ container: 'app', tail: 'connecting to db:5432\npassword=[redacted] user=ann\npanic: no route to host' }])
    expect(evidence).not.to.have.property('missing')
    expect(JSON.stringify(town.actions)).not.to.include('hunter2')
    expect(town.logged.join('\n')).not.to.include('hunter2')
  })

  it('is captured before the first write, and once', async () => {
    make()
    const mend = town.cluster.faults.add((call) => (call.subresource === 'eviction' && !call.dryRun ? { when: 'before', answer: 'reset' } : undefined))
    await town.start()
    await town.live(seconds(25))
    const before = town.actions[0]?.status?.evidence
    expect(before?.capturedAt).to.be.a('string')
    mend()
    await town.live(minutes(4))
    expect(town.actions[0]?.status?.evidence).to.deep.equal(before)
    expect(town.actions[0]?.status?.attempts).to.be.greaterThan(1)
    expect(logReads().filter(({ verb }) => verb === 'get')).to.have.length(1)
  })

  it('reads logs as the healer, and none where the namespace has not allowed it', async () => {
    make()
    await town.start()
    await town.live(minutes(1))
    expect(logReads().map(({ impersonate }) => impersonate)).to.deep.equal([serviceAccountUser(NAMESPACE, HEALER_ACCOUNT)])
    await town.stop()
    make({}, { consent: false })
    await town.start()
    await town.live(minutes(4))
    expect(logReads()).to.deep.equal([])
    expect(town.actions[0]?.status).to.include({ outcome: 'Effective' })
    expect(town.actions[0]?.status?.evidence).to.have.property('events')
    expect(town.actions[0]?.status?.evidence).not.to.have.property('logs')
  })

  for (const [title, options, fails, expected] of [
    ['the events cannot be read', {}, (call: Call) => call.resource.plural === 'events' && call.verb === 'list', 'events: LIST'],
    ['the log cannot be read', {}, isLog, 'log of app: GET'],
    ['there is no previous log', { log: undefined }, () => false, 'log of app: GET'],
    ['nobody can say whether logs may be read', {}, (call: Call) => call.resource.plural === 'serviceaccounts' && call.verb === 'get' && town.actions.length > 0 && town.cluster.journal.entries.some(({ call: seen }) => seen.resource.plural === 'events' && seen.verb === 'list'), 'logs: GET'],
  ] as const) {
    it(`does not hold up the act when ${title}, and says so`, async () => {
      make(options)
      town.cluster.faults.add((call) => (call.user !== 'admin' && fails(call) ? { when: 'before', answer: 'hang' } : undefined))
      await town.start()
      await town.live(minutes(4))
      expect(town.actions[0]?.status).to.include({ outcome: 'Effective' })
      expect(town.actions[0]?.status?.evidence?.missing?.join()).to.include(expected)
    })
  }

  it('takes the other run when the kubelet no longer has the one that crashed, and says so when it has neither', async () => {
    const gone = 'unable to retrieve container logs for containerd://abc'
    make({ log: (run) => (run === 'previous' ? gone : LOG) })
    await town.start()
    await town.live(minutes(1))
    expect(town.actions[0]?.status?.evidence?.logs?.[0]?.tail).to.include('panic: no route to host')
    await town.stop()
    make({ log: () => gone })
    await town.start()
    await town.live(minutes(1))
    expect(town.actions[0]?.status?.evidence).to.deep.include({ missing: ['log of app: the kubelet no longer has the log of the previous run'] }).and.not.have.property('logs')
  })

  it('of a workload is told with its worst pods, which a rollout takes away: states, events, logs, each with the name of its pod', async () => {
    make({ spec: { actions: [buildActionTemplate({ target: 'Workload' })], safetyRules: { ...buildPolicy().spec.safetyRules, maxUnhealthy: '100%' } } })
    rolledOut(5, { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' })
    for (const state of ['healthy', 'healthy', 'broken', 'healthy'] as const) town.pod(state)
    town.cluster.seed(EVENTS, { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: 'd', namespace: NAMESPACE }, regarding: { kind: 'Deployment', name: 'cart', uid: 'uid-cart' }, type: 'Normal', reason: 'ScalingReplicaSet', note: 'Scaled up', eventTime: '2029-12-31T00:00:00.000000Z' })
    await town.start()
    await town.live(minutes(1))
    const [action] = town.actions
    expect(action?.spec.targetResource.kind).to.equal('Deployment')
    const { evidence } = action?.status ?? {}
    expect(evidence?.containers?.map(({ pod, ready }) => [pod, ready])).to.deep.equal([['cart-1-0', false], ['cart-1-3', false], ['cart-1-1', true]])
    expect(evidence?.conditions?.map(({ pod, type, status }) => [pod, type, status])).to.deep.equal([
      [undefined, 'Available', 'False'], ['cart-1-0', 'Ready', 'False'], ['cart-1-3', 'Ready', 'False'], ['cart-1-1', 'Ready', 'True'],
    ])
    expect(evidence?.events?.map(({ pod, reason }) => [pod, reason])).to.deep.equal([['cart-1-0', 'Unhealthy'], ['cart-1-0', 'BackOff'], [undefined, 'ScalingReplicaSet']])
    expect(evidence?.logs?.map(({ pod, container }) => [pod, container])).to.deep.equal([['cart-1-0', 'app'], ['cart-1-3', 'app']])
    expect(evidence).not.to.have.property('missing')
    expect(JSON.stringify(town.actions)).not.to.include('hunter2')
  })

  it('of a workload without pods is what is told of itself', async () => {
    make({ spec: { selector: { resources: [{ apiVersion: 'apps/v1', kind: 'Deployment', names: ['cart'] }] }, triggers: [buildTrigger({ cooldownPeriod: '0s', conditionTrigger: { type: 'Progressing', status: 'False', duration: '5s' } })], actions: [buildActionTemplate({ target: 'Workload' })] } })
    for (const { metadata } of town.cluster.all(PODS)) town.cluster.drop(PODS, { namespace: NAMESPACE, name: metadata.name })
    rolledOut(1, { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', lastTransitionTime: '2029-12-31T00:00:00Z' })
    await town.start()
    await town.clock.advance(seconds(20))
    const { capturedAt: _, ...told } = town.actions[0]?.status?.evidence ?? { capturedAt: '' }
    expect(told).to.deep.equal({ conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] })
  })

  it('names the pod of what could not be read', async () => {
    make({ log: undefined, spec: { actions: [buildActionTemplate({ target: 'Workload' })] } })
    rolledOut(1)
    await town.start()
    await town.live(minutes(1))
    expect(town.actions[0]?.status?.evidence?.missing?.join()).to.include('log of app in cart-1-0: GET')
  })

  it('is part of a dry run as well', async () => {
    make({ spec: { mode: 'dryrun' } })
    await town.start()
    await town.live(minutes(1))
    expect(town.actions[0]?.spec.dryRun).to.equal(true)
    expect(town.actions[0]?.status?.evidence?.logs).to.have.length(1)
  })

  it('stays within its bounds, whatever is in the logs and events', async () => {
    make({ log: `${'é'.repeat(30_000)}\n${`${'a line of a log, '.repeat(4)}\n`.repeat(5000)}` })
    const [pod] = town.cluster.all(PODS)
    for (let i = 0; i < 60; i++) town.cluster.seed(EVENTS, { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: `e-${i}`, namespace: NAMESPACE }, regarding: { uid: pod?.metadata.uid }, type: 'Normal', reason: 'R'.repeat(128), note: 'n'.repeat(1000), deprecatedCount: -5 })
    await town.start()
    await town.live(minutes(4))
    const { evidence, outcome } = town.actions[0]?.status ?? {}
    expect(outcome).to.equal('Effective')
    expect(evidence?.events).to.have.length(10)
    expect(JSON.stringify(evidence).length).to.be.below(20_000)
    expect(evidence?.logs?.[0]?.tail.length).to.be.within(4000, 4096)
  })
})

describe('the retry policy of an action', () => {
  let town: Town
  afterEach(async () => {
    town.cluster.faults.clear()
    await town.stop()
  })
  const isReal = (call: Call): boolean => call.subresource === 'eviction' && !call.dryRun

  it('is written into the action, and its tries end with it', async () => {
    town = new Town({ replacement: 'broken' })
    town.cluster.faults.add((call) => (isReal(call) ? { when: 'before', answer: 'reset' } : undefined))
    await town.start()
    await town.live(seconds(8))
    expect(town.actions[0]?.spec.retryPolicy).to.deep.equal({ maxAttempts: 20, backoffDelay: '2s', backoffMultiplier: 2 })
    // As a controller might have decided: the spec of a decision does not change, so it is changed behind the server's back.
    town.editSpec({ retryPolicy: { maxAttempts: 3, backoffDelay: '1s', backoffMultiplier: 1 } })
    await town.live(minutes(3))
    expect(town.actions[0]?.status).to.include({ phase: 'Failed' })
    // One or two had failed before it was changed.
    expect(town.actions[0]?.status?.failedAttempts).to.be.within(3, 5).and.to.equal(town.actions[0]?.status?.attempts)
    expect(town.actions[0]?.status?.result).to.include({ reason: 'RetriesExhausted' })
    expect(town.evictions).to.deep.equal([])
  })

  it('counts no wait for a disruption budget: it goes on until the timeout', async () => {
    town = new Town()
    town.budget('one')
    await town.start()
    await town.live(minutes(3))
    expect(town.actions[0]?.status?.attempts).to.be.greaterThan(5)
    expect(town.actions[0]?.status).not.to.have.property('failedAttempts')
    await town.live(minutes(9))
    expect(town.actions[0]?.status?.result).to.include({ reason: 'DisruptionBudget' })
    expect(town.actions[0]?.status?.attempts).to.be.greaterThan(20)
  })

  it('pauses by chance: two controllers that failed together do not come back together', async () => {
    const pauses = async (seed: number): Promise<number> => {
      town = new Town({ seed })
      town.budget('one')
      await town.start()
      await town.live(seconds(12))
      const next = Date.parse(town.actions[0]?.status?.nextAttempt ?? '')
      await town.stop()
      return next
    }
    expect(new Set([await pauses(1), await pauses(2), await pauses(3)]).size).to.be.greaterThan(1)
  })
})
