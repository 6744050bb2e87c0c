/** Random lives of a ledger: what a controller, its crashes and its clock can do to one. */
import * as fc from 'fast-check'
import { after, hours, latest, millis, minutes, type Instant } from '../../../shared/lib/time.ts'
import { findIncident, incidentId, maintain, type Request } from '../incidents.ts'
import { isOpen } from '../budget.ts'
import { abandon, confirmApproved, emptyLedger, reserve, settle, type AdmissionLimits, type Ledger, type Outcome } from '../ledger.ts'
import { cart, T0 } from './builders.ts'

export type Step =
  | { readonly kind: 'reserve'; readonly workload: number; readonly pod: number; readonly dryRun: boolean; readonly approval: boolean }
  | { readonly kind: 'confirm'; readonly which: number }
  | { readonly kind: 'abandon'; readonly which: number }
  | { readonly kind: 'settle'; readonly which: number; readonly outcome: Outcome }
  | { readonly kind: 'maintain'; readonly troubled: boolean; readonly dryRun: boolean }
  | { readonly kind: 'wait'; readonly span: number }

const workload = fc.nat({ max: 5 })
const which = fc.nat({ max: 20 })
const outcome = fc.constantFrom<Outcome>('Effective', 'Ineffective', 'Inconclusive', 'Failed', 'Cancelled', 'Rejected', 'Expired')
/** Now and then the clock goes back. */
const span = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: minutes(20) }) }, { weight: 1, arbitrary: fc.integer({ min: -60_000, max: 0 }) }, { weight: 1, arbitrary: fc.constantFrom(hours(1) - 1, hours(1), hours(1) + 1) })

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('reserve' as const), workload, pod: fc.nat({ max: 2 }), dryRun: fc.constantFrom(false, false, false, true), approval: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('confirm' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abandon' as const), which }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('settle' as const), which, outcome }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('maintain' as const), troubled: fc.boolean(), dryRun: fc.constantFrom(false, false, true) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait' as const), span }) },
)

export const BREAKER = { failureThreshold: 3, openDuration: minutes(10) }
const LADDER = 3

/** The request that an evaluation of this ledger would make. */
export function requestFor(ledger: Ledger, workloadName: string, target: string, dryRun = false): Request {
  const subject = { ...cart.ref, name: workloadName }
  const found = findIncident(ledger, 'crashing', subject)
  const open = found?.state === 'Ended' ? undefined : found
  const ordinal = open?.ordinal ?? ledger.nextOrdinal
  const id = open?.id ?? incidentId(ledger, 'crashing', subject, ordinal)
  const rung = open?.rung ?? 0
  return { action: `restart-${id}-${ordinal}-${rung}-${target}`, target, dryRun, incident: { id, trigger: 'crashing', subject, ordinal, rung } }
}

export interface Moment {
  readonly step: Step
  readonly now: Instant
  readonly before: Ledger
  readonly ledger: Ledger
  readonly request?: Request
  readonly refused?: string
}

/** Every moment of the life, told one after another. */
export function* live(steps: readonly Step[], limits: AdmissionLimits): Generator<Moment> {
  let ledger = emptyLedger({ namespace: 'shop', name: 'cart' })
  let now = T0
  let newest = T0
  /** Lives of each pod: one that was acted on is gone, and who comes after it is another object. */
  const lives = new Map<string, number>()
  /** As its HealingAction holds it. */
  const requests = new Map<string, Request>()
  for (const move of steps) {
    const before = ledger
    const held = ledger.entries.filter(isOpen)
    const chosen = 'which' in move ? (held[move.which % Math.max(1, held.length)]?.action ?? 'nothing') : ''
    if (move.kind === 'reserve') {
      const pod = `uid-${move.workload}-${move.pod}`
      const base = requestFor(ledger, `w-${move.workload}`, `${pod}-life${lives.get(pod) ?? 0}`, move.dryRun)
      const request: Request = { ...base, approval: move.approval && !move.dryRun }
      requests.set(request.action, request)
      const answer = reserve(ledger, request, limits, now)
      ledger = 'ledger' in answer ? answer.ledger : ledger
      yield { step: move, now, before, ledger, request, ...('refusal' in answer ? { refused: answer.refusal.reason } : {}) }
      continue
    }
    if (move.kind === 'wait') {
      // Further back nothing is admitted: that is a guard's to see.
      now = latest(after(now, millis(move.span)), after(newest, millis(-120_000)))
      newest = latest(newest, now)
    } else if (move.kind === 'settle') {
      const [pod = '', life = '0'] = held.find((e) => e.action === chosen)?.target.split('-life') ?? []
      if (move.outcome === 'Effective' || move.outcome === 'Ineffective') lives.set(pod, Number(life) + 1)
      ledger = settle(ledger, { action: chosen, outcome: move.outcome, rung: requests.get(chosen)?.incident.rung ?? 0, ladder: LADDER, healthySince: now }, BREAKER, now)
    } else if (move.kind === 'abandon') ledger = abandon(ledger, chosen, BREAKER, now)
    else if (move.kind === 'confirm') {
      const request = requests.get(chosen)
      const answer = request === undefined ? undefined : confirmApproved(ledger, request, limits, now)
      ledger = answer !== undefined && 'ledger' in answer ? answer.ledger : ledger
    } else {
      const { troubled, dryRun } = move
      ledger = maintain(ledger, { now, stabilizationWindow: minutes(2), dryRun, cooldown: () => minutes(5), former: () => false, ladder: () => LADDER, troubled: () => troubled })
    }
    yield { step: move, now, before, ledger }
  }
}
