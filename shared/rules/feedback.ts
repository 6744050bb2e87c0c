/** Scalings that bring about what the opposite one is there for. Pure. */
import type { ActionTemplate, HealingPolicy, Trigger } from '../api/v1alpha1/types.ts'
import { isSameQuestion } from './triggers/ks205-never-together.ts'

type Metric = NonNullable<Trigger['metricTrigger']>
type Scaling = NonNullable<ActionTemplate['scaleAction']>

/** A metric and the scaling that it leads to. */
export interface Drive {
  readonly path: string
  readonly metric: Metric
  readonly scale: Scaling
}

export const drivesOf = ({ spec }: HealingPolicy): readonly Drive[] =>
  spec.triggers.flatMap(({ name, metricTrigger }, index) =>
    metricTrigger === undefined
      ? []
      : spec.actions.flatMap(({ scaleAction, triggers }) =>
          scaleAction === undefined || scaleAction.direction === 'absolute' || triggers?.includes(name) === false ? [] : [{ path: `spec.triggers[${index}].metricTrigger.threshold`, metric: metricTrigger, scale: scaleAction }],
        ),
  )

const isAbove = ({ operator }: Metric): boolean => operator === '>' || operator === '>='
const isBelow = ({ operator }: Metric): boolean => operator === '<' || operator === '<='

/** Shared among all replicas: twice as many have half of it each. */
const SHARED_LOAD: ReadonlySet<string> = new Set(['cpu_usage_percent'])

/** `Overlap`: some value is on the wrong side of both thresholds. `Step`: one step up brings a shared load below the other one. */
export function loopOf(a: Drive, b: Drive): 'Overlap' | 'Step' | undefined {
  if (a.scale.direction === b.scale.direction || !isSameQuestion(a.metric, b.metric)) return undefined
  const [high, low] = isAbove(a.metric) ? [a, b] : [b, a]
  if (!isAbove(high.metric) || !isBelow(low.metric)) return undefined
  const [x, y] = [high.metric.threshold, low.metric.threshold]
  if (y > x || (y === x && high.metric.operator === '>=' && low.metric.operator === '<=')) return 'Overlap'
  return high.scale.direction === 'up' && SHARED_LOAD.has(high.metric.query.trim()) && afterOneStep(x, high.scale, low.scale) < y ? 'Step' : undefined
}

/** What a load just above the threshold becomes by scaling up from the smallest number of replicas. */
function afterOneStep(threshold: number, up: Scaling, down: Scaling): number {
  const from = Math.max(1, up.minReplicas, down.minReplicas)
  const to = Math.min(from + (up.replicas ?? 1), up.maxReplicas ?? Number.POSITIVE_INFINITY)
  return to <= from ? threshold : (threshold * from) / to
}
