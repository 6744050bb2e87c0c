/** The disruption controller: keeps the status of every PodDisruptionBudget right, as the controller manager does. */
import { isObject } from '../../lib/json.ts'
import { matchesLabels } from '../../lib/selector.ts'
import { parseInstant, seconds, type Clock } from '../../lib/time.ts'
import { POD_DISRUPTION_BUDGETS, PODS } from '../../kube/resources.ts'
import { at, conditionOf, stringAt, type StoredObject } from './objects.ts'
import { collectionOf, type State } from './state.ts'

/** How long an eviction that has not removed its pod keeps its share of the budget. */
const DISRUPTION_TIMEOUT = seconds(120)

/** Recomputes the status of all budgets. */
export function reconcileBudgets(state: State, clock: Clock): void {
  for (const budget of state.all(POD_DISRUPTION_BUDGETS)) {
    const status = statusOf(budget, state, clock)
    if (JSON.stringify(status) !== JSON.stringify(budget.status)) state.put(collectionOf(POD_DISRUPTION_BUDGETS), { ...budget, status })
  }
}

function statusOf(budget: StoredObject, state: State, clock: Clock): unknown {
  const selector = at(budget, 'spec', 'selector')
  const pods = state
    .all(PODS)
    .filter(
      (pod) =>
        pod.metadata.namespace === budget.metadata.namespace &&
        isObject(selector) &&
        matchesLabels(selector, pod.metadata.labels) &&
        stringAt(pod, 'status', 'phase') !== 'Succeeded' &&
        stringAt(pod, 'status', 'phase') !== 'Failed',
    )
  const disrupted = stillDisrupted(budget, pods, clock)
  const healthy = pods.filter(
    ({ metadata, status }) =>
      conditionOf({ status }, 'Ready') === 'True' && metadata.deletionTimestamp === undefined && disrupted[metadata.name] === undefined,
  ).length
  const desired = desiredHealthy(budget, pods.length)
  const disruptionsAllowed = pods.length === 0 ? 0 : Math.max(0, healthy - desired)
  return {
    observedGeneration: budget.metadata.generation,
    currentHealthy: healthy,
    desiredHealthy: desired,
    expectedPods: pods.length,
    disruptionsAllowed,
    ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
  }
}

function stillDisrupted(budget: StoredObject, pods: readonly StoredObject[], clock: Clock): Readonly<Record<string, string>> {
  const disrupted = at(budget, 'status', 'disruptedPods')
  const kept: Record<string, string> = {}
  for (const [name, since] of Object.entries(isObject(disrupted) ? disrupted : {})) {
    const pod = pods.find(({ metadata }) => metadata.name === name)
    const started = typeof since === 'string' ? parseInstant(since) : undefined
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || started === undefined) continue
    if (clock.now() - started < DISRUPTION_TIMEOUT) kept[name] = String(since)
  }
  return kept
}

function desiredHealthy(budget: StoredObject, expected: number): number {
  const least = amount(at(budget, 'spec', 'minAvailable'), expected)
  if (least !== undefined) return least
  const most = amount(at(budget, 'spec', 'maxUnavailable'), expected)
  return Math.max(0, expected - (most ?? 0))
}

/** A count, or a percentage of `expected`, rounded up. */
function amount(value: unknown, expected: number): number | undefined {
  if (typeof value === 'number') return value
  const percent = typeof value === 'string' ? /^([0-9]+)%$/.exec(value)?.[1] : undefined
  return percent === undefined ? undefined : Math.ceil((Number(percent) * expected) / 100)
}
