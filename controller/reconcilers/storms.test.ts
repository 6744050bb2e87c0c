import { expect } from 'chai'
import type { HealingPolicySpec, StoredLedgerSpec } from '../../shared/api/v1alpha1/types.ts'
import { HEALING_LEDGERS, HEALING_POLICIES, PODS } from '../../shared/kube/resources.ts'
import { formatInstant, minutes, seconds } from '../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from '../healing/installation.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { NAMESPACE, Town, type TownOptions } from '../testing/town.ts'

const rules = (overrides: Partial<HealingPolicySpec['safetyRules']> = {}): Pick<HealingPolicySpec, 'safetyRules'> => ({
  safetyRules: { ...buildPolicy().spec.safetyRules, maxUnhealthy: '20%', stabilizationWindow: '1m', ...overrides },
})

describe('a storm', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const begin = async (healthy: number, broken: number, options: TownOptions = {}): Promise<void> => {
    town = new Town({ spec: rules(), ...options })
    // The town has one broken pod of its own.
    for (let i = 1; i < broken; i++) town.pod('broken')
    for (let i = 0; i < healthy; i++) town.pod('healthy')
    await town.start()
  }
  const decision = () => town.policy.status?.lastDecision?.reason
  const ready = () => town.policy.status?.conditions?.find(({ type }) => type === 'Ready')
  const cluster = () => (town.cluster.all(HEALING_LEDGERS).find(({ metadata }) => metadata.name === 'shared-cluster') as unknown as { spec: StoredLedgerSpec } | undefined)?.spec.budget?.storm
  /** So many of the broken pods get well by themselves. */
  const recover = (count: number): void => {
    const at = formatInstant(town.clock.now()).replace(/\.\d+Z/, 'Z')
    const broken = town.cluster.all(PODS).filter((pod) => JSON.stringify(pod['status']).includes('CrashLoopBackOff'))
    for (const { metadata } of broken.slice(0, count)) {
      const status = { phase: 'Running', containerStatuses: [{ name: 'app', ready: true, restartCount: 3, state: { running: { startedAt: at } } }], conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at }] }
      town.cluster.change(PODS, metadata, (pod) => ({ ...pod, status }))
    }
  }

  it('stops a policy, is told once, and is over only after a while of calm', async () => {
    await begin(5, 5)
    await town.live(minutes(5))
    expect([town.evictions.length, decision(), ready()?.reason, ready()?.status]).to.deep.equal([0, 'StormGate', 'StormGate', 'False'])
    expect(town.ledger?.storm).to.have.keys('since')
    expect(town.events.filter(({ reason }) => reason === 'StormGate')).to.have.lengthOf(1)
    expect(town.ledger?.entries).to.deep.equal([])

    // 4 of 10: less than before, and still no calm.
    recover(1)
    await town.live(minutes(10))
    expect([town.evictions.length, decision()]).to.deep.equal([0, 'StormGate'])
    // One of ten is left. What recovers counts as ill until it has been well for the stabilization window.
    recover(3)
    await town.live(seconds(50))
    expect(town.evictions).to.have.length(0)
    await town.live(minutes(4))
    expect([town.evictions.length, town.actions.length]).to.deep.equal([1, 1])
    await town.live(minutes(5))
    expect([town.ledger?.storm, ready()?.status]).to.deep.equal([undefined, 'True'])
  })

  it('outlives a restart of the controller', async () => {
    await begin(5, 5)
    await town.live(minutes(1))
    expect(decision()).to.equal('StormGate')
    town.crash('controller-1')
    recover(4)
    await town.start('controller-2')
    await town.live(seconds(30))
    expect([town.evictions.length, decision()]).to.deep.equal([0, 'StormGate'])
  })

  it('that begins between a decision and its write stops the write', async () => {
    town = new Town({ spec: rules() })
    for (let i = 0; i < 9; i++) town.pod('healthy')
    const release = town.cluster.faults.add((call) => (call.subresource === 'eviction' ? { when: 'before', answer: 'reset' } : undefined))
    await town.start()
    await town.live(seconds(8))
    expect(town.actions).to.have.length(1)
    const crashed = { name: 'app', ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: formatInstant(town.clock.now()) } } }
    for (const { metadata } of town.cluster.all(PODS)) {
      town.cluster.change(PODS, metadata, (pod) => ({ ...pod, status: { phase: 'Running', containerStatuses: [crashed], conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: formatInstant(town.clock.now()) }] } }))
    }
    await town.live(seconds(10))
    release()
    await town.live(minutes(2))
    expect(town.evictions).to.deep.equal([])
    expect(town.actions.map(({ status }) => [status?.phase, status?.result?.reason])).to.deep.equal([['Cancelled', 'StormGate']])
  })

  it('of the whole cluster stops a policy that sees little of it', async () => {
    town = new Town({ spec: rules({ maxUnhealthy: '100%' }) })
    for (let i = 1; i < 14; i++) town.pod('broken')
    for (let i = 0; i < 6; i++) town.pod('healthy')
    // A second policy with one broken pod and none besides.
    const { apiVersion, kind, metadata, spec: whole } = town.policy
    const at = formatInstant(town.clock.now())
    const [broken] = town.cluster.all(PODS)
    if (broken === undefined) throw new Error('no pod')
    const { uid: _, resourceVersion: __, ...kept } = broken.metadata
    town.cluster.seed(PODS, { ...broken, metadata: { ...kept, name: 'lonely', labels: { app: 'lonely' }, creationTimestamp: at } })
    town.cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { name: 'lonely', namespace: metadata.namespace ?? NAMESPACE, generation: 1 }, spec: { ...whole, selector: { ...whole.selector, labelSelector: { matchLabels: { app: 'lonely' } } } } })
    await town.start()
    await town.live(minutes(3))
    expect(cluster()).to.have.keys('since')
    const reasons = town.cluster.all(HEALING_POLICIES).map((policy) => (policy as unknown as { status: { lastDecision: { reason: string; message: string } } }).status.lastDecision)
    expect(reasons.map(({ reason }) => reason)).to.deep.equal(['StormGate', 'StormGate'])
    expect(reasons[1]?.message).to.contain('of all policies')

    expect(town.actions).to.deep.equal([])

    recover(15)
    await town.live(minutes(4))
    expect(cluster()).to.have.keys('since', 'calmSince')
    // Each counts as ill for another minute: the stabilization window.
    await town.live(minutes(3))
    expect(cluster()).to.have.keys('since', 'easingSince')
    await town.live(minutes(6))
    expect(cluster()).to.equal(undefined)
  })

  it('is none while all automatic policies together select less than the installation counts', async () => {
    await begin(0, 19, { spec: rules({ maxUnhealthy: '100%' }) })
    await town.live(minutes(1))
    expect([cluster(), town.actions.length]).to.deep.equal([undefined, 1])
    expect(DEFAULT_INSTALLATION.storm.minimum).to.equal(20)
  })
})
