import { expect } from 'chai'
import * as fc from 'fast-check'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { changeOf, concerns, subjectsOf } from './concern.ts'
import type { OwnerFinder } from './owners.ts'
import { select } from './select.ts'
import type { PodView, WorkloadView } from './snapshot.ts'
import { cart, cartSet, deployment, ownedBy, pod, policy } from './testing/builders.ts'

const PODS = { apiVersion: 'v1', kind: 'Pod' }
const DEPLOYMENTS = { apiVersion: 'apps/v1', kind: 'Deployment' }
const SETS = { apiVersion: 'apps/v1', kind: 'ReplicaSet' }
const ofCart = { labelSelector: { matchLabels: { app: 'cart' } } }
const [stock, stockSet] = deployment('stock', { labels: { app: 'stock' } })
const WORKLOADS = [cart, cartSet, stock, stockSet]

interface Seen {
  readonly pods: readonly PodView[]
  readonly workloads: readonly WorkloadView[]
}
const finder = ({ workloads }: Seen): OwnerFinder => (owner, namespace) => workloads.find(({ ref }) => ref.kind === owner.kind && ref.name === owner.name && ref.namespace === namespace)
const selected = (selector: HealingPolicySpec['selector'], seen: Seen) => select(policy({ selector }), { ...seen, objects: [] })

describe('whom a change is for', () => {
  const world: Seen = { pods: [pod('cart-0'), pod('stock-0', { labels: { app: 'stock' }, owner: ownedBy(stockSet) })], workloads: WORKLOADS }
  const isFor = (selector: HealingPolicySpec['selector'], ...versions: (PodView | WorkloadView)[]): boolean =>
    concerns(policy({ selector }), subjectsOf(selected(selector, world)), changeOf(versions, finder(world)))
  const byPods = { ...ofCart, resources: [PODS] }
  const byName = { resources: [{ ...DEPLOYMENTS, names: ['cart'] }] }

  const cases: readonly [string, boolean, HealingPolicySpec['selector'], ...(PodView | WorkloadView)[]][] = [
    ['a pod that is selected', true, byPods, pod('cart-0')],
    ['a new pod that is selected', true, byPods, pod('lone', { owner: undefined })],
    ['a pod of a selected workload', true, byName, pod('cart-9', { labels: {} })],
    ['a pod beside a selected one, of the same workload', true, { resources: [{ ...PODS, names: ['cart-0'] }] }, pod('cart-9', { labels: {} })],
    ['the workload of a selected pod', true, { resources: [{ ...PODS, names: ['cart-0'] }] }, { ...cart, labels: {} }],
    ['a pod that was selected before it changed', true, byPods, pod('cart-0'), pod('cart-0', { labels: {}, owner: undefined })],
    ['another pod', false, byPods, pod('stock-0', { labels: { app: 'stock' }, owner: ownedBy(stockSet) })],
    ['another workload', false, byName, stock],
    ['a pod of that name elsewhere', false, byPods, pod('cart-0', { ref: { ...pod().ref, namespace: 'bank' } })],
  ]
  for (const [what, expected, selector, ...versions] of cases) {
    it(`${expected ? 'takes in' : 'leaves out'} ${what}`, () => expect(isFor(selector, ...versions)).to.equal(expected))
  }
  it('takes in everything for a policy that has not looked yet', () => {
    expect(concerns(policy({ selector: byPods }), undefined, changeOf([stock], finder(world)))).to.equal(true)
  })

  it('misses no change of what is selected', () => {
    const labels = fc.constantFrom({ app: 'cart' }, { app: 'stock' }, {})
    const owner = fc.constantFrom(undefined, ownedBy(cartSet), ownedBy(stockSet), { ...ownedBy(cart), apiVersion: 'batch/v1', kind: 'Job', name: 'job', uid: 'uid-job' })
    const aPod = fc.record({ name: fc.constantFrom('cart-0', 'cart-1', 'stock-0'), labels, owner }).map(({ name, ...more }) => pod(name, more))
    const aWorkload = fc.tuple(fc.constantFrom(...WORKLOADS), labels).map(([of, its]): WorkloadView => ({ ...of, labels: its }))
    const seen: fc.Arbitrary<Seen> = fc.record({
      pods: fc.uniqueArray(aPod, { maxLength: 3, selector: ({ ref }) => ref.name }),
      workloads: fc.uniqueArray(aWorkload, { maxLength: 4, selector: ({ ref }) => ref.uid }),
    })
    const entry = fc.constantFrom<NonNullable<HealingPolicySpec['selector']['resources']>[number]>(PODS, DEPLOYMENTS, SETS, { ...PODS, names: ['cart-0'] }, { ...DEPLOYMENTS, names: ['cart'] }, { ...DEPLOYMENTS, excludeNames: ['cart'] }, { ...PODS, excludeNames: ['cart-1'] })
    const selector = fc.record({ labelSelector: fc.constantFrom<Record<string, unknown> | undefined>(undefined, { matchLabels: { app: 'cart' } }), resources: fc.uniqueArray(entry, { minLength: 1, maxLength: 2 }) }, { requiredKeys: ['resources'] }) as fc.Arbitrary<HealingPolicySpec['selector']>
    let missable = 0
    fc.assert(
      fc.property(seen, selector, fc.oneof(aPod, aWorkload), fc.boolean(), (before, by, object, goes) => {
        const old = [...before.pods, ...before.workloads].find(({ ref }) => ref.uid === object.ref.uid)
        const without = <T extends PodView | WorkloadView>(list: readonly T[]): T[] => list.filter(({ ref }) => ref.uid !== object.ref.uid)
        const after: Seen = {
          pods: [...without(before.pods), ...(object.shape === 'Pod' && !goes ? [object] : [])],
          workloads: [...without(before.workloads), ...(object.shape === 'Workload' && !goes ? [object] : [])],
        }
        const [then, now] = [selected(by, before), selected(by, after)]
        const touched = [then, now].some(({ pods, objects }) => [...pods, ...objects].some((one) => one.object.ref.uid === object.ref.uid || one.chain.workloads.some(({ ref }) => ref.uid === object.ref.uid)))
        if (!touched) return
        missable += 1
        const change = changeOf([...(old === undefined ? [] : [old]), ...(goes ? [] : [object])], finder(after))
        expect(concerns(policy({ selector: by }), subjectsOf(then), change)).to.equal(true)
      }),
      { numRuns: 2000 },
    )
    expect(missable).to.be.above(100)
  })
})
