/** triggerMatch: All on a real API server. No kubelet runs: what it would say of the pods is written by the test. */
import { expect } from 'chai'
import type { KubeObject } from '../../shared/kube/api.ts'
import { seconds, type Millis } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { deployment, inNamespace, policy, useFixture } from '../healing/fixture.ts'

const TRIGGERS = [
  { name: 'crashing', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2s' } },
  { name: 'unready', type: 'metric', cooldownPeriod: '30s', metricTrigger: { query: 'ready_percent', operator: '<', threshold: 100, duration: '3s' } },
]

const together = (namespace: string, spec: object = {}): object => {
  const made = policy(namespace, { app: 'web', safetyRules: { healthCheckTimeout: '2m' } }) as { spec: object }
  return { ...made, spec: { ...made.spec, triggerMatch: 'All', triggers: TRIGGERS, ...spec } }
}

interface Told {
  readonly crashes: boolean
  readonly ready: boolean
}

describe('triggers that have to meet, on a real API server', function () {
  this.timeout(600_000)
  const fixture = useFixture({ node: false })

  /** As the kubelet of a node would. */
  async function tell(namespace: string, pod: string, { crashes, ready }: Told): Promise<void> {
    const now = `${new Date().toISOString().slice(0, 19)}Z`
    const container = crashes
      ? { ready: false, restartCount: 5, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 7, reason: 'Error', finishedAt: now } } }
      : { ready, restartCount: 0, state: { running: { startedAt: now } } }
    const status = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: now }],
      containerStatuses: [{ name: 'app', image: 'app', imageID: 'app', ...container }],
    }
    await fixture.kubectl(['patch', 'pod', pod, '-n', namespace, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })])
  }

  /** The one pod of a Deployment, once its controller has made it. */
  const podOf = (namespace: string, app: string, other?: string): Promise<KubeObject> =>
    eventually(async () => {
      const pod = (await fixture.pods(namespace)).find(({ metadata }) => metadata.labels?.['of'] === app && metadata.uid !== other && metadata.deletionTimestamp === undefined)
      if (pod === undefined) throw new Error(`no pod of ${app}`)
      return pod
    }, seconds(120))

  /** Two Deployments that one policy selects, each of one healthy pod. */
  async function twoApps(ns: string): Promise<readonly [KubeObject, KubeObject]> {
    await fixture.namespace(ns)
    const of = (name: string): object => {
      const made = deployment('web', 'inThisPod', { labels: { of: name } }) as { metadata: object; spec: object }
      return inNamespace(ns, { ...made, metadata: { ...made.metadata, name }, spec: { ...made.spec, selector: { matchLabels: { app: 'web', of: name } } } })
    }
    await fixture.apply(of('sick'), of('half'))
    const pods = [await podOf(ns, 'sick'), await podOf(ns, 'half')] as const
    for (const { metadata } of pods) await tell(ns, metadata.name, { crashes: false, ready: true })
    return pods
  }

  const states = async (ns: string): Promise<readonly string[]> => ((await fixture.policy(ns)).status?.triggers ?? []).map(({ name, state }) => `${name} ${state}`)
  const untilStates = (ns: string, expected: readonly string[]): Promise<void> =>
    eventually(async () => void expect(await states(ns)).to.deep.equal(expected), seconds(120))
  const pause = (span: Millis): Promise<void> => new Promise((resolve) => void setTimeout(resolve, span))

  it('a pod on which one of them fires is left alone; where both fire one act happens, and Any would have acted on the other too', async () => {
    const ns = 'together'
    const [sick, half] = await twoApps(ns)
    await fixture.apply(together(ns))
    await untilStates(ns, ['All Quiet', 'crashing Quiet', 'unready Quiet'])

    // Each has half of it.
    await tell(ns, half.metadata.name, { crashes: false, ready: false })
    await tell(ns, sick.metadata.name, { crashes: true, ready: true })
    await untilStates(ns, ['All Quiet', 'crashing Firing', 'unready Firing'])
    await pause(seconds(5))
    const { status } = await fixture.decided(ns, 'Partial', seconds(60))
    expect([status?.matched, status?.healthy]).to.deep.equal([2, 2])
    expect(status?.lastDecision?.message).to.match(/^Pod\/(sick|half)-\S+: (crashing|unready) holds, but not (crashing|unready): with triggerMatch All nothing is done$/)
    expect(await fixture.actions(ns)).to.deep.equal([])

    await tell(ns, sick.metadata.name, { crashes: true, ready: false })
    const replacement = await podOf(ns, 'sick', sick.metadata.uid)
    await tell(ns, replacement.metadata.name, { crashes: false, ready: true })
    const [action] = await fixture.ended(ns, 1, seconds(180))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec.targetResource.uid).to.equal(sick.metadata.uid)
    expect(action?.spec.trigger.name).to.equal('All')
    expect(action?.spec.trigger.evidence).to.equal('crashing: container app keeps ending, last with exit code 7; unready: ready_percent is 0 (< 100); 5 restarts')
    expect(action?.status?.result?.message).to.include('the combination of crashing and unready quiet')
    await pause(seconds(5))
    expect(await fixture.actions(ns)).to.have.length(1)
    expect(fixture.evictions(ns).map(({ name }) => name)).to.deep.equal([sick.metadata.name])
    expect((await podOf(ns, 'half')).metadata.uid).to.equal(half.metadata.uid)

    await fixture.apply(together(ns, { triggerMatch: 'Any' }))
    const other = await podOf(ns, 'half', half.metadata.uid)
    await tell(ns, other.metadata.name, { crashes: false, ready: true })
    const actions = await fixture.ended(ns, 2, seconds(180))
    expect(actions.map(({ spec }) => spec.trigger.name).toSorted()).to.deep.equal(['All', 'unready'])
    expect(fixture.evictions(ns).map(({ name }) => name)).to.deep.equal([sick.metadata.name, half.metadata.name])
  })

  it('hold over a crash of the controller, and cool down for the longest time', async () => {
    const ns = 'crashed'
    const [sick] = await twoApps(ns)
    await fixture.apply(together(ns, { triggers: TRIGGERS.map((trigger) => (trigger.conditionTrigger === undefined ? trigger : { ...trigger, conditionTrigger: { type: 'CrashLoopBackOff', duration: '20s' } })), safetyRules: { stabilizationWindow: '20s', healthCheckTimeout: '2m' } }))
    await tell(ns, sick.metadata.name, { crashes: true, ready: false })
    await untilStates(ns, ['All Pending', 'crashing Pending', 'unready Firing'])
    const since = (await fixture.policy(ns)).status?.findings?.find(({ trigger }) => trigger === 'All')?.since
    await fixture.installation.killController()
    await fixture.installation.startController()
    const replacement = await podOf(ns, 'sick', sick.metadata.uid)
    await tell(ns, replacement.metadata.name, { crashes: false, ready: true })
    const [action] = await fixture.ended(ns, 1, seconds(240))
    expect(action?.spec.trigger.since).to.equal(since)
    expect(action?.status).to.include({ outcome: 'Effective' })
    await eventually(async () => {
      const ledger = (await fixture.ledgers()).find(({ spec }) => spec.policy?.namespace === ns)?.spec
      const [incident, ...more] = ledger?.incidents ?? []
      expect([more.length, incident?.trigger, incident?.state]).to.deep.equal([0, 'All', 'Ended'])
      expect(Date.parse(incident?.cooldownUntil ?? '') - Date.parse(incident?.endedAt ?? '')).to.equal(30_000)
    }, seconds(60))
  })

  it('the API server refuses an action that is for one of them only, and the door triggers that contradict each other', async () => {
    await fixture.namespace('refused', { healer: false })
    const refused = async (spec: object): Promise<string> => {
      const { code, stderr } = await fixture.cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(together('refused', spec)) })
      expect(code).to.equal(1)
      return stderr
    }
    expect(await refused({ actions: [{ name: 'restart', type: 'restart', triggers: ['crashing'], restartAction: {} }] })).to.include('with triggerMatch: All every action is for all triggers together')
    const empty = { name: 'ready', type: 'metric', metricTrigger: { query: 'ready_percent', operator: '>=', threshold: 100 } }
    expect(await refused({ triggers: [...TRIGGERS, empty] })).to.include('[KS205] no value is both >= 100 and < 100')
  })
})
