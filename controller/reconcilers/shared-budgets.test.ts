import { expect } from 'chai'
import { HEALER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicy, StoredLedgerSpec } from '../../shared/api/v1alpha1/types.ts'
import type { Resource } from '../../shared/kube/api.ts'
import { DEPLOYMENTS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, PODS, REPLICA_SETS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { hours, minutes, seconds } from '../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from '../healing/installation.ts'
import { NAMESPACE, Town, type TownOptions } from '../testing/town.ts'

const BANK = 'bank'

/** A second namespace with all that the first has, under other names. */
function settle(town: Town): void {
  const { cluster } = town
  const copy = (resource: Resource): void => {
    for (const { metadata, ...rest } of cluster.all(resource)) {
      if (metadata.namespace !== NAMESPACE) continue
      const { resourceVersion: _, uid, ...kept } = metadata
      const ownerReferences = metadata.ownerReferences?.map((owner) => ({ ...owner, uid: `bank-${owner.uid}` }))
      cluster.seed(resource, { ...rest, metadata: { ...kept, namespace: BANK, uid: `bank-${uid}`, ...(ownerReferences === undefined ? {} : { ownerReferences }) } })
    }
  }
  if (!cluster.all(NAMESPACES).some(({ metadata }) => metadata.name === BANK)) cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: BANK } })
  for (const resource of [DEPLOYMENTS, REPLICA_SETS, PODS, SERVICE_ACCOUNTS, HEALING_POLICIES]) copy(resource)
  expect(cluster.all(SERVICE_ACCOUNTS).map(({ metadata }) => metadata.name)).to.deep.equal([HEALER_ACCOUNT, HEALER_ACCOUNT])
}

