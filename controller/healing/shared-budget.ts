/**
 * Limits of the installation that policies share: of a namespace, and of the whole cluster. The same exact log as a
 * policy's own, but nothing in it waits to be settled: an act counts for an hour from its reservation, which is made anew
 * before each write. So a crash leaves at worst one act too many in it, for an hour. That of a namespace holds beside it
 * which workloads are being acted on (`subject-claims.ts`), taken in the same swap.
 */
import { after, before, formatInstant, latest, millis, minutes, parseInstant, type Instant } from '../../shared/lib/time.ts'
import type { BudgetLedgerSpec } from '../../shared/api/v1alpha1/types.ts'
import type { Installation } from './installation.ts'
import { CLOCK_STEP, LANDING, leaves } from './budget.ts'
import type { Refusal } from './refusal.ts'
import { refuseStorm, type Storm } from './storm.ts'
import { holds, takeClaim, type SubjectClaim, type WantedClaim } from './subject-claims.ts'

export type SharedBudget = BudgetLedgerSpec['budget']
export type SharedAct = SharedBudget['acts'][number]

/** Whose policies share it. */
export type BudgetScope = { readonly scope: 'Namespace'; readonly namespace: string } | { readonly scope: 'Cluster' }

/**
 * In the order in which they are asked, after the policy's own. An act in another namespace counts in both: neither is
 * acted in more often than it allows, nor by its policies.
 */
export const scopesOf = (...namespaces: readonly string[]): readonly BudgetScope[] => [...[...new Set(namespaces)].map((namespace) => ({ scope: 'Namespace', namespace }) as const), { scope: 'Cluster' }]

/** Whether an act of a policy of one of these namespaces, or in one, counts in it. */
export const countsFor = ({ scope, namespace = '' }: Pick<SharedBudget, 'scope' | 'namespace'>, ...namespaces: readonly string[]): boolean => scope === 'Cluster' || namespaces.includes(namespace)

/** Whether claims on workloads of the namespace are in it: each in one place, whoever's policy it is. */
export const holdsClaims = ({ scope, namespace }: Pick<SharedBudget, 'scope' | 'namespace'>, of: string | undefined): boolean => scope === 'Namespace' && namespace === of

export const emptyBudget = (scope: BudgetScope): SharedBudget => ({ ...scope, acts: [] })

export const sharedLimit = ({ budgets }: Installation, { scope }: Pick<BudgetScope, 'scope'>): number => (scope === 'Namespace' ? budgets.namespace : budgets.cluster)

/** Bound of the schema, and more than any limit. */
const MAX_ACTS = 256

/** An unreadable time counts (I19). */
function counts({ reservedAt }: SharedAct, now: Instant): boolean {
  const at = parseInstant(reservedAt)
  return at === undefined || now < leaves(at)
}

/** Nothing in it counts, nor will again when the clock goes back. */
export const isIdle = ({ acts, claims = [] }: SharedBudget, now: Instant): boolean => {
  const then = before(now, CLOCK_STEP)
  return !acts.some((act) => counts(act, then)) && !claims.some((claim) => holds(claim, then))
}

/** Why there is no room for one more. */
export function refuseShared(budget: SharedBudget, limit: number, now: Instant): Refusal | undefined {
  const counted = budget.acts.filter((act) => counts(act, now))
  if (counted.length < limit) return undefined
  const ends = counted.flatMap(({ reservedAt }) => parseInstant(reservedAt) ?? []).sort((a, b) => a - b)
  const freed = ends[counted.length - limit]
  const where = budget.namespace === undefined ? 'of the whole cluster' : `of namespace ${budget.namespace}`
  return {
    reason: 'BudgetExhausted',
    message: `${counted.length} of ${limit} actions ${where} in this hour are used up`,
    ...(freed === undefined ? {} : { recheckAt: leaves(freed) }),
  }
}

/** Here nobody knows which acts are in flight: while a storm eases they begin so far apart. */
const EASE = minutes(1)

