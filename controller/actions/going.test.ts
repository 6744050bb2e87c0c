import { expect } from 'chai'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { minutes, seconds } from '../../shared/lib/time.ts'
import { cart, cartSet, pod, workload } from '../healing/testing/builders.ts'
import { POD } from '../../shared/api/v1alpha1/action-kinds.ts'
import { timeoutOf } from './index.ts'
import { planned, refused } from './testing/plans.ts'

const { restartAction: _, ...bare } = buildActionTemplate()
const evict = (body: Partial<NonNullable<ActionTemplate['evictAction']>> = {}): ActionTemplate => ({ ...bare, type: 'evict', evictAction: { timeout: '10m', ...body } })
const remove = (deleteAction: NonNullable<ActionTemplate['deleteAction']> = {}): ActionTemplate => ({ ...bare, type: 'delete', deleteAction })

describe('evict', () => {
  it('is one eviction with both preconditions', () => {
    expect(planned(evict({ gracePeriodSeconds: 5 }), pod()).operations).to.deep.equal([
      { kind: 'evict', target: pod().ref, preconditions: { uid: 'uid-cart-0', resourceVersion: '42' }, gracePeriodSeconds: 5 },
    ])
  })
  it('is for pods', () => expect(refused(evict(), cart)).to.match(/^Unsupported/))
  it('is tried for as long as it says, and ten minutes by default', () => {
    expect(timeoutOf(evict({ timeout: '90s' }), POD)).to.equal(seconds(90))
    expect(timeoutOf(remove(), POD)).to.equal(minutes(10))
  })
})

describe('delete', () => {
  for (const target of [pod(), cartSet, cart, workload('DaemonSet', 'agent')]) {
    it(`of a ${target.ref.kind} carries both preconditions`, () => {
      expect(planned(remove({ gracePeriodSeconds: 1, propagationPolicy: 'Foreground' }), target).operations).to.deep.equal([
        { kind: 'delete', target: target.ref, preconditions: { uid: target.ref.uid, resourceVersion: target.resourceVersion }, gracePeriodSeconds: 1, propagationPolicy: 'Foreground' },
      ])
    })
  }
  it('of a StatefulSet is refused', () => expect(refused(remove(), workload('StatefulSet', 'db'))).to.match(/^Unsupported/))
  it('of a pod without a controller is refused', () => expect(refused(remove(), pod('cart-0', { owner: undefined }))).to.match(/^NoController/))
  it('by force is refused, by whatever word', () => {
    expect(refused(remove({ force: true }), pod())).to.match(/^Unsupported: .*force/)
    expect(refused(remove({ gracePeriodSeconds: 0 }), pod())).to.match(/^Unsupported: .*force/)
    expect(planned(remove({ force: false, gracePeriodSeconds: 1 }), pod()).operations).to.have.length(1)
  })
  it('that orphans pods is refused', () => expect(refused(remove({ propagationPolicy: 'Orphan' }), cartSet)).to.match(/^Unsupported: .*Orphan/))
})
