import { expect } from 'chai'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { indexWorkloads, ownerChain, sameSubject } from './owners.ts'
import { select } from './select.ts'
import { cart, cartSet, chained, deployment, ownedBy, pod, policy, workload } from './testing/builders.ts'

type Selector = HealingPolicySpec['selector']
const PODS = { apiVersion: 'v1', kind: 'Pod' }
const DEPLOYMENTS = { apiVersion: 'apps/v1', kind: 'Deployment' }
const labels = { labelSelector: { matchLabels: { app: 'cart' } } }

const [canary, canarySet] = deployment('cart-canary', { labels: { app: 'cart' } })
const world = {
  objects: [],
  workloads: [cart, cartSet, canary, canarySet],
  pods: [pod('cart-0'), pod('cart-1'), pod('cart-canary-0', { owner: ownedBy(canarySet) }), pod('stock-0', { labels: { app: 'stock' }, owner: undefined })],
}

describe('selection', () => {
  const cases: readonly [string, Selector, readonly string[], number][] = [
    ['by labels', { ...labels, resources: [PODS] }, ['cart-0', 'cart-1', 'cart-canary-0'], 3],
    ['nothing without a label selector', { resources: [PODS] }, [], 0],
    ['nothing by an empty label selector', { labelSelector: {}, resources: [PODS] }, [], 0],
    ['nothing by empty labels and expressions', { labelSelector: { matchLabels: {}, matchExpressions: [] }, resources: [PODS] }, [], 0],
    ['by names', { resources: [{ ...PODS, names: ['stock-0'] }] }, ['stock-0'], 1],
    ['by names and an empty label selector', { labelSelector: {}, resources: [{ ...PODS, names: ['stock-0'] }] }, ['stock-0'], 1],
    ['by names and labels that must both match', { ...labels, resources: [{ ...PODS, names: ['stock-0', 'cart-1'] }] }, ['cart-1'], 1],
    ['not what is excluded', { ...labels, resources: [{ ...PODS, excludeNames: ['cart-0'] }] }, ['cart-1', 'cart-canary-0'], 2],
    ['not what is excluded, though another entry names it', { ...labels, resources: [{ ...PODS, excludeNames: ['cart-0'] }, { ...PODS, names: ['cart-0'] }] }, ['cart-1', 'cart-canary-0'], 2],
    ['the pods of selected workloads', { ...labels, resources: [DEPLOYMENTS] }, ['cart-0', 'cart-1', 'cart-canary-0'], 2],
    ['the pods of a workload by its name', { resources: [{ ...DEPLOYMENTS, names: ['cart'] }] }, ['cart-0', 'cart-1'], 1],
    ['no pods of an excluded workload', { ...labels, resources: [{ ...DEPLOYMENTS, excludeNames: ['cart-canary'] }] }, ['cart-0', 'cart-1'], 1],
    ['no pods of an excluded workload, though the pods match', { ...labels, resources: [PODS, { ...DEPLOYMENTS, excludeNames: ['cart-canary'] }] }, ['cart-0', 'cart-1'], 3],
    ['no excluded pods of a selected workload', { ...labels, resources: [DEPLOYMENTS, { ...PODS, excludeNames: ['cart-0'] }] }, ['cart-1', 'cart-canary-0'], 4],
    ['no kind of another group', { ...labels, resources: [{ apiVersion: 'v1', kind: 'Deployment' }] }, [], 0],
    ['nothing in another namespace', { ...labels, namespaces: ['stock'], resources: [PODS] }, [], 0],
  ]
  for (const [title, selector, names, matched] of cases) {
    it(`selects ${title}`, () => {
      const selection = select(policy({ selector }), world)
      expect({ names: selection.pods.map((p) => p.object.ref.name), matched: selection.matched }).to.deep.equal({ names, matched })
    })
  }
  it('shows what was read by its scale once, as it is watched, and none of its pods', () => {
    const kind = { apiVersion: 'example.com/v1', kind: 'Cache' }
    const cache = workload('Cache', 'sessions', { ref: { ...cart.ref, ...kind, name: 'sessions', uid: 'uid-sessions' }, labels: { app: 'cart' }, resourceVersion: '9', scale: { plural: 'caches', replicas: 3 } })
    const { shape: _, ref, resourceVersion: __, labels: own, ignored, deleting, createdAt, owner, conditions } = cache
    const watched = { shape: 'Object', ref, resourceVersion: '8', labels: own, ignored, deleting, createdAt, owner, conditions } as const
    const selection = select(policy({ selector: { ...labels, resources: [kind] } }), { pods: [pod('cart-0', { owner: ownedBy(cache) })], workloads: [cache], objects: [watched] })
    expect(selection.pods).to.deep.equal([])
    expect(selection.objects.map(({ object }) => object)).to.deep.equal([{ ...watched, resourceVersion: '9' }])
    expect(selection.matched).to.equal(1)
  })
  it('never reaches a pod of another namespace that was handed to it', () => {
    const stranger = pod('cart-0')
    expect(select(policy(), { pods: [{ ...stranger, ref: { ...stranger.ref, namespace: 'bank' } }], workloads: [], objects: [] })).to.deep.equal({ pods: [], objects: [], matched: 0 })
  })
})

