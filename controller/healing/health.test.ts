import { expect } from 'chai'
import { minutes } from '../../shared/lib/time.ts'
import type { Expectation } from '../actions/action.ts'
import { effectOf } from './health.ts'
import { REVISION_LABEL } from './revisions.ts'
import type { PodView, WorkloadView } from './snapshot.ts'
import { at, cart, cartSet, condition, fresh, ownedBy, pod, workload } from './testing/builders.ts'

const ACTED = at(400)
const DEADLINE = at(400 + minutes(5))
const made = (name: string, after = 1000, ready = 5000): PodView => fresh(name, at(after), at(ready))
const starting = (name: string, after = 1000): PodView => pod(name, { createdAt: at(after), conditions: [condition('Ready', 'False', at(after))] })
const old = pod('old')
const deployment = (overrides: Partial<WorkloadView> = {}): WorkloadView => ({ ...cart, generation: 2, observedGeneration: 2, replicas: 2, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 2, ...overrides })

const NEW = { [REVISION_LABEL]: 'cart-new' }
const set = (overrides: Partial<WorkloadView> = {}): WorkloadView => deployment({ updateRevision: 'cart-new', ...overrides })
const turned = (name: string, ready = 5000): PodView => ({ ...made(name, 1000, ready), labels: NEW })

function told(expectation: Expectation, pods: readonly PodView[], top: WorkloadView = deployment(), ready: 'Ready' | 'Made' = 'Ready'): string {
  const workloads = [top, { ...cartSet, owner: ownedBy(cart) }]
  const { since, missing } = effectOf({ expectation, subject: cart.ref, targetUid: cart.ref.uid, actedAt: ACTED }, DEADLINE, ready, { pods, workloads })
  return since === undefined ? missing : `since ${since - at(0)}`
}

