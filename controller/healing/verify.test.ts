import { expect } from 'chai'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { minutes, seconds, type Instant } from '../../shared/lib/time.ts'
import { NO_ALERTS, type AlertReadings } from './alerts.ts'
import type { PodView, Snapshot } from './snapshot.ts'
import { verify, type Verification } from './verify.ts'
import { at, cart, condition, container, crashing, crashed, fresh, ownedBy, pod, policy, remembered, rules, running, snapshot, waiting, workload } from './testing/builders.ts'

/** healthCheckTimeout 5m, stabilizationWindow 2m. The act was at 0.4 s past the whole second. */
const ACTED = 400
const DEADLINE = ACTED + minutes(5)
const WINDOW = minutes(2)

function judge(pods: readonly PodView[], now: number, safety: Partial<HealingPolicySpec['safetyRules']> = {}, rest: { findings?: Snapshot['findings']; subject?: typeof cart.ref; spec?: Partial<HealingPolicySpec> } = {}): Verification {
  return verify(
    policy({ ...rules({ healthCheckTimeout: '5m', stabilizationWindow: '2m', ...safety }), ...rest.spec }),
    { trigger: 'crashing', subject: rest.subject ?? cart.ref, targetUid: 'uid-cart-0', actedAt: at(ACTED), expectation: 'replacement', healthySince: undefined },
    snapshot({ now: at(now), pods, findings: rest.findings ?? [] }),
  )
}
const told = (verdict: Verification): string => (verdict.kind === 'Done' ? verdict.outcome : `until ${verdict.until - at(0)}`)

const made = seconds(1)
const well = fresh('cart-9', at(made), at(10_000))
const starting = (name = 'cart-9', created: number = made): PodView =>
  pod(name, { createdAt: at(created), containers: [container({ ready: false, state: waiting('ContainerCreating') })], conditions: [condition('Ready', 'False', at(created))] })
const looping = crashing('cart-9', { createdAt: at(made) })

