import { expect } from 'chai'
import { DEFAULT_INSTALLATION, type Known } from '../../shared/rules/rule.ts'
import { parseInstant, type Instant } from '../../shared/lib/time.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { rawPolicy, type PolicyOverrides } from '../../shared/rules/test-policy.ts'
import type { AccessAnswers } from '../../shared/rules/access.ts'
import { mutate, questionsFor, validate, type Handled, type Handler } from './handlers.ts'
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
    expect(status?.message).to.equal(`HealingPolicy "shop/cart-healing": ${cause?.field}: ${cause?.message}`)
    expect(auditAnnotations).to.deep.equal({ refused: 'KS401' })
  })

  it('takes the name of the object while the request has none', () => expect(judged(BAD).review.response.status?.details?.name).to.equal('cart-healing'))

  it('an object on its way out is never refused', () => {
    const policy = rawPolicy(BAD)
    const dying = { ...policy, metadata: { ...(policy['metadata'] as object), deletionTimestamp: '2030-01-01T00:00:00Z' } }
    expect(handle(validate(DEFAULT_INSTALLATION), dying, { operation: 'UPDATE', oldObject: dying }).verdict).to.equal('ignored')
    expect(handle(mutate(DEFAULT_INSTALLATION, systemClock), dying, { operation: 'UPDATE', oldObject: dying }).verdict).to.equal('ignored')
  })

  it('what is not our policy passes: a widened configuration must not stop the cluster', () => {
    for (const members of [
      { resource: { group: '', version: 'v1', resource: 'pods' } },
      { resource: { group: 'example.com', version: 'v1alpha1', resource: 'healingpolicies' } },
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
    const { verdict, review, found } = judged(BAD, { operation: 'UPDATE', oldObject: rawPolicy(BAD), name: 'cart-healing' })
    expect(verdict).to.equal('allowed')
    expect(review.response.warnings?.[0]).to.match(/^KS401 shop\/cart-healing safetyRules\.maxActionsPerHour: /)
    expect(review.response.auditAnnotations).to.deep.equal({ warned: 'KS401', tolerated: 'KS401' })
    expect(found.map(({ rule }) => rule), 'for the metrics').to.deep.equal(['KS401'])
  })

  it('on a creation the old object of a liar does not count', () => expect(judged(BAD, { oldObject: rawPolicy(BAD) }).verdict).to.equal('denied'))

  it('judges an object without namespace by that of the request', () => {
    const policy = rawPolicy()
    const { namespace: _, ...metadata } = policy['metadata'] as { namespace: string }
    expect(handle(validate(DEFAULT_INSTALLATION), { ...policy, metadata }).verdict).to.equal('allowed')
    expect(handle(validate(DEFAULT_INSTALLATION), { ...policy, metadata }, { namespace: 'kube-system' }).verdict).to.equal('denied')
  })
})