describe('the effect of an act', () => {
  const cases: readonly [string, Expectation, readonly PodView[], WorkloadView, string][] = [
    ['replacement: the pods that were made are Ready', 'replacement', [old, made('a'), made('b', 1000, 7000)], deployment(), 'since 7000'],
    ['replacement: one of them is not', 'replacement', [made('a'), starting('b')], deployment(), 'pods are not Ready'],
    ['replacement: there is none', 'replacement', [old], deployment(), 'pods are not Ready'],

    ['rollout: done, and its pods are Ready', 'rollout', [made('a'), made('b', 2000, 8000)], deployment(), 'since 8000'],
    ['rollout: not seen by its controller yet', 'rollout', [made('a'), made('b')], deployment({ observedGeneration: 1 }), 'its controller has not seen the change'],
    ['rollout: one replica has the old revision still', 'rollout', [made('a'), old], deployment({ updatedReplicas: 1 }), '1 of 2 replicas have the new revision'],
    ['rollout: one replica is not available', 'rollout', [made('a'), made('b')], deployment({ availableReplicas: 1 }), '1 of 2 replicas are available'],
    ['rollout: counted as done, but a pod is not Ready', 'rollout', [made('a'), starting('b')], deployment(), 'pods are not Ready'],

    ['replicas: as many as wanted, the new ones Ready, the old ones as they are', 'replicas', [starting('old', -5000), made('a')], deployment(), 'since 5000'],
    ['replicas: the new one is not Ready', 'replicas', [old, starting('a')], deployment(), 'pods are not Ready'],
    ['replicas: too few', 'replicas', [old], deployment(), '1 pods for 2 replicas'],
    ['replicas: too many still', 'replicas', [old, made('a'), made('b')], deployment(), '3 pods for 2 replicas'],
    ['replicas: one less, and none was made', 'replicas', [old], deployment({ replicas: 1 }), 'since 400'],
    ['replicas: a pod that is going does not count', 'replicas', [old, pod('x', { deleting: true })], deployment({ replicas: 1 }), 'since 400'],
    ['replicas: not seen by its controller yet', 'replicas', [old], deployment({ replicas: 1, observedGeneration: 1 }), 'its controller has not seen the change'],

    ['renewal: all pods are there and Ready', 'renewal', [made('a'), made('b', 2000, 9000)], deployment(), 'since 9000'],
    ['renewal: one is missing', 'renewal', [made('a')], deployment(), '1 pods for 2 replicas'],
    ['renewal: one is not Ready', 'renewal', [made('a'), starting('b')], deployment(), 'pods are not Ready'],

    ['turnover: all pods have the new template and are Ready', 'turnover', [turned('a'), turned('b', 9000)], set(), 'since 9000'],
    ['turnover: not seen by its controller yet', 'turnover', [turned('a'), turned('b')], set({ observedGeneration: 1 }), 'its controller has not seen the change'],
    // What a StatefulSet says after its template was put back: both revisions are one, and only this count is short.
    ['turnover: the revisions look done, and the count of new pods does not', 'turnover', [turned('a'), turned('b')], set({ updatedReplicas: 0 }), '0 of 2 replicas have the new revision'],
    ['turnover: the counts look done, and a pod is of another revision', 'turnover', [turned('a'), made('b')], set(), '1 of 2 pods still of an old revision'],
    ['turnover: one is missing', 'turnover', [turned('a')], set(), '1 pods for 2 replicas'],
    ['turnover: one is not Ready', 'turnover', [turned('a'), { ...starting('b'), labels: NEW }], set(), 'pods are not Ready'],

    ['nothing but quiet: at once', 'quiet', [starting('a')], deployment(), 'since 400'],
  ]
  for (const [title, expectation, pods, top, expected] of cases) it(title, () => expect(told(expectation, pods, top)).to.equal(expected))
  describe('on what is known by its scale', () => {
    const caches = (replicas: number, there: number, overrides: Partial<WorkloadView> = {}): WorkloadView => ({ ...deployment({ replicas, podSelector: undefined, ...overrides }), scale: { plural: 'caches', replicas: there } })
    const named = (name: string, ready: 'True' | 'False', after = 1000): PodView => pod(name, { owner: undefined, labels: { part: 'cache' }, createdAt: at(after), containers: [], conditions: [condition('Ready', ready, at(after + 1000))] })
    const selector = { podSelector: { matchLabels: { part: 'cache' } } }
    const untold = 'whether its 4 replicas are Ready nobody tells: its scale names no pods'
    const cases: readonly [string, readonly PodView[], WorkloadView, string, string | undefined][] = [
      ['one replica less than wanted is not enough', [], caches(4, 3), 'its status tells of 3 of 4 replicas', untold],
      ['as many as wanted is, and of Ready nobody tells', [], caches(4, 4), 'since 400', untold],
      ['one more than wanted is too many', [], caches(4, 5), 'its status tells of 5 of 4 replicas', untold],
      ['a change that its controller has not seen is not there', [], caches(4, 4, { observedGeneration: 1 }), 'its controller has not seen the change', untold],
      ['a new pod that the scale names has to be Ready', [named('a', 'True', -5000), named('b', 'False')], caches(4, 4, selector), 'pods are not Ready', undefined],
      ['it is', [named('a', 'False', -5000), named('b', 'True')], caches(4, 4, selector), 'since 2000', undefined],
      ['a new pod that it owns has to be Ready as well', [starting('b')], caches(4, 4), 'pods are not Ready', undefined],
      ['how many pods a replica is nobody else knows', [named('a', 'True'), named('b', 'True', 2000)], caches(4, 4, selector), 'since 3000', undefined],
      ['pods that it does not name do not matter', [pod('x', { owner: undefined, labels: { part: 'other' }, createdAt: at(1000), conditions: [] })], caches(4, 4, selector), 'since 400', untold],
    ]
    for (const [title, pods, top, expected, unsure] of cases) {
      it(title, () => {
        expect(told('replicas', pods, top)).to.equal(expected)
        expect(effectOf({ expectation: 'replicas', subject: cart.ref, targetUid: cart.ref.uid, actedAt: ACTED }, DEADLINE, 'Ready', { pods, workloads: [top, { ...cartSet, owner: ownedBy(cart) }] }).untold).to.equal(unsure)
      })
    }
  })
  it('of a workload that is gone is never seen', () => {
    for (const expectation of ['rollout', 'replicas', 'renewal', 'turnover'] as const) {
      const { since, missing } = effectOf({ expectation, subject: cart.ref, targetUid: 'uid-gone', actedAt: ACTED }, DEADLINE, 'Ready', { pods: [made('a')], workloads: [deployment(), cartSet] })
      expect([since, missing]).to.deep.equal([undefined, 'the workload is gone'])
    }
  })
  it('without a health check is that the pods were made', () => {
    expect(told('replacement', [starting('a', 3000)], deployment(), 'Made')).to.equal('since 3000')
    expect(told('rollout', [starting('a', 3000)], deployment({ availableReplicas: 0, updatedReplicas: 1 }), 'Made')).to.equal('since 3000')
    expect(told('rollout', [starting('a', 3000)], deployment({ observedGeneration: 1 }), 'Made')).to.equal('its controller has not seen the change')
  })
  it('is not that of another workload', () => expect(told('replacement', [made('a'), pod('other', { createdAt: at(1000), owner: ownedBy(workload('StatefulSet', 'db')), conditions: [] })])).to.equal('since 5000'))
})
