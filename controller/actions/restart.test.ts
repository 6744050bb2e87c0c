import { expect } from 'chai'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import { cart, cartSet, pod, workload } from '../healing/testing/builders.ts'
import { planned, refused } from './testing/plans.ts'

const template = buildActionTemplate()

describe('restart of a pod', () => {
  it('is one eviction that carries the uid and the resourceVersion that were judged', () => {
    expect(planned(template, pod()).operations).to.deep.equal([
      { kind: 'evict', target: pod().ref, preconditions: { uid: 'uid-cart-0', resourceVersion: '42' }, gracePeriodSeconds: undefined },
    ])
  })
  it('hands the grace period on', () => {
    expect(planned(buildActionTemplate({ restartAction: { strategy: 'rolling', gracePeriodSeconds: 7 } }), pod()).operations[0]).to.include({ gracePeriodSeconds: 7 })
  })
})

describe('rolling restart of a workload', () => {
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet']) {
    it(`stamps the template of a ${kind} with the name of the action, so that a second try changes nothing`, () => {
      const target = workload(kind, 'cart')
      expect(planned(template, target)).to.deep.equal({
        operations: [
          {
            kind: 'patch',
            target: target.ref,
            preconditions: { uid: target.ref.uid, resourceVersion: '7' },
            patch: { type: 'merge', body: { spec: { template: { metadata: { annotations: { 'kubeskippy.io/restarted-by': 'act-1' } } } } } },
          },
        ],
        changes: [{ field: 'spec.template.metadata.annotations[kubeskippy.io/restarted-by]', newValue: 'act-1' }],
        intent: [{ path: '/spec/template/metadata/annotations/kubeskippy.io~1restarted-by', after: '"act-1"' }],
      })
    })
  }
  it('of a paused Deployment is refused: the API server would take it and do nothing', () => expect(refused(template, workload('Deployment', 'cart', { paused: true }))).to.equal('WorkloadPaused: Deployment/cart is paused (spec.paused): a new revision would not be rolled out'))
  for (const kind of ['StatefulSet', 'DaemonSet']) {
    it(`of a ${kind} that updates OnDelete is refused`, () => expect(refused(template, workload(kind, 'cart', { updateStrategy: 'OnDelete' }))).to.match(/^OnDelete: .*OnDelete/))
  }
  it('of a StatefulSet with a partition is refused', () => {
    expect(refused(template, workload('StatefulSet', 'db', { partition: 1 }))).to.match(/^Partitioned: .*partition 1/)
    expect(planned(template, workload('StatefulSet', 'db', { partition: 0 })).operations).to.have.length(1)
  })
  it('of a ReplicaSet is refused: a new template would replace no pod', () => expect(refused(template, cartSet)).to.match(/^Unsupported/))
  it('of an object that is no workload is refused', () => expect(refused(template, { ...cart, shape: 'Object' })).to.match(/^Unsupported/))
})
