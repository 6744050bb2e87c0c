/** What policies are in, read at the scrape from what the watches have. Only who leads tells it, so that nothing is told twice: of policies who has their shard, of the cluster who has the first. */
import type { HealingPolicy } from '../shared/api/v1alpha1/types.ts'
import { parseDuration } from '../shared/lib/duration.ts'
import { between, parseInstant, type Clock, type Instant } from '../shared/lib/time.ts'
import { ACCEPTED } from '../shared/rules/across/standing.ts'
import { METRICS } from '../shared/runtime/metric-table.ts'
import type { Metrics, Sample } from '../shared/runtime/metrics.ts'
import type { LedgerStore } from './adapters/ledger-store.ts'
import { askBreaker, type BreakerState } from './healing/breaker.ts'
import { askBudget } from './healing/budget.ts'
import { reasonOfEscalation, type Ledger } from './healing/incidents.ts'
import { objectiveUsed } from './healing/time-to-heal.ts'

export interface StateParts {
  /** Of the shards that this process leads. */
  readonly policies: () => readonly HealingPolicy[]
  readonly shards: number
  readonly ledgers: Pick<LedgerStore, 'seen' | 'seenBudget'>
  readonly clock: Clock
  /** For the shard of this number. */
  readonly leads: (shard: number) => boolean
}

export function declareStateMetrics(metrics: Metrics, { policies, shards, ledgers, clock, leads }: StateParts): void {
  const sampled = <L extends string>(definition: Parameters<typeof metrics.sampled<L>>[0], read: () => readonly Sample<L>[]): void =>
    metrics.sampled(definition, () => (Array.from({ length: shards }, (_, shard) => shard).some(leads) ? read() : []))
  const known = (): readonly (readonly [HealingPolicy, Ledger])[] =>
    policies().flatMap((policy) => {
      const ledger = ledgers.seen(keyOf(policy))
      return ledger === undefined ? [] : [[policy, ledger] as const]
    })
  const waiting = (): readonly number[] => known().flatMap(([, { entries }]) => entries.filter(({ state }) => state === 'Waiting').map(({ reservedAt }) => since(reservedAt, clock.now())))

  sampled(METRICS.policies, () => {
    const counts = Object.groupBy(policies(), (policy) => `${policy.spec.mode} ${acceptedOf(policy)}`)
    const { mode: modes, accepted: answers } = METRICS.policies.labels
    return modes.flatMap((mode) => answers.map((accepted) => ({ labels: { mode, accepted }, value: counts[`${mode} ${accepted}`]?.length ?? 0 })))
  })
  sampled(METRICS.budget, () =>
    known().flatMap(([policy, { entries }]) => {
      const limit = policy.status?.budget?.limit
      return limit === undefined ? [] : [{ labels: labelsOf(policy), value: Math.max(0, limit - askBudget(entries, limit, clock.now()).used) }]
    }),
  )
  sampled(METRICS.breaker, () => known().map(([policy, { breaker }]) => ({ labels: labelsOf(policy), value: stateOf(breaker, clock.now()) })))
  sampled(METRICS.objectiveUsed, () =>
    known().flatMap(([policy, ledger]) => {
      const objective = parseDuration(policy.spec.objectives?.timeToHeal ?? '')
      return objective === undefined ? [] : [{ labels: labelsOf(policy), value: objectiveUsed(ledger, objective, clock.now()) }]
    }).sort((a, b) => b.value - a.value).slice(0, METRICS.objectiveUsed.labels.policy.atMost),
  )
  sampled(METRICS.storms, () => [
    ...(leads(0) ? [{ labels: { scope: 'Cluster' } as const, value: Number(isShut(ledgers.seenBudget({ scope: 'Cluster' }))) }] : []),
    { labels: { scope: 'Policy' }, value: known().filter(([, ledger]) => isShut(ledger)).length },
  ])
  sampled(METRICS.escalated, () => {
    const escalated = known().flatMap(([, { incidents }]) => incidents.filter(({ state }) => state === 'Escalated'))
    return METRICS.escalated.labels.reason.map((reason) => ({ labels: { reason }, value: escalated.filter((incident) => reasonOfEscalation(incident) === reason).length }))
  })
  sampled(METRICS.waiting, () => [{ labels: {}, value: waiting().length }])
  sampled(METRICS.longestWait, () => [{ labels: {}, value: Math.max(0, ...waiting()) }])
}

const keyOf = ({ metadata: { namespace = '', name } }: HealingPolicy) => ({ namespace, name })
const labelsOf = ({ metadata: { namespace = '', name } }: HealingPolicy) => ({ policy_namespace: namespace, policy: name })

const acceptedOf = ({ status }: HealingPolicy): string => status?.conditions?.find(({ type }) => type === ACCEPTED)?.status ?? 'Unknown'

/** 0 closed, 1 half-open (a probe may be tried, or is), 2 open. */
function stateOf(breaker: BreakerState, now: Instant): number {
  const { kind } = askBreaker(breaker, now)
  return kind === 'Closed' ? 0 : kind === 'Refused' && breaker.state === 'Open' ? 2 : 1
}

/** While it eases it lets one act through at a time. */
const isShut = (held: Pick<Ledger, 'storm'> | undefined): boolean => held?.storm !== undefined && held.storm.easingSince === undefined

/** Seconds. */
function since(time: string, now: Instant): number {
  const at = parseInstant(time)
  return at === undefined ? 0 : Math.max(0, between(at, now) / 1000)
}
