/** A pod that crashes and is not Ready: under triggerMatch: All both have to be. */
import { expect } from 'chai'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { hours, minutes } from '../../shared/lib/time.ts'
import { compileSchema } from '../../shared/schema/validate.ts'
import { buildActionTemplate, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { evaluate, type Evaluation, type PlannedAction } from './evaluate.ts'
import { findIncident, incidentId } from './incidents.ts'
import { emptyLedger, reserve, settle, type Incident, type Ledger, type Outcome } from './ledger.ts'
import type { CompiledPolicy } from './policy.ts'
import { remedied } from './recurrence.ts'
import type { PodView, Snapshot } from './snapshot.ts'
import { policyStatus } from './status.ts'
import { at, broken, cart, cartSet, condition, crashing, deepFreeze, deployment, ownedBy, pod, policy, remembered, snapshot } from './testing/builders.ts'

const ago = (span: number) => at(0 - span)
const validAction = compileSchema(healingAction.spec)
const validStatus = compileSchema(healingPolicy.status)
const CRASHING = buildTrigger({ cooldownPeriod: '5m' })
const UNREADY = buildTrigger({ name: 'unready', cooldownPeriod: '20m', conditionTrigger: { type: 'Ready', status: 'False', duration: '10m' } })
const GATED = buildTrigger({ name: 'gated', conditionTrigger: { type: 'example.com/gate', status: 'False', duration: '1m' } })

const matching = (triggerMatch: HealingPolicySpec['triggerMatch'], triggers = [CRASHING, UNREADY], more: Partial<HealingPolicySpec> = {}): CompiledPolicy => deepFreeze(policy({ triggerMatch, triggers, ...more }))
const all = matching('All')
const any = matching('Any')

/** Crashes, and has not been Ready for so long. */
const down = (name: string, unready: number): PodView => crashing(name, { conditions: [condition('Ready', 'False', ago(unready))] })
const both = down('cart-0', minutes(10))
/** Crashes, and is Ready in between. */
const half = crashing('cart-0', { conditions: [condition('Ready', 'True')] })
const unready = pod('cart-0', { conditions: [condition('Ready', 'False', ago(minutes(10)))] })

const look = (of: CompiledPolicy, view: Snapshot): Evaluation => evaluate(of, deepFreeze(view))
const planned = ({ decision }: Evaluation): readonly PlannedAction[] => (decision.kind === 'Act' ? decision.actions : [])
const why = ({ decision }: Evaluation): string => (decision.kind === 'Act' ? 'Act' : decision.kind === 'NoOp' ? decision.reason : decision.refusals[0].refusal.reason)
const told = ({ decision }: Evaluation): string => (decision.kind === 'NoOp' ? decision.message : decision.kind === 'Blocked' ? decision.refusals[0].refusal.message : '')
const statusOf = (of: CompiledPolicy, evaluation: Evaluation, now = at(0)) => policyStatus({ policy: of, evaluation, ledger: evaluation.ledger, violations: [], now, previous: undefined })

describe('triggerMatch: All', () => {
  const cases: readonly [string, PodView, string][] = [
    ['acts when both fire', both, 'Act'],
    ['waits while one of them is pending', down('cart-0', minutes(10) - 1), 'Pending'],
    ['leaves a pod alone on which only the first fires', half, 'Partial'],
    ['leaves a pod alone on which only the second fires', unready, 'Partial'],
    ['has nothing to do about a healthy pod', pod(), 'Healthy'],
    ['is without data where one fires and the other knows nothing', crashing('cart-0', { conditions: [] }), 'NoData'],
  ]
  for (const [title, seen, reason] of cases) {
    it(title, () => {
      expect(why(look(all, broken([seen])))).to.equal(reason)
      if (reason === 'Partial') expect(why(look(any, broken([seen])))).to.equal('Act')
    })
  }
  it('leaves two pods alone each of which has half of it', () => {
    expect(why(look(all, broken([half, { ...unready, ref: { ...unready.ref, name: 'cart-1', uid: 'uid-cart-1' } }])))).to.equal('Partial')
  })
  it('says why nothing happens', () => {
    expect(told(look(all, broken([half])))).to.equal('Pod/cart-0: crashing holds, but not unready: with triggerMatch All nothing is done')
    expect(told(look(all, broken([crashing('cart-0', { conditions: [] })])))).to.equal('Pod/cart-0: crashing holds, but unready has no data: the pod has no condition Ready')
  })
  it('acts once, in the name of all of them, with all evidence, since the last of them began', () => {
    const [action, ...more] = planned(look(all, broken([both])))
    expect(more).to.deep.equal([])
    expect(action?.spec.trigger).to.deep.equal({
      name: 'All',
      since: new Date(at(-300_000)).toISOString(),
      evidence: 'crashing: container app keeps ending, last with exit code 1; unready: condition Ready is False; 5 restarts',
    })
    expect(action?.request.incident.trigger).to.equal('All')
  })
  it('keeps to the bounds of the schema with sixteen triggers of the longest names', () => {
    const many = matching('All', Array.from({ length: 16 }, (_n, i) => buildTrigger({ name: `${'n'.repeat(60)}${i}`, conditionTrigger: { type: `example.com/${'g'.repeat(50)}${i}`, status: 'False', duration: '1m' } })))
    const gates = Array.from({ length: 16 }, (_n, i) => condition(`example.com/${'g'.repeat(50)}${i}`, 'False', at(-300_000), 'R'.repeat(300)))
    const evaluation = look(many, snapshot({ pods: [pod('cart-0', { conditions: gates })] }))
    const [action] = planned(evaluation)
    expect(action?.spec.trigger.evidence.match(/n{60}\d+: condition/g)).to.have.length(16)
    expect(validAction(action?.spec)).to.deep.equal([])
    expect(validStatus(statusOf(many, evaluation))).to.deep.equal([])
  })
  it('looks again when the last of them fires', () => {
    expect(look(all, broken([down('cart-0', minutes(10) - 1000)])).recheckAt).to.equal(at(1000))
  })
  it('climbs the one ladder of all actions', () => {
    const actions = [buildActionTemplate({ name: 'second', priority: 2, triggers: ['unready', 'crashing'] }), buildActionTemplate({ name: 'first', priority: 1 })]
    expect(matching('All', [CRASHING, UNREADY], { actions }).causes.map(({ name, ladder }) => [name, ladder.map((a) => a.name)])).to.deep.equal([['All', ['first', 'second']]])
  })
  it('has no rung in an action that is for some of them only, should the door have let it pass', () => {
    const some = matching('All', [CRASHING, UNREADY], { actions: [buildActionTemplate({ triggers: ['crashing'] })] })
    expect(why(look(some, broken([both])))).to.equal('NoAction')
  })
  it('counts as unhealthy, for the storm gate too, what all of them fire on, and as healthy what some do', () => {
    const [stock, stockSet] = deployment('stock', { labels: { app: 'cart' } })
    const pods = [both, crashing('stock-0', { owner: ownedBy(stockSet), conditions: [condition('Ready', 'True')] }), pod('stock-1', { owner: ownedBy(stockSet) })]
    const { matched, healthy, weather } = look(all, broken(pods, { workloads: [cart, cartSet, stock, stockSet] }))
    expect({ matched, healthy, unhealthy: weather.unhealthy }).to.deep.equal({ matched: 3, healthy: 2, unhealthy: 1 })
  })
})

describe('the status under triggerMatch: All', () => {
  it('keeps a report and a memory of each trigger, and tells first what all of them see', () => {
    const status = statusOf(all, look(all, broken([both])))
    expect(status.triggers?.map(({ name, state, objects }) => [name, state, objects])).to.deep.equal([['All', 'Firing', 1], ['crashing', 'Firing', 1], ['unready', 'Firing', 1]])
    expect(status.findings?.map(({ trigger, state, since }) => [trigger, state, since])).to.deep.equal([
      ['All', 'Firing', new Date(at(-300_000)).toISOString()],
      ['unready', 'Firing', new Date(at(-600_000)).toISOString()],
      ['crashing', 'Firing', new Date(at(-300_000)).toISOString()],
    ])
  })
  it('says when all of them fire, not when the first one does', () => {
    const [report] = statusOf(all, look(all, snapshot({ pods: [down('cart-0', minutes(7))], findings: [remembered(both, at(-30_000))] }))).triggers ?? []
    expect(report).to.include({ name: 'All', state: 'Pending', firesAt: new Date(at(minutes(3))).toISOString() })
  })
  it('says that no object is looked at by all of them', () => {
    const available = buildTrigger({ name: 'available', conditionTrigger: { type: 'Available', status: 'False', duration: '1m' } })
    const of = matching('All', [CRASHING, available], { selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] } })
    const evaluation = look(of, broken([both], { workloads: [{ ...cart, conditions: [condition('Available', 'True')] }, cartSet] }))
    expect(statusOf(of, evaluation).triggers?.[0]).to.include({ name: 'All', state: 'NoData', message: 'there is no object that every trigger looks at' })
    expect([why(evaluation), told(evaluation)]).to.deep.equal(['NoData', 'there is no object that every trigger looks at'])
  })
  it('remembers of a rare trouble since when, whatever a common trigger sees on a thousand pods', () => {
    const pods = Array.from({ length: 1000 }, (_n, i) => ({ ...unready, ref: { ...unready.ref, name: `idle-${i}`, uid: `uid-idle-${i}` } }))
    const young = { ...half, ref: { ...half.ref, name: 'young', uid: 'uid-young' } }
    const { findings = [] } = statusOf(all, look(all, snapshot({ pods: [...pods, young], findings: [remembered(young, at(-1000))] })))
    expect(findings).to.have.length(256)
    expect(findings.filter(({ trigger }) => trigger === 'crashing').map(({ object }) => object.name)).to.deep.equal(['young'])
  })
})

