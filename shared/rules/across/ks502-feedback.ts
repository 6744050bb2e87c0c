import type { ActionTemplate, HealingPolicy, Trigger } from '../../api/v1alpha1/types.ts'
import { quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'
import { heals } from '../rule.ts'
import { isSameQuestion } from '../triggers/ks205-never-together.ts'
import { mayBeNamed, neighboursOf, questionsAbout, type Neighbourhood } from './neighbours.ts'
import { fullName } from './standing.ts'

type Metric = NonNullable<Trigger['metricTrigger']>
type Scaling = NonNullable<ActionTemplate['scaleAction']>

/** A metric and the scaling that it leads to. */
interface Drive {
  readonly path: string
  readonly metric: Metric
  readonly scale: Scaling
}

const drivesOf = ({ spec }: HealingPolicy): readonly Drive[] =>
  spec.triggers.flatMap(({ name, metricTrigger }, index) =>
    metricTrigger === undefined
      ? []
      : spec.actions.flatMap(({ scaleAction, triggers }) =>
          scaleAction === undefined || scaleAction.direction === 'absolute' || triggers?.includes(name) === false ? [] : [{ path: `spec.triggers[${index}].metricTrigger.threshold`, metric: metricTrigger, scale: scaleAction }],
        ),
  )

const active = (policy: HealingPolicy): boolean => heals(policy) && !policy.spec.suspend

const neighbours = (policy: HealingPolicy, around: Neighbourhood, access: Parameters<typeof neighboursOf>[3]) =>
  active(policy) && drivesOf(policy).length > 0 ? neighboursOf(policy, around, (other) => active(other) && around.goesFirst(other) && drivesOf(other).length > 0, access) : []

export const ks502: Rule = {
  id: 'KS502',
  severity: 'W',
  title: "No policy's scaling should bring about what another one scales back for.",
  why: 'the two take turns for ever, within their hourly limits',
  fix: 'leave a wider gap between the thresholds, or let a HorizontalPodAutoscaler do both',
  needs: 'cluster',
  asks: (policy, { around } = {}) => (around === undefined ? [] : questionsAbout(policy, neighbours(policy, around, undefined))),
  check: (policy, { around, access }) =>
    around === undefined
      ? []
      : neighbours(policy, around, access).flatMap(({ policy: other, meeting }): Finding[] => {
          if (meeting === 'ThroughOwners') return []
          const who = mayBeNamed(policy, other, access) ? `policy ${quoted(fullName(other), 317)}` : 'a policy of another namespace'
          const loop = drivesOf(policy).flatMap((mine) => drivesOf(other).filter((theirs) => isLoop(mine, theirs)).map((theirs) => ({ mine, theirs })))[0]
          if (loop === undefined) return []
          const { mine, theirs } = loop
          return [{ path: mine.path, what: `${who} scales ${theirs.scale.direction} at ${theirs.metric.operator} ${theirs.metric.threshold} what this one scales ${mine.scale.direction} at ${mine.metric.operator} ${mine.metric.threshold}` }]
        }),
}

const isAbove = ({ operator }: Metric): boolean => operator === '>' || operator === '>='
const isBelow = ({ operator }: Metric): boolean => operator === '<' || operator === '<='

/** Shared among all replicas: twice as many have half of it each. */
const SHARED_LOAD: ReadonlySet<string> = new Set(['cpu_usage_percent'])

function isLoop(a: Drive, b: Drive): boolean {
  if (a.scale.direction === b.scale.direction || !isSameQuestion(a.metric, b.metric)) return false
  const [high, low] = isAbove(a.metric) ? [a, b] : [b, a]
  if (!isAbove(high.metric) || !isBelow(low.metric)) return false
  const [x, y] = [high.metric.threshold, low.metric.threshold]
  // Some value is on the wrong side of both.
  if (y > x || (y === x && high.metric.operator === '>=' && low.metric.operator === '<=')) return true
  return high.scale.direction === 'up' && SHARED_LOAD.has(high.metric.query.trim()) && afterOneStep(x, high.scale, low.scale) < y
}

/** What a load just above the threshold becomes by scaling up from the smallest number of replicas. */
function afterOneStep(threshold: number, up: Scaling, down: Scaling): number {
  const from = Math.max(1, up.minReplicas, down.minReplicas)
  const to = Math.min(from + (up.replicas ?? 1), up.maxReplicas ?? Number.POSITIVE_INFINITY)
  return to <= from ? threshold : (threshold * from) / to
}