describe('a budget that policies share', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const begin = async (options: TownOptions = {}): Promise<void> => {
    town = new Town({ installation: { budgets: { ...DEFAULT_INSTALLATION.budgets, cluster: 1 } }, ...options })
    settle(town)
    await town.start()
  }
  const policies = () => town.cluster.all(HEALING_POLICIES) as unknown as readonly HealingPolicy[]
  const decisions = () => policies().map(({ status }) => status?.lastDecision?.reason ?? '').sort()
  const evictedAt = () => town.cluster.journal.effects.filter(({ call }) => call.subresource === 'eviction').length
  const shared = (name: string) => (town.cluster.all(HEALING_LEDGERS).find(({ metadata }) => metadata.name === name) as unknown as { spec: StoredLedgerSpec } | undefined)?.spec.budget

  it('of the cluster is shared by policies of two namespaces: one acts, the other says when it may', async () => {
    await begin()
    await town.live(minutes(10))
    expect(evictedAt()).to.equal(1)
    expect(decisions().filter((reason) => reason === 'BudgetExhausted')).to.have.lengthOf(1)
    const waiting = policies().find(({ status }) => status?.lastDecision?.reason === 'BudgetExhausted')?.status?.lastDecision
    expect(waiting?.message).to.contain('1 of 1 actions of the whole cluster in this hour are used up')
    expect(shared('shared-cluster')?.acts).to.have.lengthOf(1)
    await town.live(minutes(49))
    expect(evictedAt()).to.equal(1)
    await town.live(minutes(3))
    expect(evictedAt()).to.equal(2)
  })

  it('of a namespace is not shared with another one', async () => {
    await begin({ installation: { budgets: { namespace: 1, cluster: 10 } } })
    await town.live(minutes(10))
    expect(evictedAt()).to.equal(2)
    expect([shared(`shared-namespace-${NAMESPACE}`)?.acts.length, shared(`shared-namespace-${BANK}`)?.acts.length, shared('shared-cluster')?.acts.length]).to.deep.equal([1, 1, 2])
  })

  it('of a namespace is shared by its policies', async () => {
    town = new Town({ replacement: 'broken', installation: { budgets: { namespace: 1, cluster: 10 } } })
    const { apiVersion, kind, metadata, spec } = town.policy
    town.cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { name: 'second', namespace: metadata.namespace ?? '', generation: 1 }, spec: { ...spec } })
    await town.start()
    await town.live(minutes(50))
    expect([evictedAt(), shared(`shared-namespace-${NAMESPACE}`)?.acts.length]).to.deep.equal([1, 1])
    expect(decisions()).to.deep.equal(['BudgetExhausted', 'Escalated'])
  })

  it('of a namespace stays when the ledger of its first policy goes, while another one has acted within the hour', async () => {
    town = new Town({ replacement: 'broken' })
    const { apiVersion, kind, metadata, spec } = town.policy
    const second = { namespace: metadata.namespace ?? '', name: 'second' }
    await town.start()
    await town.live(minutes(1))
    town.cluster.drop(HEALING_POLICIES, { namespace: second.namespace, name: metadata.name })
    await town.clock.advance(minutes(24 * 60 - 20))
    town.cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { ...second, generation: 1 }, spec: { ...spec } })
    await town.live(minutes(5))
    expect(shared(`shared-namespace-${NAMESPACE}`)?.acts.some(({ policy }) => policy.name === 'second')).to.equal(true)
    town.cluster.drop(HEALING_POLICIES, second)
    await town.clock.advance(minutes(30))
    expect(shared(`shared-namespace-${NAMESPACE}`)?.acts.some(({ policy }) => policy.name === 'second')).to.equal(true)
    await town.clock.advance(hours(25))
    expect(town.cluster.all(HEALING_LEDGERS).filter(({ metadata: { name } }) => name.includes('namespace'))).to.deep.equal([])
  })

  it('takes nothing for a dry run', async () => {
    await begin({ spec: { mode: 'dryrun' } })
    await town.live(minutes(2))
    expect(town.cluster.all(HEALING_LEDGERS).filter(({ metadata }) => metadata.name.startsWith('shared'))).to.deep.equal([])
    expect(decisions()).to.deep.equal(['DryRunDone', 'DryRunDone'])
  })

  it('that is malformed stops all who share it, and is never taken for empty', async () => {
    await begin()
    await town.live(seconds(3))
    town.cluster.seed(HEALING_LEDGERS, { apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingLedger', metadata: { name: 'shared-cluster', namespace: DEFAULT_INSTALLATION.operatorNamespace }, spec: { budget: { scope: 'Cluster', acts: 'none' } } })
    await town.live(minutes(3))
    expect(evictedAt()).to.equal(0)
    expect(policies().map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.reason)).to.deep.equal(['LedgerUnreadable', 'LedgerUnreadable'])
  })

  it('that a person deletes is made again from what is known', async () => {
    await begin()
    await town.live(minutes(5))
    expect(evictedAt()).to.equal(1)
    town.cluster.drop(HEALING_LEDGERS, { namespace: DEFAULT_INSTALLATION.operatorNamespace, name: 'shared-cluster' })
    await town.live(minutes(20))
    expect([evictedAt(), shared('shared-cluster')?.acts.length]).to.deep.equal([1, 1])
  })

  it('lets no more through when a controller dies at any of its writes, and goes on for all', async () => {
    for (let nth = 1; nth <= 14; nth++) {
      town = new Town({ seed: nth, installation: { budgets: { namespace: 10, cluster: 1 } } })
      settle(town)
      town.crashAtWrite('controller-1', nth)
      await town.start('controller-1')
      await town.live(minutes(1))
      await town.start('controller-2')
      await town.clock.advance(minutes(50))
      expect(evictedAt(), `write ${nth}`).to.be.at.most(1)
      // One too many of the dead one may hold it for its hour, and no longer.
      await town.clock.advance(hours(2))
      expect(evictedAt(), `write ${nth}`).to.equal(2)
      await town.stop()
    }
  }).timeout(240_000)
})
