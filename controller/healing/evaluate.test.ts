import { expect } from 'chai'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { hours, minutes } from '../../shared/lib/time.ts'
import { compileSchema } from '../../shared/schema/validate.ts'
import { buildActionTemplate, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { evaluate, type Evaluation, type PlannedAction } from './evaluate.ts'
import { abandon, reserve, settle, type Ledger, type Outcome } from './ledger.ts'
import type { CompiledPolicy } from './policy.ts'
import type { PodView, Snapshot } from './snapshot.ts'
import { at, broken, cart, cartSet, crashing, deepFreeze, deployment, fresh, ownedBy, pod, policy, remembered, rules, snapshot } from './testing/builders.ts'

const validAction = compileSchema(healingAction.spec)
const BREAKER = { failureThreshold: 3, openDuration: minutes(10) }

const planned = ({ decision }: Evaluation): readonly PlannedAction[] => (decision.kind === 'Act' ? decision.actions : [])
const targets = (evaluation: Evaluation): string[] => planned(evaluation).map((a) => a.spec.targetResource.name)
const why = ({ decision }: Evaluation): string => (decision.kind === 'Act' ? 'Act' : decision.kind === 'NoOp' ? decision.reason : decision.refusals[0].refusal.reason)
const ladder = (...names: string[]): Partial<HealingPolicySpec> => ({ actions: names.map((name, i) => buildActionTemplate({ name, priority: i + 1 })) })

const look = (of: CompiledPolicy, view: Snapshot): Evaluation => {
  const evaluation = evaluate(deepFreeze(of), deepFreeze(view))
  for (const { spec } of planned(evaluation)) expect(validAction(spec)).to.deep.equal([])
  return evaluation
}

/** The ledger after what was decided was reserved. */
function reserved(of: CompiledPolicy, view: Snapshot): { ledger: Ledger; names: string[] } {
  const evaluation = look(of, view)
  let { ledger } = evaluation
  for (const { request } of planned(evaluation)) {
    const answer = reserve(ledger, request, of.limits, view.now)
    if ('refusal' in answer) throw new Error(`decided, but refused: ${answer.refusal.reason}`)
    ;({ ledger } = answer)
  }
  return { ledger, names: planned(evaluation).map((a) => a.name) }
}

const end = (ledger: Ledger, action: string | undefined, outcome: Outcome, now: number, rungs = 1, rung = 0): Ledger =>
  settle(ledger, { action: action ?? '', outcome, rung, ladder: rungs, healthySince: at(now) }, BREAKER, at(now))

describe('evaluate', () => {
  const [stock, stockSet] = deployment('stock', { labels: { app: 'cart' } })
  const workloads = [cart, cartSet, stock, stockSet]
  const ofStock = (name: string): PodView => crashing(name, { owner: ownedBy(stockSet) })

  const cases: readonly [string, Partial<HealingPolicySpec>, Snapshot, string, readonly string[]][] = [
    ['does nothing about healthy pods', {}, snapshot({ pods: [pod()] }), 'Healthy', []],
    ['does nothing when nothing is selected', {}, snapshot({ pods: [] }), 'NoData', []],
    ['does nothing without data', {}, snapshot({ pods: [pod('cart-0', { containers: [] })] }), 'NoData', []],
    ['waits while the trigger is pending', {}, snapshot({ pods: [crashing()], findings: [remembered(crashing(), at(-59_999))] }), 'Pending', []],
    ['acts when the trigger fires', {}, snapshot({ pods: [crashing()], findings: [remembered(crashing(), at(-60_000))] }), 'Act', ['cart-0']],
    ['only watches in mode monitor', { mode: 'monitor' }, broken([crashing()]), 'Monitoring', []],
    ['does nothing when suspended', { suspend: true }, broken([crashing()]), 'Suspended', []],
    ['acts on no more than maxConcurrent', {}, broken([crashing('cart-0'), crashing('cart-1')]), 'Act', ['cart-0']],
    ['acts on as many as maxConcurrent', rules({ maxConcurrent: 2 }), broken([crashing('cart-0'), crashing('cart-1'), crashing('cart-2')]), 'Act', ['cart-0', 'cart-1']],
    ['acts on no more than the hour has left', rules({ maxConcurrent: 9, maxActionsPerHour: 2 }), broken([crashing('cart-0'), crashing('cart-1'), ofStock('stock-0')], { workloads }), 'Act', ['cart-0', 'cart-1']],
    ['names the protected one as the reason', rules({ protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-0'] }] }), broken([crashing()]), 'Protected', []],
    ['has no action for the trigger', { triggers: [buildTrigger(), buildTrigger({ name: 'other' })], actions: [buildActionTemplate({ triggers: ['other'] })] }, broken([crashing()]), 'NoAction', []],
  ]
  for (const [title, spec, view, reason, names] of cases) {
    it(title, () => {
      const evaluation = look(policy(spec), view)
      expect({ reason: why(evaluation), names: targets(evaluation) }).to.deep.equal({ reason, names })
    })
  }

  it('helps the longest trouble first', () => {
    const pods = [crashing('cart-0'), crashing('cart-1')]
    const findings = [remembered(crashing('cart-0'), at(-100_000)), remembered(crashing('cart-1'), at(-200_000))]
    expect(targets(look(policy(), snapshot({ pods, findings })))).to.deep.equal(['cart-1'])
  })
  it('acts around a protected bystander and says that it was refused', () => {
    const evaluation = look(policy(rules({ protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-0'] }] })), broken([crashing('cart-0'), crashing('cart-1')]))
    expect(targets(evaluation)).to.deep.equal(['cart-1'])
    expect(evaluation.decision).to.have.nested.property('refusals[0].refusal.reason', 'Protected')
  })
  it('shows first what a person should look at', () => {
    const escalated = end(reserved(policy(), broken([crashing()])).ledger, reserved(policy(), broken([crashing()])).names[0], 'Ineffective', 1000)
    const view = broken([crashing('cart-9'), pod('stock-0', { ...ofStock('stock-0'), ignored: true })], { ledger: escalated, workloads })
    expect(why(look(policy(), view))).to.equal('OptedOut')
  })
  it('counts the healthy in what was selected', () => {
    const deployments = { selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] } }
    const pods = [crashing('cart-0'), crashing('cart-1'), crashing('cart-2'), pod('stock-0', { owner: ownedBy(stockSet) })]
    expect(look(policy(deployments), broken(pods, { workloads }))).to.include({ matched: 2, healthy: 1 })
    expect(look(policy(), broken(pods, { workloads }))).to.include({ matched: 4, healthy: 1 })
  })
  it('looks again when the trigger fires', () => {
    expect(look(policy(), snapshot({ pods: [crashing()], findings: [remembered(crashing(), at(-1000))] })).recheckAt).to.equal(at(59_000))
    expect(look(policy(), snapshot({ pods: [pod()] })).recheckAt).to.equal(undefined)
  })

  it('takes what began ahead of the clock for begun now: it was set back since', () => {
    expect(look(policy(), snapshot({ pods: [crashing()], findings: [remembered(crashing(), at(3_600_000))] })).recheckAt).to.equal(at(60_000))
  })
  it('does not look again at once when an incident ends without a cooldown', () => {
    const of = policy({ triggers: [buildTrigger({ cooldownPeriod: '0s' })] })
    const { ledger, names } = reserved(of, broken([crashing()]))
    const evaluation = look(of, snapshot({ now: at(minutes(9)), pods: [fresh('cart-9', at(1000))], ledger: end(ledger, names[0], 'Effective', 1000) }))
    expect(evaluation.ledger.incidents.map((i) => i.state)).to.deep.equal(['Ended'])
    expect(evaluation.recheckAt).to.equal(undefined)
  })
  it('names the decision after its incident, rung and target', () => {
    const name = (view: Snapshot, of = policy()): string | undefined => planned(look(of, view))[0]?.name
    expect(name(broken([crashing()]))).to.equal(name(broken([crashing()], { now: at(9000) }))).and.match(/^cart-restart-[a-z2-7]{16}$/)
    expect(name(broken([crashing()]))).not.to.equal(name(broken([crashing('cart-1')])))
  })
})

describe('an incident of several pods', () => {
  const two = policy(rules({ maxConcurrent: 2 }))
  const pods = [crashing('cart-0'), crashing('cart-1')]

  it('is one, and its pods are acted on one after another', () => {
    const first = reserved(policy(), broken(pods))
    expect(first.ledger.incidents).to.have.length(1)
    const underWay = broken(pods, { ledger: first.ledger, actions: new Set(first.names), now: at(1000) })
    expect(['IncidentInProgress', 'ConcurrencyLimit']).to.include(why(look(policy(), underWay)))
    const healed = end(first.ledger, first.names[0], 'Effective', 200_000)
    const second = reserved(policy(), broken([fresh('cart-9', at(2000)), crashing('cart-1')], { now: at(200_000), ledger: healed }))
    expect(second.ledger.incidents).to.have.length(1)
    expect(second.names).to.have.length(1)
  })
  it('may have several of its pods in flight', () => expect(reserved(two, broken(pods)).ledger.incidents.map((i) => i.rung)).to.deep.equal([0]))
  it('a replacement that breaks while it is verified starts nothing of its own', () => {
    const { ledger, names } = reserved(two, broken([crashing('cart-0')], { now: at(400) }))
    const replacement = crashing('cart-9', { createdAt: at(0) })
    const later = broken([replacement], { now: at(100_000), ledger, actions: new Set(names) })
    expect(why(look(two, later))).to.equal('IncidentInProgress')
    const older = crashing('cart-8', { createdAt: at(-1000) })
    expect(targets(look(two, broken([older], { now: at(100_000), ledger, actions: new Set(names) })))).to.deep.equal(['cart-8'])
  })
  it('another trigger does not disturb what one is verifying', () => {
    const both = policy({ ...rules({ maxConcurrent: 2 }), triggers: [buildTrigger(), buildTrigger({ name: 'unready', conditionTrigger: { type: 'Ready', status: 'False', duration: '1m' } })] })
    const acted = reserved(both, broken([crashing('cart-0')]))
    expect(acted.names).to.have.length(1)
    const replacement = crashing('cart-9', { createdAt: at(0), conditions: [{ type: 'Ready', status: 'False', since: at(1000), reason: '' }] })
    expect(why(look(both, broken([replacement], { now: at(100_000), ledger: acted.ledger, actions: new Set(acted.names) })))).to.equal('IncidentInProgress')
  })
  it('a replacement that breaks after the verdict meets the next rung', () => {
    const climbing = policy(ladder('restart', 'again'))
    const { ledger, names } = reserved(climbing, broken([crashing('cart-0')]))
    const next = reserved(climbing, broken([crashing('cart-9')], { now: at(100_000), ledger: end(ledger, names[0], 'Ineffective', 90_000, 2) }))
    expect(next.names[0]).to.match(/^cart-again-/)
    expect(next.ledger.incidents.map((i) => [i.ordinal, i.rung])).to.deep.equal([[0, 1]])
  })
  it('stops when no rung helped', () => {
    const { ledger, names } = reserved(policy(), broken([crashing('cart-0')]))
    const view = broken([crashing('cart-9')], { now: at(100_000), ledger: end(ledger, names[0], 'Ineffective', 90_000) })
    expect(why(look(policy(), view))).to.equal('Escalated')
  })
  it('of a recreated workload is the same one', () => {
    const { ledger, names } = reserved(policy(), broken([crashing('cart-0')]))
    const [again, againSet] = [{ ...cart, ref: { ...cart.ref, uid: 'uid-second' } }, { ...cartSet, ref: { ...cartSet.ref, uid: 'uid-second-set' }, owner: { ...ownedBy(cart), uid: 'uid-second' } }]
    const view = broken([crashing('cart-9', { owner: ownedBy(againSet) })], { workloads: [again, againSet], now: at(100_000), ledger: end(ledger, names[0], 'Ineffective', 90_000) })
    expect(why(look(policy(), view))).to.equal('Escalated')
  })
})

describe('an incident of pods that are not heard of any more', () => {
  for (const [title, age, state] of [
    ['just before they are stale ends when they were quiet', 95_000, 'Ended'],
    ['after that does not end: nobody knows that they are well', 95_001, 'Open'],
  ] as const) {
    it(title, () => {
      const { ledger, names } = reserved(policy(), broken([crashing()]))
      const healed = end(ledger, names[0], 'Effective', 1000)
      expect(look(policy(), snapshot({ pods: [pod('cart-9')], now: at(hours(1)), ledger: healed, age: age as Snapshot['age'] })).ledger.incidents.map((i) => i.state)).to.deep.equal([state])
    })
  }
})

describe('a reservation that a crash left behind', () => {
  it('is decided again under the same name', () => {
    const view = broken([crashing()])
    const { ledger, names } = reserved(policy(), view)
    expect(planned(look(policy(), { ...view, now: at(1000), ledger })).map((a) => a.name)).to.deep.equal(names)
  })
  it('whose write may have been sent is not decided again: somebody deleted its action', () => {
    const { ledger, names } = reserved(policy(), broken([crashing()]))
    const tried = { ...ledger, entries: ledger.entries.map((e) => ({ ...e, tried: e.action === names[0] })) }
    expect(why(look(policy(), broken([crashing()], { ledger: tried, now: at(1000) })))).to.equal('IncidentInProgress')
  })
  it('is left alone when its action exists', () => {
    const { ledger, names } = reserved(policy(), broken([crashing()]))
    expect(why(look(policy(), broken([crashing()], { ledger, actions: new Set(names) })))).to.equal('IncidentInProgress')
  })
  it('of another rung by now is not decided again', () => {
    const of = policy({ ...rules({ maxConcurrent: 2 }), ...ladder('restart', 'again') })
    const { ledger, names } = reserved(of, broken([crashing('cart-0'), crashing('cart-1')]))
    const climbed = end(ledger, names[0], 'Ineffective', 1000, 2)
    expect(why(look(of, broken([crashing('cart-1')], { ledger: climbed, now: at(2000) })))).to.equal('IncidentInProgress')
  })
  it('that was abandoned is followed by a decision of another name', () => {
    const { ledger, names } = reserved(policy(), broken([crashing()]))
    const again = planned(look(policy(), broken([crashing()], { now: at(61_000), ledger: abandon(ledger, names[0] ?? '', BREAKER, at(60_000)) })))
    expect(again).to.have.length(1)
    expect(again[0]?.name).not.to.equal(names[0])
  })
})

describe('a dry run', () => {
  const dry = policy({ mode: 'dryrun' })
  it('decides once for an incident and touches no limit', () => {
    const view = broken([crashing('cart-0'), crashing('cart-1')])
    const { ledger, names } = reserved(dry, view)
    expect(names).to.have.length(1)
    expect(ledger).to.deep.include({ entries: [], outcomes: { effective: 0, ineffective: 0, inconclusive: 0, failed: 0 } })
    expect(why(look(dry, { ...view, ledger, now: at(hours(5)) }))).to.equal('DryRunDone')
    expect(planned(look(dry, view))[0]?.spec.dryRun).to.equal(true)
  })
  it('is over when the policy acts', () => {
    const { ledger } = reserved(dry, broken([crashing()]))
    const real = reserved(policy(), broken([crashing()], { ledger, now: at(1000) }))
    expect(real.names).to.have.length(1)
    expect(real.ledger.incidents.filter((i) => i.state === 'Open').map((i) => i.dryRun)).to.deep.equal([undefined])
  })
  it('does not touch a real act that is in flight', () => {
    const { ledger, names } = reserved(policy(), broken([crashing()]))
    expect(look(dry, broken([crashing()], { ledger, actions: new Set(names) })).ledger).to.equal(ledger)
    expect(planned(look(dry, broken([crashing()], { ledger, actions: new Set(names) })))).to.deep.equal([])
  })
})

describe('over hours', () => {
  it('a workload that relapses after each success waits for its cooldown each time, and is escalated instead of healed a fourth time', () => {
    let ledger: Ledger | undefined
    const acts: number[] = []
    let replaced = 0
    for (let minute = 0; minute < 120; minute++) {
      const now = at(minutes(minute))
      const phase = acts.length === 0 ? 99 : minute - (acts.at(-1) ?? 0) / 60_000
      const name = `cart-${acts.length}`
      const healthy = phase < 4
      const view = healthy ? snapshot({ now, pods: [fresh(name, at(minutes(minute) - 1))] }) : snapshot({ now, pods: [crashing(name)], findings: [remembered(crashing(name), at(minutes(minute) - 60_000))] })
      const full: Snapshot = { ...view, ledger }
      const { ledger: next, names } = reserved(policy(rules({ maxActionsPerHour: 60, stabilizationWindow: '1m' })), full)
      ledger = next
      for (const action of names) {
        acts.push(minutes(minute))
        ledger = end(ledger, action, 'Effective', minutes(minute))
        replaced++
      }
    }
    expect(replaced).to.equal(3)
    expect(ledger?.incidents.map(({ state, escalatedFor }) => [state, escalatedFor])).to.deep.equal([['Escalated', 'Recurring']])
    // Healthy for a minute, then five minutes of cooldown: never two acts within six minutes.
    for (const [i, t] of acts.slice(1).entries()) expect(t - (acts[i] ?? 0)).to.be.at.least(minutes(6))
  })
})

describe('the first reason', () => {
  const scaling = { mode: 'manual' as const, actions: [buildActionTemplate({ name: 'more', type: 'scale', target: 'Workload', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 5 } })] }
  const of = policy(scaling)
  const view = broken([crashing()])
  const { ledger, names } = reserved(of, view)
  const later = (overrides: Partial<Snapshot> = {}) => why(look(of, { ...view, ledger, actions: new Set(names), now: at(1000), ...overrides }))
  const owned = [{ ...cart, labels: { ...cart.labels, 'kustomize.toolkit.fluxcd.io/name': 'shop' } }, cartSet]

  it('of a request that waits is that it waits', () => expect(later()).to.equal('PendingApproval'))
  it('is who else owns what would be written: nobody is asked to approve what is not done then', () => expect(later({ workloads: owned })).to.equal('OwnedElsewhere'))
  it('is that nothing helped, whoever owns it: no action is tried any more', () => {
    const escalated = settle(ledger, { action: names[0] ?? '', outcome: 'Rejected', rung: 0, ladder: 1 }, BREAKER, at(500))
    expect(later({ ledger: escalated, workloads: owned })).to.equal('Escalated')
  })
  it('is what forbids any act, before what has become of the incident', () => {
    expect(later({ killSwitch: true })).to.equal('KillSwitch')
    expect(later({ pods: [crashing('cart-0', { ignored: true })] })).to.equal('OptedOut')
  })

  describe('of what policies share', () => {
    const [namespace, whole] = snapshot().budgets
    if (namespace === undefined || whole === undefined) throw new Error('no budgets')
    const iso = (n: number): string => new Date(at(n)).toISOString()
    const full = { ...namespace, acts: Array.from({ length: 60 }, (_, i) => ({ action: `a-${i}`, policy: { namespace: 'shop', name: 'other' }, reservedAt: iso(0) })) }
    const storm = { ...whole, storm: { since: iso(0) } }
    const claim = { action: 'other-scale-a', policy: { namespace: 'shop', name: 'other' }, subject: cart.ref, until: iso(minutes(9)) }
    const one = broken([crashing()])
    const cases: readonly [string, Snapshot['budgets'], string][] = [
      ['is a storm of the cluster, though the namespace is full', [full, storm], 'StormGate'],
      ['is a storm of the cluster, though another policy acts on the workload', [{ ...namespace, claims: [claim] }, storm], 'StormGate'],
      ['is that another policy acts on the workload, though the namespace is full', [{ ...full, claims: [claim] }, whole], 'ClaimedElsewhere'],
      ['is that the namespace is full', [full, whole], 'BudgetExhausted'],
    ]
    for (const [title, budgets, reason] of cases) it(title, () => expect(why(look(policy(), { ...one, budgets }))).to.equal(reason))
    it('is looked at again when the claim ends at the latest', () => expect(look(policy(), { ...one, budgets: [{ ...namespace, claims: [claim] }, whole] }).recheckAt).to.equal(at(minutes(9))))
    it('does not hold for a dry run', () => expect(why(look(policy({ mode: 'dryrun' }), { ...one, budgets: [{ ...full, claims: [claim] }, whole] }))).to.equal('Act'))
  })
})
