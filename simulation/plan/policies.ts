/** Policies of a plan: every way of acting, with limits so small and times so short that they matter within minutes. */
import type { ActionTemplate, HealingPolicySpec, Trigger } from '../../shared/api/v1alpha1/types.ts'
import { labelsOf } from '../world/workloads.ts'
import type { Chance } from '../engine/chance.ts'
import type { PolicyPlan, WorkloadPlan } from './plan.ts'

/** What the simulated source of metrics answers. */
export const GAUGE = 'heap_used_percent{job="app"}'

type Spec = Partial<HealingPolicySpec>

/** One of each symptom, or fewer. */
function triggersOf(chance: Chance): Trigger[] {
  const cooldownPeriod = chance.pick(['0s', '0s', '30s', '3m'])
  const duration = chance.pick(['3s', '10s', '25s'])
  const all: Trigger[] = [
    { name: 'crashing', type: 'condition', cooldownPeriod, conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration } },
    { name: 'not-ready', type: 'condition', cooldownPeriod, conditionTrigger: { type: 'Ready', status: 'False', duration } },
    { name: 'leaking', type: 'metric', cooldownPeriod, metricTrigger: { query: GAUGE, operator: '>', threshold: 90, duration: chance.pick(['20s', '40s']), window: '5m' } },
  ]
  const chosen = all.filter(() => chance.happens(0.6))
  return chosen.length > 0 ? chosen : all.slice(0, 2)
}

const ACTIONS: readonly ((chance: Chance) => Omit<ActionTemplate, 'name' | 'priority'>)[] = [
  () => ({ type: 'restart', restartAction: { strategy: 'rolling' } }),
  () => ({ type: 'evict', evictAction: { timeout: '2m' } }),
  () => ({ type: 'delete', deleteAction: { gracePeriodSeconds: 2 } }),
  () => ({ type: 'restart', target: 'Workload', restartAction: { strategy: 'rolling' } }),
  () => ({ type: 'restart', target: 'Workload', restartAction: { strategy: 'graceful', maxConcurrent: 1 } }),
  (chance) => ({ type: 'scale', target: 'Workload', scaleAction: { direction: 'up', replicas: 1, minReplicas: 1, maxReplicas: chance.between(3, 6) } }),
  () => ({ type: 'patch', target: 'Workload', patchAction: { type: 'merge', patch: 'spec: {template: {metadata: {annotations: {healed: "yes"}}}}' } }),
]

export function actionsOf(chance: Chance, count: number): ActionTemplate[] {
  const kinds = [...ACTIONS]
  return Array.from({ length: count }, (_, rung) => {
    const [kind] = kinds.splice(chance.between(0, kinds.length - 1), 1)
    if (kind === undefined) throw new RangeError('more rungs than actions')
    return { name: `rung-${rung}`, priority: 10 * (rung + 1), ...kind(chance), ...(chance.happens(0.1) ? { requiresApproval: true } : {}) }
  })
}

export function policyOf(chance: Chance, workload: WorkloadPlan, name: string): PolicyPlan {
  const safetyRules: Spec['safetyRules'] = {
    maxActionsPerHour: chance.between(1, 6),
    maxConcurrent: chance.between(1, 3),
    maxUnhealthy: chance.pick(['1000', '1000', '1000', '60%']),
    healthCheckTimeout: chance.pick(['30s', '1m', '2m']),
    // Not shorter than any trigger takes: what was verified before would say nothing.
    stabilizationWindow: chance.pick(['1m', '90s']),
    approvalTimeout: chance.pick(['1m', '3m']),
    circuitBreaker: { failureThreshold: chance.between(1, 3), openDuration: chance.pick(['1m', '3m']) },
  } as Spec['safetyRules']
  const protects = chance.happens(0.25) ? { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchExpressions: [{ key: 'touched', operator: 'Exists' }] } }] } : {}
  return {
    namespace: workload.namespace,
    name,
    spec: {
      mode: chance.pick([...Array.from({ length: 10 }, () => 'automatic' as const), 'manual', 'dryrun', 'monitor']),
      selector: { labelSelector: { matchLabels: labelsOf(workload) }, resources: [{ apiVersion: 'v1', kind: 'Pod' }] },
      triggers: triggersOf(chance),
      actions: actionsOf(chance, chance.between(1, 3)),
      safetyRules: { ...safetyRules, ...protects },
    } as Spec,
  }
}
