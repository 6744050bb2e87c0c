/** Generated objects of our kinds, for property tests and for the agreement with a real API server. */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { API_VERSION } from '../../api/v1alpha1/fields.ts'
import { healingAction } from '../../api/v1alpha1/healing-action.schema.ts'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import type { HealingActionSpec, HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { applyDefaults } from '../../schema/defaults.ts'
import type { StructuralSchema } from '../../schema/structural.ts'
import { fromSchema } from './from-schema.ts'
import { withFaults } from './mutate.ts'

/** A manifest as somebody might apply it: nothing about it is certain but that it is JSON. */
export type Manifest = Readonly<Record<string, unknown>>

const PLAIN = { name: 'generated', namespace: 'default' } as const

const key = fc.constantFrom('app', 'a.b/c', 'A.b/c', 'a/b/c', '', '/a', 'a b', '_', 'x'.repeat(63), 'x'.repeat(64), '__proto__', 'ä')
const text = fc.constantFrom<unknown>('', 'x', 'X_1.y', '-x', 'a b', '*', 'x'.repeat(63), 'x'.repeat(64), '\u001b[2J', null, 5, true, [], {})
const map = fc.oneof({ weight: 6, arbitrary: fc.dictionary(key, text, { maxKeys: 2, noNullPrototype: true }) }, fc.constantFrom<unknown>(null, 'x', [], 5))
const name = fc.constantFrom<unknown>('a', 'a.b', 'a..b', 'A', '-a', 'a-', 'a/b', '.', '', null, 5, 'ä', 'x'.repeat(63), 'x'.repeat(64), 'x'.repeat(253), 'x'.repeat(254))

/** Mostly plain, sometimes with what people and templates write. `name` may be missing, anything may be of the wrong type. */
const metadata: Arbitrary<unknown> = fc.oneof(
  { weight: 12, arbitrary: fc.constant(PLAIN) },
  { weight: 3, arbitrary: fc.record({ name, labels: map, annotations: map }, { requiredKeys: [], noNullPrototype: true }) },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('a'), labels: map }, { noNullPrototype: true }) },
)

const manifest = (kind: string, spec: Arbitrary<unknown>): Arbitrary<Manifest> =>
  fc.record({ metadata, spec }, { noNullPrototype: true }).map((parts) => ({ apiVersion: API_VERSION, kind, ...parts }))

/** Of the right shape, defaults applied; unions, references and durations may still be wrong, so CEL refuses some. */
const shaped = <T>(schema: StructuralSchema): Arbitrary<T> => fromSchema(schema).map((spec) => applyDefaults(schema, spec) as T)

/** Specs as the API server stores them. */
export const policySpec: Arbitrary<HealingPolicySpec> = shaped<HealingPolicySpec>(healingPolicy.spec).map(repairPolicy)
export const actionSpec: Arbitrary<HealingActionSpec> = shaped<HealingActionSpec>(healingAction.spec).map(repairAction)

/** Accepted, refused by CEL, refused by the schema: a good part of each. */
export const anyPolicy: Arbitrary<Manifest> = mixed('HealingPolicy', policySpec, fromSchema(healingPolicy.spec))
export const anyAction: Arbitrary<Manifest> = mixed('HealingAction', actionSpec, fromSchema(healingAction.spec))

function mixed(kind: string, valid: Arbitrary<unknown>, shaped: Arbitrary<unknown>): Arbitrary<Manifest> {
  const faulty = withFaults(fc.record({ spec: valid })).map((holder) => (holder as { spec?: unknown }).spec)
  return manifest(kind, fc.oneof({ weight: 2, arbitrary: valid }, { weight: 2, arbitrary: shaped }, { weight: 5, arbitrary: faulty }))
}

/** The spec with what CEL would refuse put right. */
function repairPolicy(spec: HealingPolicySpec): HealingPolicySpec {
  const names = spec.triggers.map(({ name }) => name)
  const { labelSelector, ...selected } = spec.selector
  return {
    ...spec,
    selector: { ...selected, ...(labelSelector !== undefined && { labelSelector: repairSelector(labelSelector) }) },
    triggers: spec.triggers.map(repairTrigger),
    actions: spec.actions.map((action) => repairMatch(repairTemplate(action, names), spec.triggerMatch, names)),
    safetyRules: repairSafety(spec.safetyRules),
    history: { ...spec.history, ttl: longEnough(spec.history.ttl) },
    ...(spec.objectives?.timeToHeal !== undefined && { objectives: { timeToHeal: inside(spec.objectives.timeToHeal, '24h') } }),
  }
}