describe('an incident under triggerMatch: All', () => {
  const opened = (): Ledger => {
    const evaluation = look(all, broken([both]))
    const [action] = planned(evaluation)
    const answer = action === undefined ? undefined : reserve(evaluation.ledger, action.request, all.limits, at(0))
    if (action === undefined || answer === undefined || 'refusal' in answer) throw new Error('not reserved')
    return settle(answer.ledger, { action: action.name, outcome: 'Effective', rung: 0, ladder: 1, healthySince: at(0) }, all.limits.breaker, at(0))
  }
  const incidents = (of: CompiledPolicy, view: Snapshot) => look(of, view).ledger.incidents.map(({ state, quietSince, cooldownUntil }) => ({ state, quietSince, cooldownUntil }))
  const later = (pods: readonly PodView[], span: number) => broken(pods, { now: at(span), ledger: opened() })
  const over = minutes(10)

  it('is one, of the name that no trigger can have', () => expect(opened().incidents.map(({ trigger }) => trigger)).to.deep.equal(['All']))
  it('ends when one of them has been quiet for the stabilization window, and cools down for the longest time', () => {
    expect(incidents(all, later([half], over - 1))).to.deep.include({ state: 'Open', quietSince: new Date(at(0)).toISOString(), cooldownUntil: undefined })
    expect(incidents(all, later([half], over))).to.deep.equal([{ state: 'Ended', quietSince: new Date(at(0)).toISOString(), cooldownUntil: new Date(at(over + minutes(20))).toISOString() }])
  })
  it('does not end while one of them cannot be judged and the others hold', () => {
    expect(incidents(all, later([crashing('cart-0', { conditions: [] })], over))).to.deep.equal([{ state: 'Open', quietSince: undefined, cooldownUntil: undefined }])
  })
  it('ends although one of them has no data where another one is quiet', () => {
    const gated = matching('All', [CRASHING, GATED])
    expect(incidents(gated, later([pod()], over)).map(({ state }) => state)).to.deep.equal(['Ended'])
  })
  it('refuses another one until the longest cooldown is over', () => {
    const { ledger } = look(all, later([half], over))
    const again = (now: number) => why(look(all, broken([both], { now: at(now), ledger })))
    expect(again(over + minutes(20) - 1)).to.equal('CooldownActive')
    expect(again(over + minutes(20))).to.equal('Act')
  })
})

