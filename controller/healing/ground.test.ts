import { expect } from 'chai'
import { PAUSE_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { changedSince, type Ground } from './ground.ts'
import type { NamespaceView } from './snapshot.ts'
import { cart, cartSet } from './testing/builders.ts'

const stored = (metadata: Partial<HealingPolicy['metadata']> = {}, status: HealingPolicy['status'] = {}): HealingPolicy => {
  const { metadata: given, ...policy } = buildPolicy({})
  return { ...policy, metadata: { ...given, uid: 'uid-policy', resourceVersion: '7', generation: 1, ...metadata }, status }
}
const home: NamespaceView = { name: 'shop', ignored: false, paused: undefined, deleting: false }
const abroad: NamespaceView = { ...home, name: 'bank' }
const looked: Ground = { policy: stored(), namespaces: [home, abroad], owners: [cartSet, cart] }

describe('what an act stands on', () => {
  for (const [title, now, named] of [
    ['is as it was', {}, undefined],
    ['is another policy of the name', { policy: stored({ uid: 'uid-other' }) }, 'the policy'],
    ['is a policy that was edited', { policy: stored({ generation: 2 }) }, 'the policy'],
    ['is a policy that was paused', { policy: stored({ annotations: { [PAUSE_ANNOTATION]: '' } }) }, 'the policy'],
    ['is a policy on its way out', { policy: stored({ deletionTimestamp: '2030-01-01T00:00:00Z' }) }, 'the policy'],
    ['is no policy any more', { policy: undefined }, 'the policy'],
    ['does not change with what is written to the status', { policy: stored({ resourceVersion: '8' }, { observedGeneration: 1 }) }, undefined],
    ['does not change with other annotations', { policy: stored({ annotations: { note: 'x' } }) }, undefined],
    ['is a namespace that opted out', { namespaces: [{ ...home, ignored: true }, abroad] }, 'namespace shop'],
    ['is a namespace elsewhere that was paused', { namespaces: [home, { ...abroad, paused: 'release' }] }, 'namespace bank'],
    ['is a namespace that has gone', { namespaces: [undefined, abroad] }, 'namespace shop'],
    ['is an owner that opted out', { owners: [cartSet, { ...cart, ignored: true }] }, 'Deployment/cart'],
    ['is an owner with another label', { owners: [{ ...cartSet, labels: { role: 'primary' } }, cart] }, 'ReplicaSet/cart-5d'],
    ['is an owner that belongs to somebody', { owners: [cartSet, { ...cart, owner: { apiVersion: 'x/v1', kind: 'App', name: 'cart', uid: 'uid-app' } }] }, 'Deployment/cart'],
    ['is an owner made anew', { owners: [cartSet, { ...cart, ref: { ...cart.ref, uid: 'uid-other' } }] }, 'Deployment/cart'],
    ['is an owner on its way out', { owners: [{ ...cartSet, deleting: true }, cart] }, 'ReplicaSet/cart-5d'],
    ['is an owner that has gone', { owners: [cartSet, undefined] }, 'Deployment/cart'],
    ['does not change with the number of pods', { owners: [{ ...cartSet, readyReplicas: 0, resourceVersion: '8' }, { ...cart, replicas: 3, generation: 2 }] }, undefined],
  ] as const satisfies readonly (readonly [string, Partial<Ground>, string | undefined])[]) {
    it(title, () => expect(changedSince(looked, { ...looked, ...now })).to.equal(named))
  }
})
