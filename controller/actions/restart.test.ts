import { expect } from 'chai'
import { compileSchema } from '../../shared/schema/validate.ts'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import { pod } from '../healing/testing/builders.ts'
import { healerPermissions, plan } from './index.ts'

describe('restart of a pod', () => {
  it('is one eviction that carries the uid and the resourceVersion that were judged', () => {
    expect(plan(buildActionTemplate(), pod())?.operations).to.deep.equal([
      { kind: 'evict', target: pod().ref, preconditions: { uid: 'uid-cart-0', resourceVersion: '42' }, gracePeriodSeconds: undefined },
    ])
  })
  it('hands the grace period on', () => {
    expect(plan(buildActionTemplate({ restartAction: { gracePeriodSeconds: 7 } }), pod())?.operations[0]).to.include({ gracePeriodSeconds: 7 })
  })
  it('without a body is no plan', () => {
    const { restartAction: _, ...template } = buildActionTemplate()
    expect(plan(template, pod())).to.equal(undefined)
  })
  it('tells what changes in words that fit the result of a HealingAction', () => {
    const valid = compileSchema(healingAction.status)
    for (const target of [pod(), pod('cart-0', { owner: undefined })]) {
      for (const restartAction of [{}, { gracePeriodSeconds: 3600 }]) {
        const changes = plan(buildActionTemplate({ restartAction }), target)?.changes.map((change) => ({ resource: target.ref, ...change }))
        expect(changes).to.have.length(2)
        expect(valid({ result: { success: true, reason: 'Executed', message: '', changes } })).to.deep.equal([])
      }
    }
  })
  it('needs no more than to create evictions', () => expect(healerPermissions).to.deep.equal([{ apiGroup: '', resource: 'pods/eviction', verb: 'create' }]))
})