describe('owner chain', () => {
  const byUid = indexWorkloads([cart, cartSet])
  it('leads from a pod over its ReplicaSet to its Deployment', () => {
    const chain = ownerChain(pod(), byUid)
    expect(chain.workloads.map((w) => w.ref.kind)).to.deep.equal(['ReplicaSet', 'Deployment'])
    expect(chain).to.deep.include({ subject: cart.ref, incomplete: false })
  })
  it('of a pod without owner ends at the pod', () => {
    const bare = pod('bare', { owner: undefined })
    expect(ownerChain(bare, byUid)).to.deep.equal({ workloads: [], subject: bare.ref, incomplete: false })
  })
  it('is incomplete while an owner of a watched kind has not been seen', () => {
    expect(ownerChain(pod(), indexWorkloads([])).incomplete).to.equal(true)
    expect(ownerChain(pod(), indexWorkloads([cartSet]))).to.deep.include({ incomplete: true, subject: cart.ref })
  })
  it('ends at an owner of a kind that is not watched', () => {
    const rollout = workload('Rollout', 'cart', { ref: { ...cart.ref, apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', uid: 'uid-rollout' } })
    expect(ownerChain(pod('cart-0', { owner: ownedBy(rollout) }), byUid)).to.deep.equal({ workloads: [], subject: rollout.ref, incomplete: false })
  })
  it('ends at what is known by its scale, whoever controls that: it is seen only now and then', () => {
    const cache = workload('Cache', 'sessions', { owner: ownedBy(cart), scale: { plural: 'caches', replicas: 1 } })
    for (const seen of [[], [cache]]) expect(ownerChain(pod('cart-0', { owner: ownedBy(cache) }), indexWorkloads([...seen, cart])).subject).to.deep.equal({ ...ownedBy(cache), namespace: 'shop' })
  })
  it('that runs in a circle is incomplete', () => {
    const circle = workload('Deployment', 'cart', { owner: ownedBy(cart) })
    expect(ownerChain(pod('cart-0', { owner: ownedBy(circle) }), indexWorkloads([circle])).incomplete).to.equal(true)
  })
  it('does not take a recreated owner of the same name for the old one', () => {
    expect(ownerChain(pod(), indexWorkloads([{ ...cartSet, ref: { ...cartSet.ref, uid: 'uid-other' } }])).incomplete).to.equal(true)
  })
  it('a subject is the same by name, whatever its uid', () => {
    expect(sameSubject(cart.ref, { ...cart.ref, uid: 'uid-other' } as typeof cart.ref)).to.equal(true)
    for (const other of [{ name: 'x' }, { kind: 'StatefulSet' }, { apiVersion: 'apps/v2' }, { namespace: 'bank' }]) expect(sameSubject(cart.ref, { ...cart.ref, ...other })).to.equal(false)
    expect(chained(pod()).chain.subject.name).to.equal('cart')
  })
})
