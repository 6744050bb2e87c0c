/** Changes of a policy that make it do less, or the same: for tests that an update gets through. */
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { isEmptySelector } from '../../lib/selector.ts'
import { MODES_BY_RISK } from '../less.ts'

export type Change = (spec: HealingPolicySpec) => HealingPolicySpec

type SafetyRules = HealingPolicySpec['safetyRules']
type Selector = HealingPolicySpec['selector']

const rules = (change: (rules: SafetyRules) => Partial<SafetyRules>): Change => (spec) => ({ ...spec, safetyRules: { ...spec.safetyRules, ...change(spec.safetyRules) } })
const selector = (change: (selector: Selector) => Partial<Selector>): Change => (spec) => ({ ...spec, selector: { ...spec.selector, ...change(spec.selector) } })
const WINDOW = { schedule: '0 3 * * 6', duration: '2h', timeZone: 'UTC' }
const DATABASE = { apiVersion: 'v1', kind: 'Pod', names: ['database-0'] }

export const SHRINKS: Readonly<Record<string, Change>> = {
  'a mode that does less': (spec) => ({ ...spec, mode: MODES_BY_RISK[Math.max(0, MODES_BY_RISK.indexOf(spec.mode) - 1)] ?? 'monitor' }),
  'fewer actions in an hour': rules(({ maxActionsPerHour }) => ({ maxActionsPerHour: Math.max(1, maxActionsPerHour - 1) })),
  'fewer at once': rules(({ maxConcurrent }) => ({ maxConcurrent: Math.max(1, maxConcurrent - 1) })),
  'a budget more': rules(({ budgets = [] }) => (budgets.length === 8 ? {} : { budgets: [...budgets, { actions: 1, per: '2h' }] })),
  'a tighter budget': rules(({ budgets }) => (budgets === undefined ? {} : { budgets: budgets.map((budget) => ({ ...budget, actions: Math.max(1, budget.actions - 1) })) })),
  'a time in which nothing is done': rules(({ schedules = [] }) => (schedules.length === 8 ? {} : { schedules: [...schedules, { allow: false, during: WINDOW }] })),
  'fewer that may be unhealthy': rules(({ maxUnhealthy }) => (typeof maxUnhealthy === 'number' ? { maxUnhealthy: Math.max(0, maxUnhealthy - 1) } : /^[1-9][0-9]%$/.test(maxUnhealthy ?? '') ? { maxUnhealthy: '9%' } : {})),
  'a protection more': rules(({ protectedResources = [] }) => (protectedResources.length === 32 ? {} : { protectedResources: [DATABASE, ...protectedResources] })),
  'a name more in a protection': rules(({ protectedResources }) => (protectedResources === undefined ? {} : { protectedResources: protectedResources.map((entry) => (entry.names === undefined || entry.names.length > 15 ? entry : { ...entry, names: [...new Set([...entry.names, 'database-0'])] })) })),
  'a health check': rules(() => ({ requireHealthCheck: true })),
  'a longer time to be stable': rules(() => ({ stabilizationWindow: '24h' })),
  'a breaker that opens sooner': rules(({ circuitBreaker }) => ({ circuitBreaker: { ...circuitBreaker, failureThreshold: 1 } })),
  'a breaker that stays open': rules(({ circuitBreaker }) => ({ circuitBreaker: { ...circuitBreaker, openDuration: '4h' } })),
  'a longer cooldown': (spec) => ({ ...spec, triggers: spec.triggers.map((trigger) => ({ ...trigger, cooldownPeriod: '720h' })) }),
  'approval of every action': (spec) => ({ ...spec, actions: spec.actions.map((action) => ({ ...action, requiresApproval: true })) }),
  'a namespace fewer': selector(({ namespaces }) => (namespaces === undefined || namespaces.length < 2 ? {} : { namespaces: namespaces.slice(1) })),
  'a label more': selector(({ labelSelector }) => (labelSelector === undefined || isEmptySelector(labelSelector) || Object.keys(labelSelector.matchLabels ?? {}).length === 32 ? {} : { labelSelector: { ...labelSelector, matchLabels: { ...labelSelector.matchLabels, 'shrinks.example/tier': labelSelector.matchLabels?.['shrinks.example/tier'] ?? 'web' } } })),
  'a requirement more': selector(({ labelSelector }) => (labelSelector === undefined || isEmptySelector(labelSelector) || (labelSelector.matchExpressions ?? []).length === 32 ? {} : { labelSelector: { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), { key: 'shrinks.example/zone', operator: 'Exists' }] } })),
  'an object fewer': selector(({ resources }) => (resources === undefined ? {} : { resources: resources.map((entry) => ((entry.excludeNames ?? []).length > 15 || (entry.names ?? []).length > 16 ? entry : { ...entry, excludeNames: [...new Set([...(entry.excludeNames ?? []), 'database-0'])] })) })),
}