describe('verification', () => {
  const stable = 10_000 + WINDOW
  const cases: readonly [string, readonly PodView[], number, string][] = [
    ['waits until the deadline while there is no replacement', [], ACTED, `until ${DEADLINE}`],
    ['waits until the deadline while the replacement starts', [starting()], 5000, `until ${DEADLINE}`],
    ['waits for the stabilization window once it is ready', [well], 10_000, `until ${stable}`],
    ['still waits just before the window is over', [well], stable - 1, `until ${stable}`],
    ['is Effective at the end of the window', [well], stable, 'Effective'],
    ['is Effective when looked at late', [well], stable + minutes(60), 'Effective'],
    ['is undecided just before the deadline when never ready', [starting()], DEADLINE - 1, `until ${DEADLINE}`],
    ['is Ineffective at the deadline when never ready', [starting()], DEADLINE, 'Ineffective'],
    ['is Inconclusive at the deadline when there never was a replacement', [], DEADLINE, 'Inconclusive'],
    ['is Ineffective when readiness began after the deadline', [fresh('cart-9', at(made), at(DEADLINE + 1))], DEADLINE + 2, 'Ineffective'],
    ['gives readiness that began at the deadline its window', [fresh('cart-9', at(made), at(DEADLINE))], DEADLINE, `until ${DEADLINE + WINDOW}`],
    ['is Ineffective when readiness broke after the deadline', [starting()], DEADLINE + 30_000, 'Ineffective'],
    ['does not look at the pod that was acted on', [crashing('cart-0', { createdAt: at(made) }), well], stable, 'Effective'],
    ['does not look at pods that are going', [well, { ...looping, ref: { ...looping.ref, uid: 'x' }, deleting: true }], stable, 'Effective'],
    ['is not decided by another broken replica', [well, crashing('cart-1')], stable, 'Effective'],
    ['is not decided by pods of another workload', [well, crashing('stock-0', { createdAt: at(made), owner: ownedBy(workload('StatefulSet', 'stock')) })], stable, 'Effective'],
    ['is not decided by a pod that was made after the deadline', [fresh('cart-9', at(made), at(DEADLINE - 1000)), starting('cart-10', seconds(302))], DEADLINE + WINDOW, 'Effective'],
    ['is not decided by a replacement that the kubelet rejected', [well, { ...starting('cart-8'), phase: 'Failed' }], stable, 'Effective'],
    ['is Ineffective when all that came failed', [{ ...starting('cart-8'), phase: 'Failed' }], DEADLINE, 'Ineffective'],
    ['needs every replacement to be ready', [well, starting('cart-10')], stable, `until ${DEADLINE}`],
    ['takes a pod of the second of the act for a replacement', [fresh('cart-9', at(0), at(10_000))], stable, 'Effective'],
    ['takes a pod of the second before for an older one', [fresh('cart-9', at(-1000), at(10_000))], DEADLINE, 'Inconclusive'],
    ['counts a restart within an unbroken readiness', [{ ...well, containers: [container({ state: running(at(50_000)) })] }], stable, `until ${50_000 + WINDOW}`],
  ]
  for (const [title, pods, now, verdict] of cases) it(title, () => expect(told(judge(pods, now))).to.equal(verdict))

  it('says since when it has been healthy', () => expect(judge([well], stable)).to.include({ healthySince: at(10_000) }))
  describe('of a trigger that tells what is not Ready', () => {
    const spec: Partial<HealingPolicySpec> = { triggers: [{ name: 'crashing', type: 'condition', cooldownPeriod: '5m', conditionTrigger: { type: 'Ready', status: 'False', duration: '1s' } }] }
    const verdict = (now: number, healthySince?: Instant): string =>
      told(verify(
        policy({ ...rules({ healthCheckTimeout: '5m', stabilizationWindow: '2m' }), ...spec }),
        { trigger: 'crashing', subject: cart.ref, targetUid: 'uid-cart-0', actedAt: at(ACTED), expectation: 'replacement', healthySince },
        snapshot({ now: at(now), pods: [starting()], findings: [] }),
      ))
    it('gives a new pod that starts its time, though it fires', () => expect(verdict(60_000)).to.equal(`until ${DEADLINE}`))
    it('waits just before the deadline', () => expect(verdict(DEADLINE - 1)).to.equal(`until ${DEADLINE}`))
    it('is Ineffective at the deadline', () => expect(verdict(DEADLINE)).to.equal('Ineffective'))
    it('is Ineffective at once when it was Ready before', () => expect(verdict(60_000, at(20_000))).to.equal('Ineffective'))
  })

  it('is Ineffective as soon as the trigger fires on a replacement', () => {
    expect(told(judge([looping], 60_000, {}, { findings: [remembered(looping, at(1), 6)] }))).to.equal('until 60001')
    expect(told(judge([looping], 60_001, {}, { findings: [remembered(looping, at(1), 6)] }))).to.equal('Ineffective')
  })
  it('fires on one of several replacements', () => expect(told(judge([well, looping], 70_000, {}, { findings: [remembered(looping, at(1), 6)] }))).to.equal('Ineffective'))

  it('a pod of a StatefulSet comes back under its name as another object', () => {
    const set = workload('StatefulSet', 'db')
    const back = { ...well, ref: { ...well.ref, name: 'cart-0', uid: 'uid-second-life' }, owner: ownedBy(set) }
    expect(told(judge([back], stable, {}, { subject: set.ref }))).to.equal('Effective')
    expect(told(judge([{ ...back, ref: { ...back.ref, uid: 'uid-cart-0' } }], DEADLINE, {}, { subject: set.ref }))).to.equal('Inconclusive')
  })
  describe('of a pod that came back under its name, by an alert about the name', () => {
    const set = workload('StatefulSet', 'db')
    const back = pod('cart-0', { ...well, ref: { ...well.ref, name: 'cart-0', uid: 'uid-second-life' }, owner: ownedBy(set) })
    const labels = { alertname: 'Stuck', namespace: 'shop', pod: 'cart-0' }
    const spec: Partial<HealingPolicySpec> = { triggers: [{ name: 'crashing', type: 'alert', cooldownPeriod: '5m', alertTrigger: { alertname: 'Stuck', for: '0s', duration: '0s' } }] }
    const alerts = (firing: AlertReadings['firing'], ended: AlertReadings['ended'] = []): AlertReadings => ({ ...NO_ALERTS, problem: undefined, firing, ended })
    const judgeBack = (now: number, given: AlertReadings): string =>
      told(verify(policy({ ...rules({ healthCheckTimeout: '5m', stabilizationWindow: '2m' }), ...spec }), { trigger: 'crashing', subject: set.ref, targetUid: 'uid-cart-0', actedAt: at(ACTED), expectation: 'replacement', healthySince: undefined }, snapshot({ now: at(now), pods: [back], workloads: [set], alerts: given })))
    const before = alerts([{ labels, startsAt: at(-60_000), heardAt: at(-60_000) }])
    const rows: readonly [string, number, AlertReadings, string][] = [
      ['gives one that began before until the deadline', DEADLINE - 1, before, `until ${DEADLINE}`],
      ['is Ineffective when it goes on at the deadline', DEADLINE, before, 'Ineffective'],
      ['is Ineffective at once when it began anew', 20_000, alerts([{ labels, startsAt: at(15_000), heardAt: at(15_000) }]), 'Ineffective'],
      ['gives the window from the end that was told', stable, alerts([], [{ labels, endedAt: at(60_000) }]), `until ${60_000 + WINDOW}`],
      ['is Effective when it ended and stayed away', 60_000 + WINDOW, alerts([], [{ labels, endedAt: at(60_000) }]), 'Effective'],
    ]
    for (const [title, now, given, verdict] of rows) it(title, () => expect(judgeBack(now, given)).to.equal(verdict))
  })
  it('a recreated workload of the same name is the same subject', () => {
    expect(told(judge([well], stable, {}, { subject: { ...cart.ref, uid: 'uid-before' } }))).to.equal('Effective')
  })
  it('without its trigger nothing can be said', () => {
    const renamed: Partial<HealingPolicySpec> = { triggers: [{ name: 'other', type: 'condition', cooldownPeriod: '5m', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '1m' } }] }
    expect(told(judge([well], stable, {}, { spec: renamed }))).to.equal('Inconclusive')
  })
  it('ends without a verdict a minute after its windows when the trigger cannot be judged', () => {
    const spec: Partial<HealingPolicySpec> = { triggers: [{ name: 'crashing', type: 'condition', cooldownPeriod: '5m', conditionTrigger: { type: 'example.com/gate', status: 'False', duration: '1m' } }] }
    const end = DEADLINE + minutes(1)
    expect(told(judge([well], stable, {}, { spec }))).to.equal(`until ${end}`)
    expect(told(judge([well], end - 1, {}, { spec }))).to.equal(`until ${end}`)
    expect(told(judge([well], end, {}, { spec }))).to.equal('Inconclusive')
  })
  it('of a pod that was changed and stays is not decided by its broken neighbours', () => {
    const changed = (targetUid: string): string =>
      told(
        verify(
          policy(rules({ healthCheckTimeout: '5m', stabilizationWindow: '2m' })),
          { trigger: 'crashing', subject: cart.ref, targetUid, actedAt: at(0), expectation: 'quiet', healthySince: at(0) },
          snapshot({ now: at(minutes(5)), pods: [pod('cart-0'), crashing('cart-1')], findings: [remembered(crashing('cart-1'), at(-300_000))] }),
        ),
      )
    expect(changed('uid-cart-0')).to.equal('Effective')
    expect(changed('uid-cart-1')).to.equal('Ineffective')
    expect(changed(cart.ref.uid)).to.equal('Ineffective')
  })
  it('is not Effective where nothing is left that the trigger looks at', () => {
    const quiet = (now: number): string =>
      told(
        verify(
          policy(rules({ healthCheckTimeout: '5m', stabilizationWindow: '2m' })),
          { trigger: 'crashing', subject: cart.ref, targetUid: cart.ref.uid, actedAt: at(0), expectation: 'quiet', healthySince: at(0) },
          snapshot({ now: at(now), pods: [] }),
        ),
      )
    expect(quiet(WINDOW)).to.equal(`until ${minutes(6)}`)
    expect(quiet(minutes(6))).to.equal('Inconclusive')
  })
  it('always ends: at the latest a minute after both windows', () => {
    const flapping = (since: number): PodView => fresh('cart-9', at(made), at(since))
    for (const since of [made, DEADLINE - 1, DEADLINE, DEADLINE + 1]) expect(judge([flapping(since)], DEADLINE + WINDOW + minutes(1)).kind).to.equal('Done')
  })
})

describe('verification by the detector only', () => {
  const only = { requireHealthCheck: false }
  it('does not ask for readiness', () => expect(told(judge([starting()], made + WINDOW, only))).to.equal('Effective'))
  it('gives the replacement the whole window', () => expect(told(judge([starting()], made + WINDOW - 1, only))).to.equal(`until ${made + WINDOW}`))
  it('gives a late replacement the whole window', () => expect(told(judge([starting('cart-9', minutes(1))], made + WINDOW, only))).to.equal(`until ${60_000 + WINDOW}`))
  it('still needs a replacement', () => expect(told(judge([], DEADLINE, only))).to.equal('Inconclusive'))
  it('is Ineffective when the trigger fires again', () => expect(told(judge([looping], 70_000, only, { findings: [remembered(looping, at(1), 6)] }))).to.equal('Ineffective'))
  it('waits while the trigger is pending', () => {
    const pending = { ...looping, containers: [container({ restarts: 3, ready: false, state: running(at(made)), lastTermination: crashed() })] }
    expect(told(judge([pending], made + WINDOW, only))).to.match(/^until/)
  })
})
