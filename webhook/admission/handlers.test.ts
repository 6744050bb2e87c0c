import { expect } from 'chai'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { rawPolicy, type PolicyOverrides } from '../../shared/rules/test-policy.ts'
import { mutate, validate, type Handled, type Handler } from './handlers.ts'
import { readReview } from './review.ts'
import { reviewOf } from './test-review.ts'

function handle(handler: Handler, object: unknown, members: Readonly<Record<string, unknown>> = {}): Handled {
  const read = readReview(reviewOf(object, members))
  if (read.kind !== 'review') throw new Error(read.problem)
  return handler(read.request)
}
const judged = (overrides: PolicyOverrides, members?: Readonly<Record<string, unknown>>): Handled => handle(validate(DEFAULT_INSTALLATION), rawPolicy(overrides), members)
const BAD: PolicyOverrides = { safetyRules: { maxActionsPerHour: 99 } }
const patchOf = ({ review }: Handled): unknown => (review.response.patch === undefined ? [] : JSON.parse(Buffer.from(review.response.patch, 'base64').toString()))

describe('validating', () => {
  it('allows a good policy, and says nothing', () => {
    expect(judged({}).review).to.deep.equal({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u-1', allowed: true, warnings: [], auditAnnotations: {} },
    })
  })

  it('refuses a bad one with causes, and with the same list as message', () => {
    const { verdict, review } = judged(BAD, { name: 'cart-healing' })
    expect(verdict).to.equal('denied')
    const { status, auditAnnotations } = review.response
    expect(status?.code).to.equal(422)
    expect(status?.reason).to.equal('Invalid')
    expect(status?.details).to.deep.include({ group: 'kubeskippy.io', kind: 'HealingPolicy', name: 'cart-healing' })
    const [cause] = status?.details?.causes ?? []
    expect(cause?.field).to.equal('spec.safetyRules.maxActionsPerHour')
    expect(cause?.message).to.match(/^\[KS401\] .+ — .+ — .+$/)
    expect(status?.message).to.equal(`HealingPolicy "cart-healing": ${cause?.field}: ${cause?.message}`)
    expect(auditAnnotations).to.deep.equal({ refused: 'KS401' })
  })

  it('takes the name of the object while the request has none', () => expect(judged(BAD).review.response.status?.details?.name).to.equal('cart-healing'))

  it('an object on its way out is never refused', () => {
    const policy = rawPolicy(BAD)
    const dying = { ...policy, metadata: { ...(policy['metadata'] as object), deletionTimestamp: '2030-01-01T00:00:00Z' } }
    expect(handle(validate(DEFAULT_INSTALLATION), dying, { operation: 'UPDATE', oldObject: dying }).verdict).to.equal('ignored')
    expect(handle(mutate(systemClock), dying, { operation: 'UPDATE', oldObject: dying }).verdict).to.equal('ignored')
  })

  it('what is not our policy passes: a widened configuration must not stop the cluster', () => {
    for (const members of [
      { resource: { group: '', version: 'v1', resource: 'pods' } },
      { resource: { group: 'kubeskippy.io', version: 'v1alpha1', resource: 'healingactions' } },
      { subResource: 'status' },
      { operation: 'DELETE' },
      { operation: 'CONNECT' },
    ]) {
      const { verdict, review } = judged(BAD, members)
      expect([verdict, review.response.allowed]).to.deep.equal(['ignored', true])
    }
  })

  it('an update of metadata keeps an old violation as a warning', () => {
    const { verdict, review } = judged(BAD, { operation: 'UPDATE', oldObject: rawPolicy(BAD), name: 'cart-healing' })
    expect(verdict).to.equal('allowed')
    expect(review.response.warnings?.[0]).to.match(/^KS401 cart-healing safetyRules\.maxActionsPerHour: /)
    expect(review.response.auditAnnotations).to.deep.equal({ warned: 'KS401' })
  })

  it('on a creation the old object of a liar does not count', () => expect(judged(BAD, { oldObject: rawPolicy(BAD) }).verdict).to.equal('denied'))

  it('judges an object without namespace by that of the request', () => {
    const policy = rawPolicy()
    const { namespace: _, ...metadata } = policy['metadata'] as { namespace: string }
    expect(handle(validate(DEFAULT_INSTALLATION), { ...policy, metadata }).verdict).to.equal('allowed')
    expect(handle(validate(DEFAULT_INSTALLATION), { ...policy, metadata }, { namespace: 'kube-system' }).verdict).to.equal('denied')
  })
})

describe('mutating', () => {
  it('adds the context defaults, and nothing else when the constants are there', () => {
    const stored = {
      ...rawPolicy(),
      spec: {
        mode: 'automatic', suspend: false, triggerMatch: 'Any',
        selector: { labelSelector: { matchLabels: { app: 'cart' } } },
        triggers: [{ name: 't', type: 'condition', cooldownPeriod: '5m', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '3m' } }],
        actions: [{ name: 'a', type: 'restart', priority: 50, restartAction: { strategy: 'rolling' } }],
        safetyRules: { maxActionsPerHour: 5, maxConcurrent: 1, requireHealthCheck: true, healthCheckTimeout: '5m', approvalTimeout: '1h', circuitBreaker: { failureThreshold: 3, openDuration: '10m' } },
        history: { successful: 50, failed: 100, ttl: '168h' },
      },
    }
    expect(patchOf(handle(mutate(systemClock), stored))).to.deep.equal([
      { op: 'add', path: '/spec/selector/namespaces', value: ['shop'] },
      { op: 'add', path: '/spec/selector/resources', value: [{ apiVersion: 'v1', kind: 'Pod' }] },
      { op: 'add', path: '/spec/actions/0/target', value: 'Pod' },
      { op: 'add', path: '/spec/safetyRules/stabilizationWindow', value: '3m' },
    ])
  })

  it('sends nothing when nothing is missing', () => {
    const full = rawPolicy({
      selector: { namespaces: ['shop'], labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'v1', kind: 'Pod' }] },
      action: { target: 'Pod', priority: 1, restartAction: { strategy: 'rolling' } },
      condition: { status: 'True' },
      cooldownPeriod: '5m',
      triggerMatch: 'Any',
      suspend: false,
      history: { successful: 50, failed: 100, ttl: '168h' },
      safetyRules: { maxActionsPerHour: 5, maxConcurrent: 1, requireHealthCheck: true, healthCheckTimeout: '5m', approvalTimeout: '1h', stabilizationWindow: '2m', circuitBreaker: { failureThreshold: 3, openDuration: '10m' } },
    })
    const { verdict, review } = handle(mutate(systemClock), full)
    expect(verdict).to.equal('allowed')
    expect(review.response).to.deep.equal({ uid: 'u-1', allowed: true })
  })

  it('lets an object of a wrong shape pass as it is: the API server refuses it next', () => {
    for (const object of [{}, { spec: null }, { ...rawPolicy(), spec: { selector: [] } }]) {
      expect(handle(mutate(systemClock), object).review.response).to.deep.equal({ uid: 'u-1', allowed: true })
    }
  })
})
