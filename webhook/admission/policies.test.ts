import { expect } from 'chai'
import { HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { millis, minutes, seconds } from '../../shared/lib/time.ts'
import { rawPolicy, testPolicy, type PolicyOverrides } from '../../shared/rules/test-policy.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import { KnownPolicies } from './policies.ts'

function setUp() {
  const clock = new FakeClock()
  const cluster = new FakeCluster({ clock, timers: clock })
  const policies = new KnownPolicies({ api: cluster.client('webhook'), timers: clock, random: () => 0, log: silentLogger })
  const seed = (name: string, overrides: PolicyOverrides = {}, rest: Record<string, unknown> = {}): unknown => {
    const { metadata, ...raw } = rawPolicy(overrides)
    return cluster.seed(HEALING_POLICIES, { ...raw, ...rest, apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { ...(metadata as { namespace: string }), name } })
  }
  const names = (overrides: PolicyOverrides = {}): readonly string[] | undefined => policies.around(testPolicy(overrides))?.policies.map(({ metadata }) => metadata.name).sort()
  return { clock, cluster, policies, seed, names }
}
const selecting = (...namespaces: string[]): PolicyOverrides => ({ selector: { namespaces, labelSelector: { matchLabels: { app: 'cart' } } } })

describe('the policies that the door knows', () => {
  it('are those that select a namespace of the new one, wherever they are', async () => {
    const { clock, policies, seed, names } = setUp()
    seed('same')
    seed('away', { namespace: 'bank', ...selecting('shop', 'bank') })
    seed('elsewhere', { namespace: 'bank' })
    policies.start()
    await clock.advance(millis(0))
    expect(names()).to.deep.equal(['away', 'same'])
    expect(names(selecting('bank'))).to.deep.equal(['away', 'elsewhere'])
    await policies.stop()
  })

  it('have all defaults, and of their status what the controller says of them', async () => {
    const { clock, policies, seed } = setUp()
    const condition = (status: string, observedGeneration = 1) => ({ type: 'Accepted', status, reason: 'X', message: '', observedGeneration, lastTransitionTime: '2030-01-01T00:00:00Z' })
    seed('refused', {}, { status: { conditions: [condition('False'), { ...condition('True'), type: 'Ready' }] } })
    seed('accepted', {}, { status: { conditions: [condition('True')] } })
    seed('mended', {}, { status: { conditions: [condition('False', 0)] } })
    seed('new')
    policies.start()
    await clock.advance(millis(0))
    const around = policies.around(testPolicy())
    expect(around?.policies.map((policy) => [policy.metadata.name, policy.spec.suspend, policy.spec.selector.resources?.length, policy.status?.conditions?.length, around.goesFirst(policy)]).sort()).to.deep.equal([
      ['accepted', false, 1, 1, true],
      ['mended', false, 1, 1, true],
      ['new', false, 1, 0, true],
      ['refused', false, 1, 1, false],
    ])
    await policies.stop()
  })

  it('are none that are going away, and those of an odd status are there without it', async () => {
    const { clock, cluster, policies, seed, names } = setUp()
    seed('odd-conditions', {}, { status: { conditions: 'none' } })
    seed('odd-condition', {}, { status: { conditions: [null, 7] } })
    seed('going')
    cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'going' }, (stored) => ({ ...stored, metadata: { ...stored.metadata, finalizers: ['x/y'], deletionTimestamp: '2030-01-01T00:00:00Z' } }))
    policies.start()
    await clock.advance(millis(0))
    expect(names()).to.deep.equal(['odd-condition', 'odd-conditions'])
    expect(policies.around(testPolicy())?.policies.map(({ status }) => status?.conditions)).to.deep.equal([[], []])
    await policies.stop()
  })

  it('what has not the shape of a policy is in nobody\'s way', async () => {
    const { clock, policies, seed, names } = setUp()
    seed('odd', {}, { spec: { selector: 'all' } })
    policies.start()
    await clock.advance(millis(0))
    expect(names()).to.deep.equal([])
    await policies.stop()
  })

  it('are not known before the first list, nor when nothing was heard for long', async () => {
    const { clock, cluster, policies, names } = setUp()
    expect(names()).to.equal(undefined)
    policies.start()
    await clock.advance(millis(0))
    expect(names()).to.deep.equal([])
    cluster.watches.hang()
    cluster.faults.add(() => ({ when: 'before', answer: 'reset' }))
    await clock.advance(minutes(5))
    expect(names()).to.deep.equal([])
    await clock.advance(minutes(2))
    expect(names()).to.equal(undefined)
    await policies.stop()
  })

  it('the door waits for them, but not for ever', async () => {
    const { clock, cluster, policies } = setUp()
    cluster.faults.add(() => ({ when: 'before', answer: 'reset' }))
    policies.start()
    expect(policies.problem).to.match(/^policies are not listed yet/)
    await clock.advance(seconds(10))
    expect(policies.problem).to.match(/^policies are not listed yet: the API server does not answer; /)
    await clock.advance(millis(1))
    expect(policies.problem).to.equal(undefined)
    await policies.stop()
  })

  it('nor longer than they take', async () => {
    const { clock, policies } = setUp()
    policies.start()
    await clock.advance(millis(0))
    expect(policies.problem).to.equal(undefined)
    await policies.stop()
  })
})
