import { expect } from 'chai'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import type { HealingPolicySpec, HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import { hours, minutes } from '../../shared/lib/time.ts'
import { buildTrigger } from '../../shared/testing/builders/objects.ts'
import { compileSchema } from '../../shared/schema/validate.ts'
import { SLACK } from './budget.ts'
import { evaluate } from './evaluate.ts'
import { emptyLedger, reserve, settle, type Ledger } from './ledger.ts'
import type { Snapshot } from './snapshot.ts'
import { brokenStatus, policyStatus } from './status.ts'
import { at, broken, crashing, deepFreeze, pod, policy, rules, snapshot } from './testing/builders.ts'

const valid = compileSchema(healingPolicy.status)

/** One look of the controller: evaluate, reserve, write the status. */
function look(view: Snapshot, spec: Partial<HealingPolicySpec> = {}, previous?: HealingPolicyStatus): { status: HealingPolicyStatus; ledger: Ledger; names: string[] } {
  const compiled = policy(spec)
  const evaluation = evaluate(compiled, deepFreeze(view))
  let { ledger } = evaluation
  const actions = evaluation.decision.kind === 'Act' ? evaluation.decision.actions : []
  for (const { request } of actions) {
    const answer = reserve(ledger, request, compiled.limits, view.now)
    if ('ledger' in answer) ({ ledger } = answer)
  }
  const status = policyStatus({ policy: compiled, evaluation, ledger, violations: view.violations, now: view.now, previous })
  expect(valid(status)).to.deep.equal([])
  return { status, ledger, names: actions.map((a) => a.name) }
}

const conditionOf = (status: HealingPolicyStatus, type: string) => status.conditions?.find((c) => c.type === type)
const violation = { rule: 'KS101', severity: 'E', path: 'spec.selector', what: 'selects everything', why: '', fix: '' } as const

describe('the status of a policy', () => {
  it('tells of a quiet policy that nothing is wrong', () => {
    const { status } = look(snapshot({ pods: [pod(), pod('cart-1')] }))
    expect(status).to.deep.include({ matched: 2, healthy: 2, findings: [], incidents: [], budget: { used: 0, limit: 5 }, breaker: { state: 'Closed', failures: 0 } })
    expect(status.lastDecision).to.include({ kind: 'NoOp', reason: 'Healthy' })
    expect(status.triggers).to.deep.equal([{ name: 'crashing', state: 'Quiet', objects: 0 }])
    expect(status).not.to.have.property('lastAction')
  })
  it('says that it is paused and why while nothing is wrong, and still what it finds', () => {
    const paused = { metadata: { annotations: { 'kubeskippy.io/pause': 'release' } } }
    const ready = (view: Snapshot, metadata = paused.metadata) => {
      const compiled = policy({}, metadata)
      return policyStatus({ policy: compiled, evaluation: evaluate(compiled, view), ledger: emptyLedger(compiled), violations: [], now: view.now, previous: undefined })
    }
    const quiet = ready(snapshot({ pods: [pod()] }))
    expect(conditionOf(quiet, 'Ready')).to.include({ status: 'False', reason: 'Paused', message: 'HealingPolicy/cart is paused by kubeskippy.io/pause: release' })
    expect(quiet.lastDecision).to.include({ kind: 'NoOp', reason: 'Healthy' })
    const firing = ready(broken([crashing()]))
    expect(firing.lastDecision).to.include({ kind: 'Blocked', reason: 'Paused' })
    expect(firing.findings).to.have.lengthOf(1)
    expect(conditionOf(ready(snapshot(), { annotations: { 'kubeskippy.io/pause': 'false' } }), 'Ready')).to.include({ status: 'True' })
  })
  it('is equal when nothing changed', () => {
    const view = broken([crashing('cart-0'), crashing('cart-1')])
    for (const spec of [{}, { suspend: true }, { mode: 'monitor' as const }]) {
      const first = look(view, spec)
      const next = { ...view, ledger: first.ledger, actions: new Set(first.names) }
      const second = look(next, spec, first.status)
      expect(look({ ...next, now: at(1000), ledger: second.ledger }, spec, second.status).status).to.deep.equal(second.status)
    }
  })
  it('is equal on later looks at a blocked policy, whatever its reason', () => {
    const acted = look(broken([crashing()]))
    const held = { ledger: acted.ledger, actions: new Set(acted.names) }
    const views: readonly Snapshot[] = [
      broken([crashing()], { clockSkew: minutes(2) }),
      broken([crashing()], { workloads: [] }),
      broken([crashing()], { healer: 'Missing' }),
      broken([crashing(), crashing('cart-1')], held),
      broken([crashing()], { ledger: { ...emptyLedger({ namespace: 'shop', name: 'cart' }), breaker: { state: 'Open', failures: 3, recent: [], openings: 1, openUntil: '2030-01-01T13:00:00Z' } } }),
    ]
    for (const view of views) {
      const first = look(view).status
      expect(first.lastDecision?.kind).to.equal('Blocked')
      expect(look({ ...view, now: at(7000), clockSkew: view.clockSkew === undefined ? undefined : (view.clockSkew + (view.clockSkew > 0 ? 7000 : 0)) as never }, {}, first).status).to.deep.equal(first)
    }
  })
  it('is not Ready while nothing of the policy can be done, and says why', () => {
    for (const [view, reason] of [
      [{ healer: 'Missing' }, 'HealerMissing'],
      [{ healer: 'Forbidden' }, 'HealerForbidden'],
      [{ killSwitch: true }, 'KillSwitch'],
    ] as const) {
      expect(conditionOf(look(broken([crashing()], view)).status, 'Ready')).to.include({ status: 'False', reason })
    }
    expect(conditionOf(look(snapshot({ pods: [pod()], healer: 'Missing' })).status, 'Ready')).to.include({ status: 'True' })
  })

  it('tells how many more were refused, and why', () => {
    const opted = { ...crashing('cart-1'), ignored: true }
    const { status } = look(broken([crashing('cart-0', { owner: undefined }), opted]))
    expect(status.lastDecision?.message).to.match(/Pod\/cart-[01].* \(and 1 more: (OptedOut|NoController)\)$/)
  })

  it('shows an act, and keeps showing it while it is verified', () => {
    const acted = look(broken([crashing()]))
    expect(acted.status.lastDecision).to.include({ kind: 'Act', reason: 'Decided' })
    expect(acted.status.lastAction).to.equal(acted.names[0])
    expect(conditionOf(acted.status, 'Healing')).to.include({ status: 'True', reason: 'InProgress', message: acted.names[0] })
    const underWay = { ledger: acted.ledger, actions: new Set(acted.names) }
    for (const view of [broken([crashing()], underWay), snapshot({ pods: [], ...underWay }), snapshot({ pods: [pod('cart-9', { createdAt: at(0) })], ...underWay })]) {
      const next = look({ ...view, now: at(1000) }, {}, acted.status).status
      expect(next.lastDecision).to.deep.equal(acted.status.lastDecision)
      expect(next.lastAction).to.equal(acted.names[0])
    }
  })
  it('shows the next decision when the act is over', () => {
    const acted = look(broken([crashing()]))
    const [action = ''] = acted.names
    const ledger = settle(acted.ledger, { action, outcome: 'Effective', rung: 0, ladder: 1, healthySince: at(0) }, { failureThreshold: 3, openDuration: minutes(10) }, at(1000))
    const { status } = look(snapshot({ now: at(2000), pods: [pod('cart-9')], ledger }), {}, acted.status)
    expect(status.lastDecision).to.include({ kind: 'NoOp', reason: 'Healthy' })
    expect(status).to.deep.include({ lastAction: action, outcomes: { effective: 1, ineffective: 0, inconclusive: 0, failed: 0 } })
  })
  it('moves the time of a transition only when the condition changes', () => {
    const first = look(snapshot({ pods: [pod()] })).status
    const later = look(snapshot({ now: at(60_000), pods: [pod()], violations: [violation] }), {}, first).status
    expect(conditionOf(later, 'Accepted')).to.include({ status: 'False', lastTransitionTime: new Date(at(60_000)).toISOString() })
    expect(conditionOf(later, 'Ready')).to.include({ status: 'False', reason: 'NotAccepted', lastTransitionTime: new Date(at(60_000)).toISOString() })
    expect(conditionOf(later, 'Healing')?.lastTransitionTime).to.equal(new Date(at(0)).toISOString())
    expect(conditionOf(later, 'Accepted')?.message).to.contain('KS101').and.to.contain('spec.selector')
  })
  it('says when a rate-limited decision is tried again, and what the next free slot is', () => {
    const acted = look(broken([crashing()]))
    const ledger = settle(acted.ledger, { action: acted.names[0] ?? '', outcome: 'Effective', rung: 0, ladder: 1 }, { failureThreshold: 3, openDuration: minutes(10) }, at(1000))
    const spec = rules({ maxActionsPerHour: 1 })
    const { status } = look(broken([crashing('cart-1')], { now: at(2000), ledger }), spec)
    expect(status.lastDecision).to.include({ kind: 'Blocked', reason: 'RateLimited', retryAt: new Date(at(hours(1) + SLACK)).toISOString() })
    expect(status.budget).to.deep.equal({ used: 1, limit: 1, nextFreeSlot: new Date(at(hours(1) + SLACK)).toISOString() })
  })
  it('lists what is escalated', () => {
    const acted = look(broken([crashing()]))
    const ledger = settle(acted.ledger, { action: acted.names[0] ?? '', outcome: 'Ineffective', rung: 0, ladder: 1 }, { failureThreshold: 3, openDuration: minutes(10) }, at(1000))
    const { status } = look(broken([crashing('cart-9')], { now: at(2000), ledger }))
    expect(conditionOf(status, 'Escalated')).to.include({ status: 'True', reason: 'NoActionHelped' })
    expect(status.incidents?.map((i) => i.state)).to.deep.equal(['Escalated'])
    expect(status.lastDecision).to.include({ kind: 'Blocked', reason: 'Escalated' })
  })
  describe('of more findings than it remembers', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => {
      const of = crashing(`cart-${String(i).padStart(4, '0')}`)
      return { ...of, ref: { ...of.ref, uid: `uid-${i}` } }
    })
    for (const [count, left] of [[255, undefined], [256, undefined], [257, 1], [300, 44]] as const) {
      it(`tells with ${count} how many it leaves out: ${left ?? 'none'}`, () => {
        const { status } = look(snapshot({ pods: many(count) }))
        expect(status.findings).to.have.length(Math.min(count, 256))
        expect(status.findingsLeftOut).to.equal(left)
        expect(status.triggers?.[0]?.objects).to.equal(count)
      })
    }
    it('remembers the oldest, and lets the others begin anew at each look: they fire later, never sooner', () => {
      const pods = many(257)
      const first = look(snapshot({ pods })).status
      const second = evaluate(policy(), snapshot({ pods, now: at(minutes(2)), findings: first.findings ?? [] })).detection
      expect(second.findings.map(({ state }) => state)).to.deep.equal([...Array.from({ length: 256 }, () => 'Firing'), 'Pending'])
      expect(second.findings.at(-1)).to.include({ since: at(minutes(2)) }).and.to.have.nested.property('object.ref.uid', 'uid-256')
      // There is room again.
      const room = look(snapshot({ pods: pods.slice(1), now: at(minutes(2)), findings: first.findings ?? [] })).status
      expect(room.findings?.at(-1)?.object.uid).to.equal('uid-256')
      const third = evaluate(policy(), snapshot({ pods: pods.slice(1), now: at(minutes(4)), findings: room.findings ?? [] })).detection
      expect(third.findings.every(({ state }) => state === 'Firing')).to.equal(true)
    })
    it('lets what the object itself tells since when fire without memory', () => {
      const unready = many(257).map((one) => ({ ...one, conditions: [{ type: 'Ready', status: 'False', since: at(-300_000), reason: '' }] }))
      const triggers = [buildTrigger({ conditionTrigger: { type: 'Ready', status: 'False', duration: '1m' } })]
      expect(evaluate(policy({ triggers }), snapshot({ pods: unready })).detection.findings.filter(({ state }) => state === 'Firing')).to.have.length(257)
    })
  })
  it('stays within its bounds with a thousand broken pods of long names', () => {
    const pods = Array.from({ length: 1000 }, (_, i) => {
      const of = crashing(`${'p'.repeat(240)}-${String(i).padStart(4, '0')}`)
      return { ...of, ref: { ...of.ref, uid: `uid-${i}` } }
    })
    const { status } = look(broken(pods), rules({ maxConcurrent: 100, maxActionsPerHour: 60 }))
    expect(status.findings).to.have.length(256)
    expect(JSON.stringify(status).length).to.be.lessThan(400_000)
  })
  it('without a readable ledger keeps what was known and says why it stopped', () => {
    const known = look(broken([crashing()])).status
    const status = brokenStatus({ generation: 2 }, 'LedgerUnreadable', 'entries[0] is \u001b[31mred', at(9000), known)
    expect(valid(status)).to.deep.equal([])
    expect(status).to.deep.include({ observedGeneration: 2, findings: known.findings })
    expect(conditionOf(status, 'Ready')).to.include({ status: 'False', reason: 'LedgerUnreadable', message: 'entries[0] is [31mred' })
    expect(status.conditions).to.have.length(4)
    expect(brokenStatus({ generation: 2 }, 'LedgerUnreadable', 'entries[0] is \u001b[31mred', at(99_000), status)).to.deep.equal(status)
    expect(valid(brokenStatus({ generation: 1 }, 'NotCompiled', 'x'.repeat(5000), at(0), undefined))).to.deep.equal([])
  })
})