function refuseSharedStorm(storm: Storm | undefined, acts: readonly SharedAct[], now: Instant): Refusal | undefined {
  const times = acts.map(({ reservedAt }) => parseInstant(reservedAt) ?? now)
  const next = times.length === 0 ? undefined : after(times.reduce(latest), EASE)
  const refusal = refuseStorm(storm, next !== undefined && now < next, 'of all policies')
  // Its end is seen by the policy that is judged then: any of them looks again.
  return refusal === undefined ? undefined : { ...refusal, recheckAt: storm?.easingSince === undefined ? after(now, EASE) : (next ?? after(now, EASE)) }
}

/** `claim`: the workload that it is for; of budgets that hold no claims it is left out. */
export interface SharedRequest extends Pick<SharedAct, 'action' | 'policy'> {
  readonly claim?: WantedClaim | undefined
}

/** By which a slot that is taken again differs at least: times are told to the millisecond. */
const ANEW = millis(1)

/** Its slot and its claim, taken or kept. A slot that is kept counts from now on: what it is for begins now. */
export function takeSlot(budget: SharedBudget, act: SharedRequest, limit: number, now: Instant): { readonly ledger: SharedBudget } | { readonly refusal: Refusal } {
  const held = budget.acts.find(({ action }) => action === act.action)
  const others = held === undefined ? budget.acts : budget.acts.filter((other) => other !== held)
  // One that no longer counts has to ask again.
  const kept = held !== undefined && counts(held, now)
  const stormy = refuseSharedStorm(budget.storm, kept ? [] : others, now)
  if (stormy !== undefined) return { refusal: stormy }
  const claimed = act.claim === undefined ? { claims: budget.claims ?? [] } : takeClaim(budget.claims ?? [], act, act.claim, now)
  if ('refusal' in claimed) return claimed
  const refusal = kept ? undefined : refuseShared({ ...budget, acts: others }, limit, now)
  if (refusal !== undefined) return { refusal }
  const at = parseInstant(held?.reservedAt)
  // Never as it was: who took it before can tell that somebody relies on it since.
  const next: SharedAct = { action: act.action, policy: act.policy, reservedAt: formatInstant(at === undefined ? now : latest(after(at, ANEW), now)) }
  // The oldest go first: they count only should the clock go back.
  const remembered = others.filter((other) => counts(other, before(now, CLOCK_STEP))).slice(1 - MAX_ACTS)
  return { ledger: withClaims({ ...budget, acts: [...remembered, next] }, claimed.claims) }
}

/** Given back, with its claim: nothing was made of it, and nothing will be. `as`: only if nobody has taken it anew since it was so. */
export function releaseSlot(budget: SharedBudget, action: string, as?: SharedAct): SharedBudget {
  if (as !== undefined && budget.acts.find((act) => act.action === action)?.reservedAt !== as.reservedAt) return budget
  const released = releaseClaim(budget, action)
  const acts = budget.acts.filter((act) => act.action !== action)
  return acts.length === budget.acts.length ? released : { ...released, acts }
}

/** Others may act on its workload. Its slot counts on for its hour. */
export function releaseClaim(budget: SharedBudget, action: string): SharedBudget {
  const claims = budget.claims?.filter((claim) => claim.action !== action) ?? []
  return claims.length === (budget.claims?.length ?? 0) ? budget : withClaims(budget, claims)
}

export const hasSlot = ({ acts }: SharedBudget, action: string): boolean => acts.some((act) => act.action === action)

/** The act has landed by then, long after its slot was taken: its hour begins there. Twice is as good as once. */
export function landed(budget: SharedBudget, action: string, by: Instant): SharedBudget {
  const held = budget.acts.find((act) => act.action === action)
  const at = parseInstant(held?.reservedAt)
  if (held === undefined || at === undefined || by <= after(at, LANDING)) return budget
  return { ...budget, acts: budget.acts.map((act) => (act === held ? { ...held, reservedAt: formatInstant(by) } : act)) }
}

function withClaims(budget: SharedBudget, claims: readonly SubjectClaim[]): SharedBudget {
  const { claims: _, ...rest } = budget
  return claims.length === 0 ? rest : { ...rest, claims: [...claims] }
}
