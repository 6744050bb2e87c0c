/** Two policies that cannot both act: exactly one is stopped, whoever was first stays, and it stays so over restarts. */
import { expect } from 'chai'
import type { HealingPolicy, HealingPolicySpec } from '../shared/api/v1alpha1/types.ts'
import { HEALING_POLICIES, PODS } from '../shared/kube/resources.ts'
import { minutes, seconds } from '../shared/lib/time.ts'
import { buildPolicy, buildTrigger } from '../shared/testing/builders/objects.ts'
import { NAMESPACE, Town, type TownOptions } from './testing/town.ts'

const OPS = 'ops'
const selector = { labelSelector: { matchLabels: { app: 'cart' } } }
/** Deletes what the town's own policy evicts. */
const deletes: Partial<HealingPolicySpec> = { selector, actions: [{ name: 'delete', type: 'delete', priority: 50, target: 'Pod', deleteAction: {} }] }

describe('policies that are in conflict', () => {
  let town: Town
  const setUp = (options: TownOptions = {}): void => {
    // Triggers that no pod meets: here only policies are judged.
    town = new Town({ spec: { triggers: [buildTrigger({ conditionTrigger: { type: 'OOMKilled', status: 'True', duration: '5s' } })] }, ...options })
  }
  afterEach(async () => {
    await town.stop()
  })

  const add = (name: string, spec: Partial<HealingPolicySpec> = {}, namespace = NAMESPACE): void => {
    const { apiVersion, kind, spec: built } = buildPolicy({ spec: { triggers: [buildTrigger({ conditionTrigger: { type: 'OOMKilled', status: 'True', duration: '5s' } })], ...deletes, ...spec } })
    town.cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { name, namespace, generation: 1 }, spec: built })
  }
  const find = (name: string, namespace = NAMESPACE) => town.cluster.must(HEALING_POLICIES, { namespace, name }) as unknown as HealingPolicy
  const accepted = (name: string, namespace = NAMESPACE): string | undefined => {
    const found = find(name, namespace).status?.conditions?.find(({ type }) => type === 'Accepted')
    return found === undefined ? undefined : `${found.status} ${found.reason}`
  }
  const both = (): readonly (string | undefined)[] => [accepted('cart'), accepted('other')]
  const edit = (name: string, change: Partial<HealingPolicySpec>): void =>
    void town.cluster.change(HEALING_POLICIES, { namespace: NAMESPACE, name }, (policy) => ({
      ...policy,
      metadata: { ...policy.metadata, generation: (policy.metadata.generation ?? 1) + 1 },
      spec: { ...(policy['spec'] as object), ...change },
    }))
  const STOPPED_OTHER = ['True Accepted', 'False Conflict']

  it('of two that came at once the one with the lesser name stays, and the reason names the other and counts', async () => {
    setUp()
    add('other')
    await town.start()
    await town.live(seconds(5))
    expect(both()).to.deep.equal(STOPPED_OTHER)
    const message = find('other').status?.conditions?.find(({ type }) => type === 'Accepted')?.message
    expect(message).to.equal('[KS501] spec.actions[0]: policy "shop/cart" restarts what "other" deletes: both select 1 workload now')
  })

  it('nothing changes by waiting or by a restart', async () => {
    setUp()
    add('other')
    await town.start()
    await town.live(seconds(5))
    const versions = (): readonly string[] => [find('cart'), find('other')].map(({ metadata }) => metadata.resourceVersion)
    const before = versions()
    await town.live(minutes(2))
    expect(versions()).to.deep.equal(before)
    town.crash('controller-1')
    await town.start('controller-2')
    await town.live(minutes(2))
    expect(both()).to.deep.equal(STOPPED_OTHER)
    expect(versions()).to.deep.equal(before)
  })

  it('who was accepted first stays, though the other one has the lesser name', async () => {
    setUp()
    await town.start()
    await town.live(seconds(5))
    add('a')
    await town.live(seconds(5))
    expect([accepted('cart'), accepted('a')]).to.deep.equal(STOPPED_OTHER)
  })

  it('and stays through an edit of its own, and when an older one becomes automatic', async () => {
    setUp()
    add('a', { mode: 'dryrun' })
    await town.start()
    await town.live(seconds(5))
    edit('a', { mode: 'automatic' })
    await town.live(seconds(5))
    expect([accepted('cart'), accepted('a')]).to.deep.equal(STOPPED_OTHER)
    edit('cart', { safetyRules: { ...find('cart').spec.safetyRules, maxActionsPerHour: 7 } })
    await town.live(seconds(5))
    expect([accepted('cart'), accepted('a')]).to.deep.equal(STOPPED_OTHER)
  })

  for (const [title, go] of [
    ['is suspended', () => edit('cart', { suspend: true })],
    ['only looks', () => edit('cart', { mode: 'monitor' })],
    ['selects other objects', () => edit('cart', { selector: { labelSelector: { matchLabels: { app: 'till' } } } })],
    ['is gone', () => town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' })],
  ] as const) {
    it(`the stopped one goes on when the other ${title}`, async () => {
      setUp()
      add('other')
      await town.start()
      await town.live(seconds(5))
      expect(both()).to.deep.equal(STOPPED_OTHER)
      go()
      await town.live(seconds(5))
      expect(accepted('other')).to.equal('True Accepted')
    })
  }

  it('and the one that comes back is stopped then', async () => {
    setUp()
    add('other')
    await town.start()
    await town.live(seconds(5))
    edit('cart', { suspend: true })
    await town.live(seconds(5))
    edit('cart', { suspend: false })
    await town.live(seconds(5))
    expect(both()).to.deep.equal(['False Conflict', 'True Accepted'])
  })

  it('what is shared comes and goes, and the verdict does not', async () => {
    setUp()
    add('other', { selector: { labelSelector: { matchLabels: { tier: 'web' } } } })
    await town.start()
    await town.live(seconds(5))
    expect(both()).to.deep.equal(['True Accepted', 'True Accepted'])
    const [pod] = town.cluster.all(PODS)
    const relabel = (labels: Record<string, string>): void => void town.cluster.change(PODS, { namespace: NAMESPACE, name: pod?.metadata.name ?? '' }, (found) => ({ ...found, metadata: { ...found.metadata, labels } }))
    relabel({ app: 'cart', tier: 'web' })
    await town.live(seconds(5))
    expect(both()).to.deep.equal(STOPPED_OTHER)
    relabel({ app: 'cart' })
    await town.live(seconds(5))
    expect(both()).to.deep.equal(STOPPED_OTHER)
    edit('other', { selector: { labelSelector: { matchLabels: { tier: 'db' } } } })
    await town.live(seconds(5))
    expect(both()).to.deep.equal(['True Accepted', 'True Accepted'])
  })

  it('one that is stopped stops nobody: whom it alone kept stopped goes on', async () => {
    const web = { selector: { labelSelector: { matchLabels: { tier: 'web' } } } }
    const restarts = { ...web, actions: [{ name: 'restart', type: 'restart', priority: 50, target: 'Pod', restartAction: { strategy: 'rolling' } }] } as Partial<HealingPolicySpec>
    setUp()
    add('other', web)
    await town.start()
    await town.live(seconds(5))
    add('third', restarts)
    await town.live(seconds(5))
    const all = (): readonly (string | undefined)[] => [...both(), accepted('third')]
    expect(all()).to.deep.equal(['True Accepted', 'True Accepted', 'False Conflict'])
    // Now the first two share a pod, and the first was there before.
    const [pod] = town.cluster.all(PODS)
    town.cluster.change(PODS, { namespace: NAMESPACE, name: pod?.metadata.name ?? '' }, (found) => ({ ...found, metadata: { ...found.metadata, labels: { app: 'cart', tier: 'web' } } }))
    await town.live(seconds(5))
    expect(all()).to.deep.equal(['True Accepted', 'False Conflict', 'True Accepted'])
    const versions = (): readonly string[] => ['cart', 'other', 'third'].map((name) => find(name).metadata.resourceVersion)
    const before = versions()
    await town.live(minutes(2))
    expect(versions()).to.deep.equal(before)
    // It acts now, so it stays when the one between them could come back.
    edit('cart', { suspend: true })
    await town.live(seconds(5))
    expect(all()).to.deep.equal(['True Accepted', 'False Conflict', 'True Accepted'])
    edit('third', { suspend: true })
    await town.live(seconds(5))
    expect(accepted('other')).to.equal('True Accepted')
  })

  for (const names of [['cart', 'm', 'x'], ['cart', 'x', 'm'], ['cart', 'a', 'b']]) {
    it(`three at once of which the middle one is in the way of both (${names.join(', ')}): it alone is stopped, or the two are`, async () => {
      const [, middle = '', last = ''] = names
      setUp()
      add(middle)
      add(last, { actions: [{ name: 'restart', type: 'restart', priority: 50, target: 'Pod', restartAction: { strategy: 'rolling' } }] })
      await town.start()
      await town.live(seconds(10))
      const expected = middle < 'cart' ? ['False Conflict', 'True Accepted', 'False Conflict'] : ['True Accepted', 'False Conflict', 'True Accepted']
      expect(names.map((name) => accepted(name))).to.deep.equal(expected)
    })
  }

  it('one that is refused for something else stops nobody', async () => {
    setUp()
    edit('cart', { safetyRules: { ...find('cart').spec.safetyRules, maxActionsPerHour: 99 } })
    add('other')
    await town.start()
    await town.live(seconds(5))
    expect(both()).to.deep.equal(['False NotAccepted', 'True Accepted'])
  })

  it('the stopped one does nothing, and the other one heals', async () => {
    const firing = [buildTrigger({ conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '5s' } })]
    setUp({ spec: { triggers: firing } })
    add('other', { triggers: firing })
    await town.start()
    await town.live(minutes(3))
    expect(town.actions.map(({ spec, status }) => `${spec.policyRef.name} ${spec.action.type} ${status?.outcome}`)).to.deep.equal(['cart restart Effective'])
    expect(both()).to.deep.equal(STOPPED_OTHER)
  })

  describe('of another namespace', () => {
    const foreign: Partial<HealingPolicySpec> = { selector: { ...selector, namespaces: [NAMESPACE] } }
    let consents: boolean
    beforeEach(() => {
      consents = true
      setUp({ home: OPS, consents: () => consents, spec: { triggers: [buildTrigger({ conditionTrigger: { type: 'OOMKilled', status: 'True', duration: '5s' } })], ...foreign } })
      add('other')
    })
    it('stand in each other\'s way where it is let in, and are not named', async () => {
      await town.start()
      await town.live(seconds(5))
      expect([accepted('cart', OPS), accepted('other')]).to.deep.equal(STOPPED_OTHER)
      expect(find('other').status?.conditions?.find(({ type }) => type === 'Accepted')?.message).to.contain('a policy of another namespace restarts what "other" deletes').and.not.to.contain(OPS)
    })
    it('do not where it is not', async () => {
      consents = false
      await town.start()
      await town.live(seconds(5))
      expect([accepted('cart', OPS), accepted('other')]).to.deep.equal(['True Accepted', 'True Accepted'])
    })
  })
})
