import { expect } from 'chai'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import type { ObjectMeta } from '../../shared/lib/object.ts'
import { minutes, millis, seconds } from '../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from './installation.ts'
import { GUARDS, refusalOf, type GuardView } from './guards.ts'
import type { Proposal } from './guards.ts'
import type { CompiledPolicy } from './policy.ts'
import type { RefusalReason } from './refusal.ts'
import type { Place } from './snapshot.ts'
import { at, cart, cartSet, chained, ownedBy, pod, policy, rules, snapshot, workload } from './testing/builders.ts'

interface Case {
  readonly title: string
  readonly spec?: Partial<HealingPolicySpec>
  readonly metadata?: Partial<ObjectMeta>
  readonly proposal?: Proposal
  readonly view?: Partial<GuardView>
  /** undefined: nothing is refused. */
  readonly reason: RefusalReason | undefined
}

const violation = { rule: 'KS101', severity: 'E', path: 'spec.selector', what: 'selects everything', why: '', fix: '' } as const
const protect = (entry: Record<string, unknown>): Partial<HealingPolicySpec> => rules({ protectedResources: [{ apiVersion: 'apps/v1', kind: 'Deployment', ...entry }] })
const here = { name: 'shop', ignored: false, paused: undefined, deleting: false }
const pause = (reason: string): Partial<ObjectMeta> => ({ annotations: { 'kubeskippy.io/pause': reason } })
const schedules = (...entries: readonly { allow: boolean; schedule: string }[]): Partial<HealingPolicySpec> =>
  rules({ schedules: entries.map(({ allow, schedule }) => ({ allow, during: { schedule, duration: '30m', timeZone: 'UTC' } })) })
