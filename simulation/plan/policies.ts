/** Policies of a plan: every way of acting, with limits so small and times so short that they matter within minutes. */
import type { ActionTemplate, HealingPolicySpec, Trigger } from '../../shared/api/v1alpha1/types.ts'
import { labelsOf } from '../world/workloads.ts'
import type { Chance } from '../engine/chance.ts'
import type { PolicyPlan, WorkloadPlan } from './plan.ts'

/** What the simulated source of metrics answers. */
export const GAUGE = 'heap_used_percent{job="app"}'

type Spec = Partial<HealingPolicySpec>

export interface PolicyProfile {
  readonly modes: readonly NonNullable<Spec['mode']>[]
  readonly triggers: 'any' | 'conditions' | 'metrics'
  readonly cooldowns: readonly string[]
  /** Acts on pods only. */
  readonly pods: boolean
  readonly rungs: readonly [number, number]
  /** Share of actions that a person has to approve. */
  readonly approvals: number
  readonly approvalTimeouts: readonly string[]
  readonly perHour: readonly [number, number]
  readonly concurrent: readonly [number, number]
  readonly threshold: readonly [number, number]
  /** Whether much that fails at once stops everything. */
  readonly storms: boolean
  /** Share of policies that protect what somebody has touched. */
  readonly protects: number
}

export const USUAL: PolicyProfile = {
  modes: [...Array.from({ length: 10 }, () => 'automatic' as const), 'manual', 'dryrun', 'monitor'],
  triggers: 'any',
  cooldowns: ['0s', '0s', '30s', '3m'],
  pods: false,
  rungs: [1, 3],
  approvals: 0.1,
  approvalTimeouts: ['1m', '3m'],
  perHour: [1, 6],
  concurrent: [1, 3],
  threshold: [1, 3],
  storms: true,
  protects: 0.25,
}

/** One of each symptom, or fewer. */
function triggersOf(chance: Chance, { cooldowns, triggers }: PolicyProfile): Trigger[] {
  const cooldownPeriod = chance.pick(cooldowns)
  const duration = chance.pick(['3s', '10s', '25s'])
  const all: Trigger[] = [
    { name: 'crashing', type: 'condition', cooldownPeriod, conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration } },
    { name: 'not-ready', type: 'condition', cooldownPeriod, conditionTrigger: { type: 'Ready', status: 'False', duration } },
    { name: 'leaking', type: 'metric', cooldownPeriod, metricTrigger: { query: GAUGE, operator: '>', threshold: 90, duration: chance.pick(['20s', '40s']), window: '5m' } },
  ]
  if (triggers === 'conditions') return chance.happens(0.5) ? all.slice(0, 2) : all.slice(1, 2)
  if (triggers === 'metrics') return all.slice(chance.between(1, 2))
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

/** The first ones of them. */
const ON_PODS = 3

export function actionsOf(chance: Chance, count: number, { pods, approvals }: Pick<PolicyProfile, 'pods' | 'approvals'> = USUAL): ActionTemplate[] {
  const kinds = pods ? ACTIONS.slice(0, ON_PODS) : [...ACTIONS]
  return Array.from({ length: count }, (_, rung) => {
    const [kind] = kinds.splice(chance.between(0, kinds.length - 1), 1)
    if (kind === undefined) throw new RangeError('more rungs than actions')
    return { name: `rung-${rung}`, priority: 10 * (rung + 1), ...kind(chance), ...(chance.happens(approvals) ? { requiresApproval: true } : {}) }
  })
}

export function policyOf(chance: Chance, workload: WorkloadPlan, name: string, profile: PolicyProfile): PolicyPlan {
  const safetyRules: Spec['safetyRules'] = {
    maxActionsPerHour: chance.between(...profile.perHour),
    maxConcurrent: chance.between(...profile.concurrent),
    maxUnhealthy: profile.storms ? chance.pick(['1000', '1000', '1000', '60%']) : '1000',
    healthCheckTimeout: chance.pick(['30s', '1m', '2m']),
    // Not shorter than any trigger takes: what was verified before would say nothing.
    stabilizationWindow: chance.pick(['1m', '90s']),
    approvalTimeout: chance.pick(profile.approvalTimeouts),
    circuitBreaker: { failureThreshold: chance.between(...profile.threshold), openDuration: chance.pick(['1m', '3m']) },
  } as Spec['safetyRules']
  const protects = chance.happens(profile.protects) ? { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchExpressions: [{ key: 'touched', operator: 'Exists' }] } }] } : {}
  return {
    namespace: workload.namespace,
    name,
    spec: {
      mode: chance.pick(profile.modes),
      selector: { labelSelector: { matchLabels: labelsOf(workload) }, resources: [{ apiVersion: 'v1', kind: 'Pod' }] },
      triggers: triggersOf(chance, profile),
      actions: actionsOf(chance, chance.between(...profile.rungs), profile),
      safetyRules: { ...safetyRules, ...protects },
    } as Spec,
  }
}

/** Of ten minutes the first few, where the clock shows whole hours as everywhere or half of one later. */
const during = (chance: Chance, least: number, most: number) => ({ schedule: '*/10 * * * *', duration: `${chance.between(least, most)}m`, timeZone: chance.pick(['UTC', 'Asia/Kolkata']) })

/** With limits of time: a budget beside the hour, in force always or by turns, or times in which nothing is done. */
export function timed(chance: Chance, policy: PolicyPlan): PolicyPlan {
  const { safetyRules } = policy.spec
  if (safetyRules === undefined) return policy
  const budget = { actions: chance.between(1, 2), per: chance.pick(['3m', '10m', '90m']), ...(chance.happens(0.5) ? { during: during(chance, 4, 8) } : {}) }
  const schedule = chance.happens(0.5) ? { allow: false, during: during(chance, 2, 6) } : { allow: true, during: during(chance, 4, 8) }
  const which = chance.pick(['budget', 'budget', 'schedule', 'both'])
  return { ...policy, spec: { ...policy.spec, safetyRules: { ...safetyRules, maxActionsPerHour: chance.between(4, 8), ...(which === 'schedule' ? {} : { budgets: [budget] }), ...(which === 'budget' ? {} : { schedules: [schedule] }) } } }
}