function repairTrigger({ name, type, cooldownPeriod, conditionTrigger, eventTrigger, metricTrigger, alertTrigger }: HealingPolicySpec['triggers'][number]): HealingPolicySpec['triggers'][number] {
  const trigger = { name, type, cooldownPeriod: inside(cooldownPeriod, '720h') }
  switch (type) {
    case 'alert':
      return { ...trigger, alertTrigger: { alertname: 'Broken', ...alertTrigger, for: inside(alertTrigger?.for, '24h'), duration: inside(alertTrigger?.duration, '24h') } }
    case 'condition':
      return { ...trigger, conditionTrigger: { type: 'Ready', status: 'False', ...conditionTrigger, duration: inside(conditionTrigger?.duration, '24h') } }
    case 'event':
      return { ...trigger, eventTrigger: { reason: 'BackOff', count: 1, ...eventTrigger, window: longer(eventTrigger?.window) } }
    case 'metric':
      return {
        ...trigger,
        metricTrigger: { query: 'ready_percent', operator: '<', threshold: 50, ...metricTrigger, duration: inside(metricTrigger?.duration, '24h'), window: longer(metricTrigger?.window) },
      }
    default:
      return type satisfies never
  }
}

function repairAction(spec: HealingActionSpec): HealingActionSpec {
  // No decision comes into being decided.
  const { approval: _, retryPolicy, ...undecided } = spec
  const retry = retryPolicy === undefined ? {} : { retryPolicy: { ...retryPolicy, backoffDelay: ['1s', '30s', '1m30s'].includes(retryPolicy.backoffDelay) ? retryPolicy.backoffDelay : '30s' } }
  return { ...undecided, ...retry, timeout: inside(spec.timeout, '24h'), action: repairTemplate(spec.action, spec.action.triggers ?? []) }
}

type Template = HealingActionSpec['action']

function repairTemplate({ triggers, restartAction, evictAction, deleteAction, scaleAction, patchAction, ...action }: Template, names: readonly string[]): Template {
  const known = triggers?.filter((name) => names.includes(name)) ?? []
  const bodies = {
    restart: { restartAction: { ...restartAction, strategy: restartAction?.maxConcurrent === undefined ? (restartAction?.strategy ?? 'rolling') : 'graceful' } },
    evict: { evictAction: { ...evictAction, timeout: inside(evictAction?.timeout, '24h') } },
    delete: { deleteAction: deleteAction ?? {} },
    scale: { scaleAction: { direction: 'up', replicas: 1, minReplicas: 1, maxReplicas: 5, ...scaleAction } },
    patch: { patchAction: { type: patchAction?.type ?? 'merge', patch: patchAction?.patch ?? 'metadata: {annotations: {note: x}}' } },
  } as const satisfies Record<Template['type'], Partial<Template>>
  return { ...action, ...bodies[action.type], ...(known.length > 0 && { triggers: known }) }
}

/** Under All an action is for all triggers. */
const repairMatch = (action: Template, match: HealingPolicySpec['triggerMatch'], names: readonly string[]): Template =>
  match === 'Any' || action.triggers === undefined ? action : { ...action, triggers: [...names] }

type Selector = NonNullable<HealingPolicySpec['selector']['labelSelector']>

const repairSelector = (selector: Selector): Selector => ({
  ...selector,
  ...(selector.matchExpressions !== undefined && {
    matchExpressions: selector.matchExpressions.map(({ key, operator }) => ({ key, operator, ...((operator === 'In' || operator === 'NotIn') && { values: ['x'] }) })),
  }),
})

function repairSafety({ stabilizationWindow, protectedResources, circuitBreaker, budgets, schedules, ...rules }: HealingPolicySpec['safetyRules']): HealingPolicySpec['safetyRules'] {
  return {
    ...rules,
    healthCheckTimeout: inside(rules.healthCheckTimeout, '4h'),
    approvalTimeout: inside(rules.approvalTimeout, '4h'),
    ...(stabilizationWindow !== undefined && { stabilizationWindow: inside(stabilizationWindow, '4h') }),
    ...(protectedResources !== undefined && {
      protectedResources: protectedResources.map(({ labelSelector, ...entry }) => ({ ...entry, labelSelector: repairSelector(labelSelector ?? {}) })),
    }),
    ...(budgets !== undefined && {
      budgets: budgets.map(({ during, ...budget }) => ({ ...budget, per: longEnough(budget.per), ...(during !== undefined && { during: repairWindow(during) }) })),
    }),
    ...(schedules !== undefined && { schedules: schedules.map(({ allow, during }) => ({ allow, during: repairWindow(during) })) }),
    circuitBreaker: { ...circuitBreaker, openDuration: inside(circuitBreaker.openDuration, '4h') },
  }
}

type Window = NonNullable<HealingPolicySpec['safetyRules']['schedules']>[number]['during']

const repairWindow = (window: Window): Window => ({ ...window, duration: longEnough(window.duration) })

const longEnough = (duration: string | undefined): string => (duration !== undefined && ['1m30s', '1.5h', '4h', '24h'].includes(duration) ? duration : '1m30s')
/** One that fits a window of ten seconds and more. */
const longer = (duration: string | undefined): string => (duration !== undefined && ['30s', '1m30s', '1.5h', '4h', '24h'].includes(duration) ? duration : '5m')

/** One that fits every bound of the API up to `max`. */
const inside = (duration: string | undefined, max: '4h' | '24h' | '720h'): string => {
  const fitting = ['1s', '1000ms', '30s', '1m30s', '1.5h', '4h', max]
  return duration !== undefined && fitting.includes(duration) ? duration : '30s'
}
