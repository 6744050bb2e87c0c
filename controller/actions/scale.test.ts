import { expect } from 'chai'
import * as fc from 'fast-check'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { cartSet, pod, workload } from '../healing/testing/builders.ts'
import { planned, refused } from './testing/plans.ts'
import { wanted } from './scale.ts'
import { undoOf } from './undo.ts'

const { restartAction: _, ...bare } = buildActionTemplate()
type Body = NonNullable<ActionTemplate['scaleAction']>
const scale = (body: Partial<Body> = {}): ActionTemplate => ({ ...bare, type: 'scale', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 5, ...body } })
const of = (replicas: number, kind = 'Deployment') => workload(kind, 'cart', { replicas })

describe('scale', () => {
  const cases: readonly [string, Partial<Body>, number, number][] = [
    ['up adds one', {}, 2, 3],
    ['up adds as many as it says', { replicas: 2 }, 2, 4],
    ['up stops at maxReplicas', { replicas: 9 }, 2, 5],
    ['up just below maxReplicas', {}, 4, 5],
    ['down takes one', { direction: 'down' }, 3, 2],
    ['down stops at minReplicas', { direction: 'down', replicas: 9, minReplicas: 2 }, 5, 2],
    ['down never goes to 0', { direction: 'down', replicas: 9, minReplicas: 0 }, 5, 1],
    ['absolute is absolute', { direction: 'absolute', replicas: 4 }, 1, 4],
    ['absolute keeps the lower bound', { direction: 'absolute', replicas: 1, minReplicas: 3 }, 5, 3],
    ['absolute keeps the upper bound', { direction: 'absolute', replicas: 9 }, 1, 5],
  ]
  for (const [title, body, now, then] of cases) {
    it(title, () => {
      const { operations, changes } = planned(scale(body), of(now))
      expect(operations).to.deep.equal([{ kind: 'scale', target: of(now).ref, preconditions: { uid: 'uid-deployment-cart', resourceVersion: '7' }, replicas: then }])
      expect(changes).to.deep.equal([{ field: 'spec.replicas', oldValue: String(now), newValue: String(then) }])
    })
  }
  const nothing: readonly [string, Partial<Body>, number][] = [
    ['up at maxReplicas', {}, 5],
    ['up above maxReplicas does not scale down', {}, 7],
    ['down at minReplicas', { direction: 'down', minReplicas: 2 }, 2],
    ['down below minReplicas does not scale up', { direction: 'down', minReplicas: 3 }, 2],
    ['absolute that is so already', { direction: 'absolute', replicas: 2 }, 2],
  ]
  for (const [title, body, now] of nothing) it(`${title} has nothing to do`, () => expect(refused(scale(body), of(now))).to.match(/^NothingToDo/))
  it('leaves what somebody scaled to 0', () => expect(refused(scale(), of(0))).to.match(/^Unsupported/))
  it('is for StatefulSets and ReplicaSets as well', () => {
    for (const kind of ['StatefulSet', 'ReplicaSet']) expect(planned(scale(), of(2, kind)).operations[0]).to.include({ kind: 'scale', replicas: 3 })
    expect(planned(scale(), cartSet).operations).to.have.length(1)
  })
  it('of what is known by its scale says under which name the API server has it, and its undo too', () => {
    const cache = { ...of(2, 'Cache'), scale: { plural: 'caches', replicas: 2 } }
    const { operations, intent } = planned(scale(), cache)
    expect(operations[0]).to.include({ kind: 'scale', replicas: 3, plural: 'caches' })
    expect(undoOf('scale', { ...cache, resourceVersion: '8' }, intent, undefined)).to.deep.include({ kind: 'scale', replicas: 2, plural: 'caches', preconditions: { uid: cache.ref.uid, resourceVersion: '8' } })
  })
  it('is not for a kind that has no scale', () => expect(refused(scale(), of(2, 'Cache'))).to.match(/^Unsupported/))
  it('is not for DaemonSets and pods', () => {
    for (const target of [of(2, 'DaemonSet'), pod()]) expect(refused(scale(), target)).to.match(/^Unsupported/)
  })
  it('never leaves fewer than one, and up and down never go the other way', () => {
    const body = fc.record({ direction: fc.constantFrom('up', 'down', 'absolute' as const), replicas: fc.nat(20), minReplicas: fc.nat(20), maxReplicas: fc.nat(20) }) as fc.Arbitrary<Body>
    fc.assert(
      fc.property(body, fc.integer({ min: 1, max: 30 }), (args, now) => {
        const then = wanted(args, now)
        expect(then).to.be.greaterThan(0)
        if (args.direction === 'up') expect(then).to.be.at.least(now)
        if (args.direction === 'down') expect(then).to.be.at.most(now)
      }),
    )
  })
})
