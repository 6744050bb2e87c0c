/** What matters of each policy at a glance, what needs a person first. Pure. */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { leadingFindings, leadingReports } from '../../shared/api/v1alpha1/trigger-match.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { parseInstant } from '../../shared/lib/time.ts'
import { compileResource } from '../../shared/schema/validate.ts'
import type { Colour } from '../paint.ts'

export interface Row {
  readonly namespace: string
  readonly name: string
  readonly mode: string
  /** One word for what is going on. */
  readonly state: string
  readonly colour: Colour
  /** 0 needs a person the most. */
  readonly rank: number
  /** Objects on which a trigger fires, and on which one is pending. */
  readonly firing: number
  readonly pending: number
  /** Open incidents. */
  readonly healing: number
  readonly breaker: string
  readonly budget: string
  /** How long the last incident took, and may take: `1m32s/5m`. */
  readonly healedIn: string
  readonly decision: string
  /** RFC 3339; since when it is so. */
  readonly since: string | undefined
}

const check = compileResource(healingPolicy, API_VERSION)

export function rowOf(policy: HealingPolicy): Row {
  const { metadata } = policy
  const place = { namespace: metadata.namespace ?? '', name: metadata.name }
  const [problem] = check(policy)
  if (problem !== undefined) return { ...place, ...EMPTY, mode: '', state: 'Unreadable', colour: 'red', rank: 0, decision: `${problem.path}: ${problem.message}` }
  const { spec, status } = policy
  if (status?.observedGeneration === undefined) return { ...place, ...EMPTY, mode: spec.mode, state: 'Unseen', colour: 'yellow', rank: 5, decision: 'no controller has looked at it yet: kubeskippy check' }
  const { incidents = [], breaker, budget, lastDecision } = status
  const findings = leadingFindings(status)
  return {
    ...place,
    mode: spec.mode,
    ...stateOf(status),
    firing: new Set(findings.filter(({ state }) => state === 'Firing').map(({ object }) => object.uid)).size,
    pending: new Set(findings.filter(({ state }) => state === 'Pending').map(({ object }) => object.uid)).size,
    healing: incidents.filter(({ state }) => state === 'Open').length,
    breaker: breaker?.state ?? 'Closed',
    budget: `${budget?.used ?? 0}/${budget?.limit ?? spec.safetyRules.maxActionsPerHour}`,
    healedIn: healedIn(spec.objectives?.timeToHeal, status.timeToHeal?.last),
    decision: `${lastDecision?.reason ?? ''}${lastDecision?.message === undefined ? '' : `: ${lastDecision.message}`}`,
    since: lastDecision?.time,
  }
}

const EMPTY = { firing: 0, pending: 0, healing: 0, breaker: '', budget: '', healedIn: '', since: undefined } as const

const healedIn = (objective: string | undefined, last: string | undefined): string => (objective === undefined ? (last ?? '') : `${last ?? '-'}/${objective}`)

type State = Pick<Row, 'state' | 'colour' | 'rank'>

function stateOf(status: NonNullable<HealingPolicy['status']>): State {
  const { conditions = [], incidents = [], breaker, lastDecision } = status
  const findings = leadingFindings(status)
  const triggers = leadingReports(status)
  const no = (type: string): string | undefined => conditions.find((c) => c.type === type && c.status === 'False')?.reason
  const notReady = no('Ready')
  if (notReady === 'LedgerUnreadable' || notReady === 'NotCompiled') return { state: notReady, colour: 'red', rank: 0 }
  if (incidents.some(({ state }) => state === 'Escalated')) return { state: 'Escalated', colour: 'red', rank: 1 }
  if (no('Accepted') !== undefined) return { state: 'NotAccepted', colour: 'red', rank: 2 }
  if (lastDecision?.reason === 'PendingApproval') return { state: 'Approval', colour: 'red', rank: 3 }
  if (breaker?.state === 'Open') return { state: 'BreakerOpen', colour: 'red', rank: 4 }
  if (notReady !== undefined) return { state: notReady, colour: 'yellow', rank: 6 }
  if (lastDecision?.kind === 'Blocked') return { state: 'Blocked', colour: 'yellow', rank: 7 }
  if (incidents.length > 0) return { state: 'Healing', colour: 'yellow', rank: 8 }
  if (findings.some(({ state }) => state === 'Firing')) return { state: 'Firing', colour: 'yellow', rank: 9 }
  if (findings.length > 0) return { state: 'Pending', colour: 'yellow', rank: 10 }
  if (lastDecision?.reason === 'NoData' || (triggers.length > 0 && triggers.every(({ state }) => state === 'NoData'))) return { state: 'NoData', colour: 'yellow', rank: 11 }
  if (lastDecision?.reason === 'Partial') return { state: 'Partial', colour: 'green', rank: 12 }
  return { state: 'Healthy', colour: 'green', rank: 13 }
}

/** What needs a person first; of those alike, the one that has been so for longest. */
export const sorted = (rows: readonly Row[]): readonly Row[] =>
  rows.toSorted((a, b) => a.rank - b.rank || (parseInstant(a.since) ?? 0) - (parseInstant(b.since) ?? 0) || compare(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`))

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