const stranger = pod('cart-0', { ref: { ...pod().ref, namespace: 'bank' } })
/** A policy of shop that reaches into bank, and a pod there. */
const abroad = (spec: Partial<HealingPolicySpec> = {}): Partial<HealingPolicySpec> => ({ selector: { namespaces: ['shop', 'bank'], labelSelector: { matchLabels: { app: 'cart' } } }, ...spec })
const bank = { ...here, name: 'bank' }
const there = (place: Partial<Place> = {}): Pick<GuardView, 'others'> => ({ others: new Map([['bank', { namespace: bank, healer: 'Ready', consent: 'Given', ...place }]]) })
const job = workload('Job', 'cart', { ref: { ...cart.ref, apiVersion: 'batch/v1', kind: 'Job', uid: 'uid-job' } })
const rollout = workload('Rollout', 'cart', { ref: { ...cart.ref, apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', uid: 'uid-rollout' } })
const ofRollout = chained(pod('cart-0', { owner: ownedBy(rollout) }))
const protectRollout = (entry: Record<string, unknown>): Partial<HealingPolicySpec> => protect({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', ...entry })

const CASES: readonly Case[] = [
  { title: 'a broken pod of an accepted policy may be acted on', reason: undefined },
  { title: 'the kill switch stops everything', view: { killSwitch: true }, reason: 'KillSwitch' },
  { title: 'a suspended policy does nothing', spec: { suspend: true }, reason: 'Suspended' },
  { title: 'a paused policy does nothing', metadata: pause('release of cart 2'), reason: 'Paused' },
  { title: 'a pause needs no reason', metadata: pause(''), reason: 'Paused' },
  { title: 'a pause that says false is none', metadata: pause(' False'), reason: undefined },
  { title: 'a paused namespace pauses its policies', view: { namespace: { ...here, paused: 'moving house' } }, reason: 'Paused' },
  { title: 'a policy that is being deleted does nothing', metadata: { deletionTimestamp: '2030-01-01T12:00:00Z' }, reason: 'PolicyDeleted' },
  { title: 'a policy that breaks a rule does nothing', view: { violations: [violation] }, reason: 'NotAccepted' },
  { title: 'clocks a minute apart are near enough', view: { clockSkew: minutes(1) }, reason: undefined },
  { title: 'a clock of the API server that is not known stops', view: { clockSkew: undefined }, reason: 'ClockSkew' },
  { title: 'clocks more than a minute apart stop', view: { clockSkew: millis(60_001) }, reason: 'ClockSkew' },
  { title: 'clocks more than a minute apart the other way stop', view: { clockSkew: millis(-60_001) }, reason: 'ClockSkew' },
  { title: 'a namespace on its way out is left alone', view: { namespace: { ...here, deleting: true } }, reason: 'NamespaceTerminating' },
  { title: 'a namespace that is not known is left alone', view: { namespace: undefined }, reason: 'NamespaceTerminating' },
  { title: 'a namespace of the system is never touched', metadata: { namespace: 'kube-system' }, proposal: chained(pod('cart-0', { ref: { ...pod().ref, namespace: 'kube-system' } })), reason: 'ProtectedNamespace' },
  { title: "the operator's own namespace is never touched", view: { installation: { ...DEFAULT_INSTALLATION, operatorNamespace: 'shop' } }, reason: 'ProtectedNamespace' },
  { title: 'a namespace that the installation protects is never touched', view: { installation: { ...DEFAULT_INSTALLATION, protectedNamespaces: ['shop'] } }, reason: 'ProtectedNamespace' },
  { title: 'a pod of another namespace is never touched', proposal: chained(stranger), reason: 'ProtectedNamespace' },
  { title: 'a pod of another namespace that the policy selects and that consents may be acted on', spec: abroad(), proposal: chained(stranger), view: there(), reason: undefined },
  { title: 'its own namespace need not be ready for that', spec: abroad(), proposal: chained(stranger), view: { ...there(), healer: 'Missing', namespace: { ...here, ignored: true } }, reason: undefined },
  { title: 'a pod of a namespace that consents and is not selected is never touched', proposal: chained(stranger), view: there(), reason: 'ProtectedNamespace' },
  { title: 'a pod of the own namespace that is not selected is never touched', spec: { selector: { namespaces: ['bank'], labelSelector: { matchLabels: { app: 'cart' } } } }, view: there(), reason: 'ProtectedNamespace' },
  { title: 'without consent nothing is done in another namespace', spec: abroad(), proposal: chained(stranger), view: there({ consent: 'Missing' }), reason: 'NoConsent' },
  { title: 'what could not be asked is no consent', spec: abroad(), proposal: chained(stranger), view: there({ consent: 'Unknown' }), reason: 'ConsentUnknown' },
  { title: 'nor is what nobody asked', spec: abroad(), proposal: chained(stranger), reason: 'ConsentUnknown' },
  { title: 'the want of consent stops nothing in the own namespace', spec: abroad(), view: there({ consent: 'Missing' }), reason: undefined },
  { title: 'another namespace that is protected is never touched, whatever it consents to', spec: abroad(), proposal: chained(stranger), view: { ...there(), installation: { ...DEFAULT_INSTALLATION, protectedNamespaces: ['bank'] } }, reason: 'ProtectedNamespace' },
  { title: 'a policy in a protected namespace does nothing elsewhere', spec: abroad(), proposal: chained(stranger), view: { ...there(), installation: { ...DEFAULT_INSTALLATION, protectedNamespaces: ['shop'] } }, reason: 'ProtectedNamespace' },
  { title: 'a pause of another namespace holds there', spec: abroad(), proposal: chained(stranger), view: there({ namespace: { ...bank, paused: 'closing the books' } }), reason: 'Paused' },
  { title: 'and not in the own one', spec: abroad(), view: there({ namespace: { ...bank, paused: 'closing the books' } }), reason: undefined },
  { title: 'a pause of the own namespace holds for what its policies do elsewhere', spec: abroad(), proposal: chained(stranger), view: { ...there(), namespace: { ...here, paused: 'moving house' } }, reason: 'Paused' },
  { title: 'another namespace on its way out is left alone', spec: abroad(), proposal: chained(stranger), view: there({ namespace: { ...bank, deleting: true } }), reason: 'NamespaceTerminating' },
  { title: 'a policy whose own namespace is on its way out does nothing elsewhere', spec: abroad(), proposal: chained(stranger), view: { ...there(), namespace: { ...here, deleting: true } }, reason: 'NamespaceTerminating' },
  { title: 'another namespace may opt out', spec: abroad(), proposal: chained(stranger), view: there({ namespace: { ...bank, ignored: true } }), reason: 'OptedOut' },
  { title: 'a missing account of another namespace stops there', spec: abroad(), proposal: chained(stranger), view: there({ healer: 'Missing' }), reason: 'HealerMissing' },
  { title: 'a namespace may opt out', view: { namespace: { ...here, ignored: true } }, reason: 'OptedOut' },
  { title: 'a pod may opt out', proposal: chained(pod('cart-0', { ignored: true })), reason: 'OptedOut' },
  { title: 'the top owner may opt out', proposal: chained(pod(), [{ ...cart, ignored: true }, cartSet]), reason: 'OptedOut' },
  { title: 'a pod protected by name is left alone', spec: protect({ apiVersion: 'v1', kind: 'Pod', names: ['cart-0'] }), reason: 'Protected' },
  { title: 'a pod of another name than the protected one is not protected', spec: protect({ apiVersion: 'v1', kind: 'Pod', names: ['cart-1'] }), reason: undefined },
  { title: 'a protected owner protects its pods', spec: protect({ names: ['cart'] }), reason: 'Protected' },
  { title: 'an owner protected by labels protects its pods', spec: protect({ labelSelector: { matchLabels: { app: 'cart' } } }), reason: 'Protected' },
  { title: 'names and labels of a protection must both match', spec: protect({ names: ['cart'], labelSelector: { matchLabels: { app: 'stock' } } }), reason: undefined },
  { title: 'a kind of another group is not protected', spec: protect({ apiVersion: 'extensions/v1', names: ['cart'] }), reason: undefined },
  { title: 'a protected owner of a kind that is not watched protects its pods', spec: protectRollout({ names: ['cart'] }), proposal: ofRollout, reason: 'Protected' },
  { title: 'labels that cannot be seen count as protected', spec: protectRollout({ labelSelector: { matchLabels: { critical: 'true' } } }), proposal: ofRollout, reason: 'Protected' },
  { title: 'an owner of another name and a kind that is not watched is not protected', spec: protectRollout({ names: ['stock'] }), proposal: ofRollout, reason: undefined },
  { title: 'within its schedule a policy acts', spec: schedules({ allow: true, schedule: '0 12 * * *' }), reason: undefined },
  { title: 'outside its schedule a policy does nothing', spec: schedules({ allow: true, schedule: '0 13 * * *' }), reason: 'OutsideSchedule' },
  { title: 'at a forbidding time of its schedule a policy does nothing', spec: schedules({ allow: true, schedule: '0 12 * * *' }, { allow: false, schedule: '0 11,12 * * *' }), reason: 'OutsideSchedule' },
  { title: 'an owner that has not been seen yet is waited for', proposal: chained(pod(), [cartSet]), reason: 'OwnerUnknown' },
  { title: 'labels of an owner that was only not seen yet are waited for', spec: protect({ labelSelector: { matchLabels: { critical: 'true' } } }), proposal: chained(pod(), [cartSet]), reason: 'OwnerUnknown' },
  { title: 'pods that were heard of a minute and a half ago will do', view: { age: seconds(95) }, reason: undefined },
  { title: 'pods that were not heard of for longer stop', view: { age: millis(95_001) }, reason: 'StaleData' },
  { title: 'a pod that is going is left alone', proposal: chained(pod('cart-0', { deleting: true })), reason: 'TargetTerminating' },
  { title: 'the pods of an owner that is going are left alone', proposal: chained(pod(), [{ ...cart, deleting: true }, cartSet]), reason: 'TargetTerminating' },
  { title: 'a static pod is left alone', proposal: chained(pod('cart-0', { mirror: true })), reason: 'Unsupported' },
  { title: 'a pod that nobody would make again is left alone', proposal: chained(pod('cart-0', { owner: undefined })), reason: 'NoController' },
  { title: 'a pod of a Job is left alone', proposal: chained(pod('cart-0', { owner: ownedBy(job) })), reason: 'Unsupported' },
  { title: 'a missing account stops', view: { healer: 'Missing' }, reason: 'HealerMissing' },
  { title: 'an account that may not act stops', view: { healer: 'Forbidden' }, reason: 'HealerForbidden' },
]

type Inputs = readonly [CompiledPolicy, Proposal, GuardView]
const inputs = ({ spec, metadata, proposal = chained(pod()), view }: Case): Inputs => [policy(spec, metadata), proposal, { ...snapshot(), ...view }]

describe('guards', () => {
  for (const example of CASES) it(example.title, () => expect(refusalOf(...inputs(example))?.reason).to.equal(example.reason))

  it('each of them is missed when it is taken out', () => {
    for (const guard of GUARDS) {
      const others = GUARDS.filter((other) => other !== guard)
      const changed = CASES.filter((example) => refusalOf(...inputs(example), others)?.reason !== example.reason)
      expect(changed, `guard ${GUARDS.indexOf(guard)}`).to.have.length.greaterThan(0)
    }
  })

  /** Everything is wrong at once; what people see is mended, one after another. */
  it('refuse in their order, the whole installation before the policy, the policy before the object, the account last', () => {
    const wrong = pod('cart-0', { ignored: true, deleting: true, mirror: true, owner: ownedBy(job), labels: {} })
    const window = { schedule: '0 13 * * *', duration: '30m', timeZone: 'UTC' }
    const spec = { suspend: true, ...rules({ protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-0'] }], schedules: [{ allow: true, during: window }] }) }
    const metadata = { deletionTimestamp: '2030-01-01T12:00:00Z', ...pause('x') }
    const view: GuardView = {
      ...snapshot(),
      killSwitch: true,
      violations: [violation],
      clockSkew: minutes(2),
      age: minutes(2),
      namespace: { ...here, deleting: true },
      installation: { ...DEFAULT_INSTALLATION, protectedNamespaces: ['shop'] },
      healer: 'Missing',
    }
    const reasons: RefusalReason[] = []
    let left = GUARDS
    for (;;) {
      const refusal = refusalOf(policy(spec, metadata), chained(wrong), view, left)
      if (refusal === undefined) break
      reasons.push(refusal.reason)
      const first = left.findIndex((guard) => guard(policy(spec, metadata), chained(wrong), view) !== undefined)
      left = left.slice(first + 1)
    }
    expect(reasons).to.deep.equal([
      'KillSwitch',
      'Suspended',
      'Paused',
      'PolicyDeleted',
      'NotAccepted',
      'ClockSkew',
      'NamespaceTerminating',
      'ProtectedNamespace',
      'OptedOut',
      'Protected',
      'OutsideSchedule',
      'StaleData',
      'TargetTerminating',
      'Unsupported',
      'Unsupported',
      'HealerMissing',
    ])
  })
  it('say the same words on every look, so that nothing is written anew', () => {
    const say = (clockSkew: number): string | undefined => refusalOf(policy(), chained(pod()), { ...snapshot(), now: at(clockSkew), clockSkew: millis(clockSkew) })?.message
    expect(say(61_000)).to.equal(say(75_000)).and.not.equal(undefined)
  })
  it('say who is paused and why, in printable words of bounded length', () => {
    const say = (reason: string, of = {}): string => refusalOf(policy({}, pause(reason)), chained(pod()), { ...snapshot(), ...of })?.message ?? ''
    expect(say('release of\u001b[31m cart\n')).to.equal('HealingPolicy/cart is paused by kubeskippy.io/pause: release of[31m cart')
    expect(say('')).to.equal('HealingPolicy/cart is paused by kubeskippy.io/pause')
    expect(Array.from(say('x'.repeat(5000)))).to.have.lengthOf('HealingPolicy/cart is paused by kubeskippy.io/pause: '.length + 200)
    expect(say('false', { namespace: { ...here, paused: 'moving house' } })).to.equal('Namespace/shop is paused by kubeskippy.io/pause: moving house')
  })
  it('say who opted out and who is protected', () => {
    expect(refusalOf(policy(protect({ names: ['cart'] })), chained(pod()), snapshot())?.message).to.contain('Deployment/cart')
    expect(refusalOf(policy(), chained(pod()), { ...snapshot(), namespace: { ...here, ignored: true } })?.message).to.contain('Namespace/shop')
  })
})
