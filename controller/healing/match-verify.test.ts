/** Verification and the look before a write, where all triggers have to meet. */
import { expect } from 'chai'
import type { HealingActionSpec, HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { minutes } from '../../shared/lib/time.ts'
import { buildHealingAction, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { NO_ALERTS } from './alerts.ts'
import { evaluate } from './evaluate.ts'
import type { CompiledPolicy } from './policy.ts'
import { recheck } from './recheck.ts'
import type { PodView } from './snapshot.ts'
import { verify } from './verify.ts'
import { at, broken, cart, condition, crashing, deepFreeze, fresh, pod, policy, remembered, rules, snapshot } from './testing/builders.ts'

const CRASHING = buildTrigger()
const GATED = buildTrigger({ name: 'gated', conditionTrigger: { type: 'example.com/gate', status: 'False', duration: '1m' } })
const gate = (status: 'True' | 'False', since = -300_000) => condition('example.com/gate', status, at(since))
const matching = (triggerMatch: HealingPolicySpec['triggerMatch'], more: Partial<HealingPolicySpec> = {}): CompiledPolicy =>
  deepFreeze(policy({ triggerMatch, triggers: [CRASHING, GATED], ...rules({ healthCheckTimeout: '5m', stabilizationWindow: '2m', requireHealthCheck: false }), ...more }))

interface Judged {
  readonly crashes?: boolean
  readonly trigger?: string
  readonly match?: HealingPolicySpec['triggerMatch']
  readonly now?: number
}

describe('verification where all triggers have to meet', () => {
  /** The act was at 0, its replacement came a second later; it is five minutes later now. */
  const judge = (conditions: PodView['conditions'], { crashes = true, trigger = 'All', match = 'All', now = minutes(5) }: Judged = {}): string => {
    const made = { createdAt: at(1000) }
    const replacement = crashes ? crashing('cart-9', { ...made, conditions }) : { ...fresh('cart-9', at(1000)), conditions: [condition('Ready', 'True', at(1000)), ...conditions] }
    const verdict = verify(
      matching(match),
      { trigger, subject: cart.ref, targetUid: 'uid-cart-0', actedAt: at(0), expectation: 'replacement', healthySince: undefined },
      snapshot({ now: at(now), pods: [replacement], findings: [remembered(replacement, at(2000), 1)] }),
    )
    return verdict.kind === 'Done' ? `${verdict.outcome}: ${verdict.message}` : `until ${verdict.until - at(0)}`
  }

  it('all of them on the replacement: it did not help', () => {
    expect(judge([gate('False', 3000)])).to.equal('Ineffective: the combination of crashing and gated fires again on Pod/cart-9: crashing: container app keeps ending, last with exit code 1; gated: condition example.com/gate is False')
  })
  it('one of them quiet on the replacement: it helped', () => {
    expect(judge([gate('True')])).to.equal('Effective: cart-9 healthy and the combination of crashing and gated quiet for 2m')
    expect(judge([gate('False', 3000)], { crashes: false })).to.match(/^Effective: /)
  })
  it('one of them quiet, and the other one without data: it helped, since both cannot hold', () => expect(judge([], { crashes: false })).to.match(/^Effective: /))
  it('one of them without data, and the other one firing: nobody knows', () => {
    expect(judge([])).to.equal('until 360000')
    expect(judge([], { now: minutes(6) })).to.equal('Inconclusive: the combination of crashing and gated could not be judged on Pod/cart-9')
  })
  it('one of them an alert that may have been missed: nobody knows before it was told again', () => {
    const told = buildTrigger({ name: 'told', type: 'alert', alertTrigger: { alertname: 'Stuck', for: '0s', duration: '0s' } })
    const of = (heardSince: number): string => {
      const replacement = { ...fresh('cart-9', at(1000)), conditions: [condition('Ready', 'True', at(1000)), gate('False', 3000)] }
      const verdict = verify(
        matching('All', { triggers: [told, GATED] }),
        { trigger: 'All', subject: cart.ref, targetUid: 'uid-cart-0', actedAt: at(0), expectation: 'replacement', healthySince: undefined },
        snapshot({ now: at(minutes(5)), pods: [replacement], alerts: { ...NO_ALERTS, problem: undefined, since: at(heardSince) } }),
      )
      return verdict.kind === 'Done' ? verdict.outcome : `until ${verdict.until - at(0)}`
    }
    expect(of(minutes(4) + 1)).to.equal(`until ${minutes(5) + 1}`)
    expect(of(minutes(4))).to.equal('Effective')
  })
  it('what happened before the act does not count, though it is still within the window', () => {
    const told = buildTrigger({ name: 'told', type: 'event', eventTrigger: { reason: 'Unhealthy', count: 1, window: '10m' } })
    const stays = pod('cart-0', { conditions: [gate('False')] })
    const event = (last: number) => ({ uid: 'e', namespace: 'shop', reason: 'Unhealthy', type: 'Warning', message: 'x', regarding: { kind: 'Pod', name: 'cart-0', uid: stays.ref.uid }, count: 1, first: at(last), last: at(last) })
    const of = (last: number) =>
      verify(
        matching('All', { triggers: [told, GATED] }),
        { trigger: 'All', subject: cart.ref, targetUid: stays.ref.uid, actedAt: at(0), expectation: 'quiet', healthySince: at(0) },
        snapshot({ now: at(minutes(5)), pods: [stays], events: [event(last)] }),
      )
    expect(of(-1)).to.include({ outcome: 'Effective' })
    expect(of(1)).to.include({ outcome: 'Ineffective' })
  })
  it('waits for the last of them to fire', () => expect(judge([gate('False', minutes(4.5))])).to.equal('until 330000'))
  it('an act that was decided on one trigger is judged by that one, though all have to meet by now', () => {
    expect(judge([gate('True')], { trigger: 'crashing' })).to.match(/^Ineffective: crashing fires again/)
  })
  it('an act that was decided on all of them is judged by all of them, though any is enough by now', () => {
    expect(judge([gate('True')], { match: 'Any' })).to.match(/^Effective: /)
    expect(judge([gate('False', 3000)], { match: 'Any' })).to.match(/^Ineffective: the combination/)
  })
})

describe('the look just before a write, where all triggers have to meet', () => {
  const spec = (trigger: HealingActionSpec['trigger']): HealingActionSpec =>
    buildHealingAction({ spec: { targetResource: crashing().ref, action: matching('All').causes[0]?.ladder[0] ?? buildHealingAction().spec.action, trigger } }).spec
  const decided = spec({ name: 'All', since: new Date(at(-120_000)).toISOString(), evidence: 'x' })
  const both = crashing('cart-0', { conditions: [gate('False', -120_000)] })
  const refused = (target: PodView, { of = matching('All'), action = decided } = {}) => recheck(deepFreeze(action), of, target, snapshot({ findings: [remembered(target, at(-300_000))] }))

  it('passes what still holds', () => expect(refused(both)).to.equal(undefined))
  it('refuses when one of them is quiet now', () => {
    expect(refused(crashing('cart-0', { conditions: [gate('True')] }))).to.include({ reason: 'TargetRecovered', message: 'the combination of crashing and gated no longer sees anything wrong with Pod/cart-0' })
    expect(refused(pod('cart-0', { conditions: [gate('False', -120_000), condition('Ready', 'True')] }))).to.include({ reason: 'TargetRecovered' })
  })
  it('refuses when one of them has no data now', () => expect(refused(crashing('cart-0', { conditions: [] }))).to.include({ reason: 'TargetRecovered' }))
  it('refuses when one of them began anew, just before it has held for long enough', () => {
    expect(refused(crashing('cart-0', { conditions: [gate('False', -59_999)] }))).to.include({ reason: 'TargetRecovered', message: 'the combination of crashing and gated has not held for long enough on Pod/cart-0' })
    expect(refused(crashing('cart-0', { conditions: [gate('False', -60_000)] }))).to.equal(undefined)
  })
  it('is the same look as the decision took', () => {
    const [action] = (({ decision }) => (decision.kind === 'Act' ? decision.actions : []))(evaluate(matching('All'), broken([both])))
    expect(action === undefined ? 'no action' : refused(both, { action: action.spec })).to.equal(undefined)
  })
  it('carries out nothing that was decided by the other rule', () => {
    const changed = (match: HealingPolicySpec['triggerMatch'], name: string) =>
      refused(both, { of: { ...matching(match), generation: 2 }, action: spec({ name, since: new Date(at(-120_000)).toISOString(), evidence: 'x' }) })
    expect(changed('Any', 'All')).to.deep.equal({ reason: 'PolicyChanged', message: 'All leads to no action of the policy any more: its triggers, or triggerMatch, have changed' })
    expect(changed('All', 'crashing')).to.include({ reason: 'PolicyChanged' })
    expect([changed('All', 'All'), changed('Any', 'crashing')]).to.deep.equal([undefined, undefined])
  })
})