describe('rights at the door', () => {
  const abroad: PolicyOverrides = { selector: { namespaces: ['shop', 'bank'], labelSelector: { matchLabels: { app: 'cart' } } } }
  const no: AccessAnswers = () => 'Denied'
  const judgedBy = (access: AccessAnswers, overrides: PolicyOverrides, members: Readonly<Record<string, unknown>> = {}): Handled => {
    const read = readReview(reviewOf(rawPolicy(overrides), { name: 'cart-healing', ...members }))
    if (read.kind !== 'review') throw new Error(read.problem)
    return validate(DEFAULT_INSTALLATION)(read.request, { access })
  }
  const questions = (overrides: PolicyOverrides, members: Readonly<Record<string, unknown>> = {}): string[] => {
    const read = readReview(reviewOf(rawPolicy(overrides), members))
    return read.kind === 'review' ? questionsFor(read.request).map(({ verb, resource, namespace, optional }) => `${verb} ${resource} in ${namespace}${optional === true ? ', by its healer' : ''}`) : []
  }

  it('are asked about what is sent, each once, and about what is stored where it matters', () => {
    expect(questions({})).to.deep.equal(['create pods/eviction in shop', 'create pods/eviction in shop, by its healer'])
    expect(questions(abroad)).to.deep.equal(['create pods/eviction in shop', 'create pods/eviction in bank', 'heal healingpolicies in bank', 'create pods/eviction in shop, by its healer', 'create pods/eviction in bank, by its healer'])
    const over = (old: PolicyOverrides) => ({ operation: 'UPDATE', oldObject: rawPolicy(old) })
    expect(questions(abroad, over({}))).to.deep.equal(questions(abroad))
    expect(questions({ safetyRules: { maxActionsPerHour: 9 } }, over({}))).to.deep.equal(questions({}))
    // What it did before, its author was asked about before; consent may have been taken back.
    expect(questions({}, over(abroad))).to.deep.equal(['heal healingpolicies in bank'])
    for (const less of [{}, { suspend: true }, { mode: 'manual' }, { safetyRules: { maxActionsPerHour: 1 } }] as const) expect(questions(less, over({})), JSON.stringify(less)).to.deep.equal([])
    expect(questions({}, over({ suspend: true }))).to.deep.equal(questions({}))
    expect(questions(abroad, { subResource: 'status', operation: 'UPDATE', oldObject: rawPolicy(abroad) })).to.deep.equal([])
  })

  it('that the author lacks are a 403 with every violation in its message', () => {
    const { verdict, review } = judgedBy(no, abroad)
    expect([verdict, review.response.status?.code, review.response.status?.reason]).to.deep.equal(['denied', 403, 'Forbidden'])
    expect(review.response.status?.message).to.contain('[KS108] you may not create pods/eviction in namespace "shop"').and.to.contain('in namespace "bank"').and.to.contain('[KS109] namespace "bank" does not consent')
    expect(review.response.status).not.to.have.property('details')
  })

  it('of consent alone are a 422 with its field', () => {
    const { review } = judgedBy(({ who }) => (who === 'Author' ? 'Allowed' : 'Denied'), abroad)
    expect(review.response.status?.code).to.equal(422)
    expect(review.response.status?.details?.causes.map(({ field }) => field)).to.deep.equal(['spec.selector.namespaces[1]'])
  })

  it('that have no answer refuse', () => expect(judgedBy(() => 'Unknown', abroad).verdict).to.equal('denied'))

  it('whoever lacks them may still change metadata and suspend, and nothing else', () => {
    const stored = { operation: 'UPDATE', oldObject: rawPolicy(abroad) }
    expect(judgedBy(no, abroad, stored).verdict).to.equal('allowed')
    expect(judgedBy(no, { ...abroad, suspend: true }, stored).verdict).to.equal('allowed')
    expect(judgedBy(no, { ...abroad, safetyRules: { maxActionsPerHour: 9 } }, stored).verdict).to.equal('denied')
    expect(judgedBy(no, abroad, { ...stored, oldObject: rawPolicy({ ...abroad, mode: 'monitor' }) }).verdict).to.equal('denied')
    expect(judgedBy(no, abroad, { ...stored, oldObject: rawPolicy() }).verdict).to.equal('denied')
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
    expect(patchOf(handle(mutate(DEFAULT_INSTALLATION, systemClock), stored))).to.deep.equal([
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
    const { verdict, review } = handle(mutate(DEFAULT_INSTALLATION, systemClock), full)
    expect(verdict).to.equal('allowed')
    expect(review.response).to.deep.equal({ uid: 'u-1', allowed: true })
  })

  it('lets an object of a wrong shape pass as it is: the API server refuses it next', () => {
    for (const object of [{}, { spec: null }, { ...rawPolicy(), spec: { selector: [] } }]) {
      expect(handle(mutate(DEFAULT_INSTALLATION, systemClock), object).review.response).to.deep.equal({ uid: 'u-1', allowed: true })
    }
  })
})

describe('exemptions at the door', () => {
  const BLIND: PolicyOverrides = { mode: 'dryrun', condition: { duration: '30m' }, safetyRules: { stabilizationWindow: '1s' } }
  const allowing = (annotations: object, overrides = BLIND): Record<string, unknown> => {
    const policy = rawPolicy(overrides)
    return { ...policy, metadata: { ...(policy['metadata'] as object), annotations } }
  }
  const ALLOW = { 'kubeskippy.io/allow': 'KS208' }
  const STAMP = 'kubeskippy.io/allowed-by'
  const clock = { now: () => parseInstant('2030-01-02T03:04:05Z') as Instant }
  const stamp = (object: unknown, members?: Readonly<Record<string, unknown>>): unknown[] =>
    (patchOf(handle(mutate(DEFAULT_INSTALLATION, clock), object, members)) as { path: string; value: unknown }[]).filter(({ path }) => path.startsWith('/metadata')).map(({ path, value }) => [path, value])
  const AT = '/metadata/annotations/kubeskippy.io~1allowed-by'
  const byAlice = { ...ALLOW, [STAMP]: '2029-12-31T00:00:00.000Z carol' }

  it('of a creation with an old object are stamped all the same', () => expect(stamp(allowing(byAlice), { oldObject: allowing(byAlice) })).to.deep.equal([[AT, '2030-01-02T03:04:05.000Z alice']]))
  it('that are taken away name nobody', () => expect(stamp(allowing({}), { operation: 'UPDATE', oldObject: allowing(byAlice) })).to.deep.equal([]))
  it('are stamped with who allowed them and when', () => expect(stamp(allowing(ALLOW))).to.deep.equal([[AT, '2030-01-02T03:04:05.000Z alice']]))
  it('whatever the object says of itself', () => expect(stamp(allowing(byAlice))).to.deep.equal([[AT, '2030-01-02T03:04:05.000Z alice']]))
  it('not again when somebody else changes a label or suspends', () => {
    const stored = { operation: 'UPDATE', oldObject: allowing(byAlice) }
    expect(stamp(allowing(byAlice), stored)).to.deep.equal([])
    expect(stamp(allowing(byAlice, { ...BLIND, suspend: true }), stored)).to.deep.equal([])
    // A replace without it, or with another name in it, changes nothing about who it was.
    for (const forged of [ALLOW, { ...ALLOW, [STAMP]: '2029-12-31T00:00:00.000Z dave' }, { ...ALLOW, [STAMP]: 'nonsense' }]) expect(stamp(allowing(forged), stored)).to.deep.equal([[AT, byAlice[STAMP]]])
  })
  it('again by who changes what the policy does', () =>
    expect(stamp(allowing(byAlice, { ...BLIND, mode: 'manual' }), { operation: 'UPDATE', oldObject: allowing(byAlice) })).to.deep.equal([[AT, '2030-01-02T03:04:05.000Z alice']]))
  it('name nobody else where nobody has to allow anything', () => {
    const carol = { [STAMP]: '2029-12-31T00:00:00.000Z carol' }
    for (const annotations of [carol, { 'kubeskippy.io/allow': 'KS205', ...carol }]) {
      expect(stamp(allowing(annotations))).to.deep.equal([[AT, '2030-01-02T03:04:05.000Z alice']])
      expect(stamp(allowing(annotations), { operation: 'UPDATE', oldObject: allowing({}) })).to.deep.equal([[AT, '2030-01-02T03:04:05.000Z alice']])
      // Left over from an exemption that was taken away.
      expect(stamp(allowing(annotations), { operation: 'UPDATE', oldObject: allowing(annotations) })).to.deep.equal([])
    }
  })
  it('not those that nobody has to allow, and not by nobody', () => {
    expect(stamp(allowing({ 'kubeskippy.io/allow': 'KS205' }))).to.deep.equal([])
    expect(stamp(allowing(ALLOW), { userInfo: {} })).to.deep.equal([])
  })

  const judgedBy = (access: AccessAnswers, object: unknown, members: Readonly<Record<string, unknown>> = {}): Handled => {
    const read = readReview(reviewOf(object, { name: 'cart-healing', ...members }))
    if (read.kind !== 'review') throw new Error(read.problem)
    return validate(DEFAULT_INSTALLATION)(read.request, { access })
  }
  it('are in the audit log, and warned about', () => {
    const { verdict, review } = judgedBy(() => 'Allowed', allowing(ALLOW))
    expect([verdict, review.response.auditAnnotations]).to.deep.equal(['allowed', { warned: 'KS208', exempted: 'KS208' }])
    expect(review.response.warnings?.[0]).to.match(/^KS208 shop\/cart-healing /)
  })
  it('beside what is refused are among what was found', () => {
    const { verdict, found, review } = judgedBy(() => 'Allowed', allowing(ALLOW, { ...BLIND, mode: 'automatic', safetyRules: { ...BLIND.safetyRules, maxActionsPerHour: 99 } }))
    expect([verdict, found.map(({ rule }) => rule).toSorted()]).to.deep.equal(['denied', ['KS208', 'KS401']])
    expect(review.response.warnings).to.have.length(1)
  })
  it('without the verb are a 403 that names it, with the violation beside it', () => {
    const { review } = judgedBy(() => 'Denied', allowing(ALLOW))
    expect(review.response.status?.code).to.equal(403)
    expect(review.response.status?.message).to.contain('[KS506] you may not override-safety healingpolicies.kubeskippy.io in namespace "shop"').and.to.contain('[KS208]')
  })
})

describe('what the author may not do', () => {
  const lacking: Known = { access: (question) => (question.who === 'Author' ? 'Denied' : 'Allowed') }
  const ladder: PolicyOverrides = { ...BAD, actions: [{ name: 'evict', type: 'evict', evictAction: {} }, { name: 'delete', type: 'delete', requiresApproval: true, deleteAction: {} }] as never }
  const first = (overrides: PolicyOverrides, known?: Known, members?: Readonly<Record<string, unknown>>): Handled => {
    const read = readReview(reviewOf(rawPolicy(overrides), members))
    return read.kind === 'review' ? mutate(DEFAULT_INSTALLATION, systemClock)(read.request, known) : expect.fail(read.problem)
  }

  it('is refused before defaults are added, each right and all else that is wrong in one message', () => {
    const { verdict, review, found } = first(ladder, lacking)
    expect([verdict, review.response.status?.code, review.response.status?.reason]).to.deep.equal(['denied', 403, 'Forbidden'])
    expect(review.response.status?.message.split('\n').map((line) => /^\* (\S+ \[KS[0-9]+\] you may not [^—]+|\S+ \[KS[0-9]+\])/.exec(line)?.[1]?.trim() ?? line)).to.deep.equal([
      'HealingPolicy "shop/cart-healing": 3 problems:',
      'spec.actions[0]: [KS108] you may not create pods/eviction in namespace "shop"',
      'spec.actions[1]: [KS108] you may not delete pods in namespace "shop"',
      'spec.safetyRules.maxActionsPerHour: [KS401]',
    ])
    expect(found.map(({ rule }) => rule)).to.deep.equal(['KS108', 'KS108', 'KS401'])
    expect(review.response.auditAnnotations).to.deep.equal({ refused: 'KS108,KS401' })
  })
  it('is left to the API server where it is about what is no namespace, and to validation where only a namespace does not consent', () => {
    const selecting = (namespaces: readonly string[]): PolicyOverrides => ({ selector: { namespaces: [...namespaces], labelSelector: { matchLabels: { app: 'cart' } } } })
    expect(first(selecting(['bank', '*']), lacking).verdict).to.equal('patched')
    expect(first(selecting(['bank']), lacking).verdict).to.equal('denied')
    expect(first(selecting(['bank']), { access: ({ who }) => (who === 'Author' ? 'Allowed' : 'Denied') }).verdict).to.equal('patched')
  })
  it('is left to validation where nobody has answered, and so is what is only wrong', () => {
    expect(first(ladder).verdict).to.equal('patched')
    expect(first(BAD, { access: () => 'Allowed' }).verdict).to.equal('patched')
  })
  it('is nothing in an update that does no more', () => {
    const lower = { ...ladder, safetyRules: { maxActionsPerHour: 98 } }
    expect(first(lower, lacking, { operation: 'UPDATE', oldObject: rawPolicy(ladder) }).verdict).to.equal('patched')
    expect(first(ladder, lacking, { operation: 'UPDATE', oldObject: rawPolicy(lower) }).verdict).to.equal('denied')
  })
})