describe('a change of triggerMatch', () => {
  const incident = (trigger: string, overrides: Partial<Incident> = {}): Incident => ({
    id: incidentId(emptyLedger(all), trigger, cart.ref, 0), trigger, subject: cart.ref, ordinal: 0, openedAt: new Date(at(-3_600_000)).toISOString(), state: 'Open', rung: 0, lastAction: 'cart-restart-x', ...overrides,
  })
  const held = (...incidents: readonly Incident[]): Ledger => ({ ...emptyLedger(all), nextOrdinal: 9, incidents: [...incidents] })
  const entry = (state: 'Reserved' | 'Settled'): Ledger['entries'][number] => ({ action: 'cart-restart-x', incident: incidentId(emptyLedger(all), 'crashing', cart.ref, 0), target: 'uid-cart-7', reservedAt: new Date(at(-60_000)).toISOString(), state })
  const known = ({ incidents: [first] }: Ledger) => ({ state: first?.state, cooldownUntil: first?.cooldownUntil })
  const cooled = { state: 'Ended', cooldownUntil: new Date(at(minutes(20))).toISOString() }

  for (const [title, of, trigger] of [['Any to All', all, 'crashing'], ['All to Any', any, 'All']] as const) {
    describe(`from ${title}`, () => {
      it('ends an open incident, since no rung of it can follow, and nothing begins before the longest cooldown is over', () => {
        const first = look(of, broken([both], { ledger: held(incident(trigger)) }))
        expect(known(first.ledger)).to.deep.equal(cooled)
        expect([why(first), first.recheckAt]).to.deep.equal(['CooldownActive', at(minutes(20))])
        expect(why(look(of, broken([both], { ledger: first.ledger, now: at(minutes(20) - 1) })))).to.equal('CooldownActive')
        expect(why(look(of, broken([both], { ledger: first.ledger, now: at(minutes(20)) })))).to.equal('Act')
      })
      it('lets an act under way be verified first', () => {
        const ledger = { ...held({ ...incident(trigger), id: entry('Reserved').incident }), entries: [entry('Reserved')] }
        const underWay = look(of, broken([both], { ledger, actions: new Set(['cart-restart-x']) }))
        expect([known(underWay.ledger).state, why(underWay)]).to.deep.equal(['Open', 'IncidentInProgress'])
        const outcomes: readonly Outcome[] = ['Effective', 'Ineffective', 'Inconclusive', 'Failed']
        for (const outcome of outcomes) {
          const settled = settle(underWay.ledger, { action: 'cart-restart-x', outcome, rung: 0, ladder: 0, healthySince: at(-1000) }, of.limits.breaker, at(0))
          const after = look(of, broken([both], { ledger: settled }))
          expect([known(after.ledger), why(after)], outcome).to.deep.equal([cooled, 'CooldownActive'])
        }
      })
      it('forgets no escalation: it waits until the workload is well by the rule of now', () => {
        const ledger = held(incident(trigger, { state: 'Escalated', escalatedFor: 'LadderExhausted' }))
        expect(why(look(of, broken([both], { ledger })))).to.equal('Escalated')
        expect(known(look(of, broken([both], { ledger: held(incident(trigger, { state: 'Escalated', quietSince: new Date(ago(hours(1))).toISOString() })) })).ledger).state).to.equal('Escalated')
        // What only crashes is well under All, and broken under Any.
        const quiet = held(incident(trigger, { state: 'Escalated', quietSince: new Date(ago(minutes(10))).toISOString() }))
        expect(known(look(of, broken([half], { ledger: quiet })).ledger).state).to.equal(of === all ? 'Ended' : 'Escalated')
      })
      it('shows a dry run anew', () => {
        const dry = deepFreeze({ ...of, mode: 'dryrun' as const })
        expect(why(look(dry, broken([both], { ledger: held(incident(trigger, { dryRun: true })) })))).to.equal('Act')
      })
      it('forgets no remedy: what was healed three times in a day is escalated', () => {
        const three = [1, 2, 3].reduce((ledger, n) => remedied(ledger, trigger, cart.ref, new Date(ago(hours(n))).toISOString(), at(0)), emptyLedger(all))
        const looped = look(of, broken([both], { ledger: three }))
        expect(why(looped)).to.equal('Escalated')
        expect(findIncident(looped.ledger, of === all ? 'All' : 'unready', cart.ref)).to.include({ state: 'Escalated', escalatedFor: 'Recurring', recurrence: 3 })
      })
    })
  }
  it('does not touch other workloads', () => {
    const [stock, stockSet] = deployment('stock', { labels: { app: 'cart' } })
    const pods = [crashing('stock-0', { owner: ownedBy(stockSet), conditions: [condition('Ready', 'False', ago(minutes(10)))] })]
    expect(why(look(all, broken(pods, { ledger: held(incident('crashing', { state: 'Escalated' })), workloads: [cart, cartSet, stock, stockSet] })))).to.equal('Act')
  })
  it('a trigger that is gone from the policy takes its incident with it, as ever', () => {
    expect(known(look(all, broken([both], { ledger: held(incident('renamed')) })).ledger)).to.deep.equal({ state: 'Ended', cooldownUntil: undefined })
  })
  it('a second trigger beside the only one is a change too', () => {
    const one = matching('All', [CRASHING])
    expect(one.causes.map(({ name }) => name)).to.deep.equal(['crashing'])
    expect(known(look(all, broken([both], { ledger: held(incident('crashing')) })).ledger)).to.deep.equal(cooled)
    expect(known(look(one, broken([both], { ledger: held(incident('All')) })).ledger)).to.deep.equal({ ...cooled, cooldownUntil: new Date(at(minutes(5))).toISOString() })
  })
})
