import { expect } from 'chai'
import type { HealingActionSpec, HealingActionStatus } from '../../shared/api/v1alpha1/types.ts'
import { formatInstant } from '../../shared/lib/time.ts'
import { buildActionTemplate, buildHealingAction } from '../../shared/testing/builders/objects.ts'
import { needsApproval } from '../../shared/api/v1alpha1/approval.ts'
import { approvalOf, approvalParts, differsFromApproved } from './approval.ts'
import { compileSchema } from '../../shared/schema/validate.ts'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import type { WorkloadView } from './snapshot.ts'
import { at, cart, crashing, pod, policy, T0 } from './testing/builders.ts'

const validSpec = compileSchema(healingAction.spec)

describe('approval', () => {
  for (const [mode, requiresApproval, wanted] of [
    ['monitor', true, false],
    ['dryrun', true, false],
    ['manual', false, true],
    ['manual', undefined, true],
    ['automatic', true, true],
    ['automatic', false, false],
    ['automatic', undefined, false],
  ] as const) {
    it(`is ${wanted ? '' : 'not '}needed in mode ${mode} when the action says ${requiresApproval}`, () =>
      expect(needsApproval({ mode }, requiresApproval === undefined ? {} : { requiresApproval })).to.equal(wanted))
  }

  const approved = { decision: 'Approved', decidedBy: 'alice' } as const
  const cases: readonly [string, Partial<HealingActionSpec>, HealingActionStatus, number, string][] = [
    ['is granted where none is needed', {}, {}, 0, 'Granted'],
    ['is waited for just before the deadline', { approvalRequired: true }, {}, 999, 'Waiting'],
    ['is given up at the deadline', { approvalRequired: true }, {}, 1000, 'Expired'],
    ['counts just before the deadline', { approvalRequired: true, approval: approved }, {}, 999, 'Approved'],
    ['does not count at the deadline', { approvalRequired: true, approval: approved }, {}, 1000, 'Expired'],
    ['that was seen in time counts afterwards', { approvalRequired: true, approval: approved }, { phase: 'Approved', approvedAt: formatInstant(T0) }, 5000, 'Granted'],
    ['is not taken from a status alone', { approvalRequired: true }, { phase: 'Approved', approvedAt: formatInstant(T0) }, 999, 'Waiting'],
    ['that was refused is refused after the deadline too', { approvalRequired: true, approval: { ...approved, decision: 'Rejected' } }, {}, 5000, 'Rejected'],
    ['that was refused is refused whatever the status says', { approvalRequired: true, approval: { ...approved, decision: 'Rejected' } }, { approvedAt: formatInstant(T0) }, 0, 'Rejected'],
    ['with a deadline that cannot be read has expired', { approvalRequired: true, approval: approved, approvalDeadline: 'soon' }, {}, 0, 'Expired'],
  ]
  for (const [title, spec, status, now, kind] of cases) {
    it(title, () => expect(approvalOf(buildHealingAction({ spec: { approvalDeadline: formatInstant(at(1000)), ...spec }, status }), at(now)).kind).to.equal(kind))
  }

  it('is for what a person was shown: the object as it was', () => {
    const template = buildActionTemplate({ requiresApproval: true })
    const parts = approvalParts(policy({ actions: [template] }), template, crashing(), 'act-1', T0)
    expect(parts).to.deep.include({ approvalRequired: true, approvalDeadline: '2030-01-01T13:00:00.000Z' })
    const spec = { ...buildHealingAction({ spec: parts }).spec, action: template }
    expect(differsFromApproved(spec, crashing())).to.equal(undefined)
    const other = { ...crashing(), ref: { ...pod().ref, uid: 'uid-other' } }
    expect(differsFromApproved(spec, other)).to.deep.include({ reason: 'TargetChanged' })
    expect(differsFromApproved(spec, other)?.message).to.include('metadata.uid: was uid-cart-0, now uid-other')
  })

  describe('of an act on a workload', () => {
    const template = buildActionTemplate({ requiresApproval: true, target: 'Workload' })
    const asked = { ...buildHealingAction({ spec: { ...approvalParts(policy({ actions: [template] }), template, cart, 'act-1', T0), targetResource: cart.ref } }).spec, action: template }
    const later = (overrides: Partial<WorkloadView>): string | undefined => differsFromApproved(asked, { ...cart, ...overrides })?.message
    const images = (all: Readonly<Record<string, string>>, hash = 'second') => ({ template: { hash, images: all } })
    const not = 'Deployment/cart is not what was asked about any more:'
    const times: readonly (readonly [string, Partial<WorkloadView>, string | undefined])[] = [
      ['holds for what is as it was', {}, undefined],
      ['holds for one that was scaled meanwhile, or told of itself', { replicas: 7, generation: 9, resourceVersion: '99', conditions: [] }, undefined],
      ['does not hold for another image', images({ app: 'cart:2' }), `${not} image of container app: was cart:1, now cart:2`],
      ['does not hold for another container beside it', images({ app: 'cart:1', proxy: 'proxy:1' }), `${not} container proxy is new`],
      ['does not hold for one container less', images({}), `${not} container app is gone`],
      ['does not hold for the same images with other settings, or a restart by somebody else', images({ app: 'cart:1' }), `${not} spec.template has been changed since, the images are the same`],
      ['does not hold where nothing is left of it', { template: undefined }, `${not} container app is gone`],
    ]
    for (const [title, overrides, message] of times) it(title, () => expect(later(overrides)).to.equal(message))

    it('holds for one that was asked for before templates were noted', () => {
      const { template: _, ...before } = asked
      expect(differsFromApproved(before, { ...cart, ...images({ app: 'cart:2' }) })).to.equal(undefined)
    })
    it('stays within the bounds of the schema', () => {
      const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`c-${i}`, 'i'.repeat(600)]))
      const parts = approvalParts(policy({ actions: [template] }), template, { ...cart, ...images(many) }, 'act-1', T0)
      expect(parts.template?.images).to.have.length(32)
      expect(validSpec({ ...asked, ...parts })).to.deep.equal([])
      expect(differsFromApproved({ ...asked, ...parts }, { ...cart, ...images(many) })).to.equal(undefined)
    })
  })
})
