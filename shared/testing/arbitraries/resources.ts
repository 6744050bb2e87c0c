/** Generated objects of our kinds, for property tests and for the agreement with a real API server. */
import fc, { type Arbitrary } from 'fast-check'
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

const manifest = (kind: string, spec: Arbitrary<unknown>): Arbitrary<Manifest> =>
  spec.map((value) => ({ apiVersion: API_VERSION, kind, metadata: { name: 'generated', namespace: 'default' }, spec: value }))

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
    triggers: spec.triggers.map(({ cooldownPeriod, conditionTrigger, ...trigger }) => ({
      ...trigger,
      cooldownPeriod: inside(cooldownPeriod, '720h'),
      conditionTrigger: { type: 'Ready', status: 'False', ...conditionTrigger, duration: inside(conditionTrigger?.duration, '24h') },
    })),
    actions: spec.actions.map((action) => repairTemplate(action, names)),
    safetyRules: repairSafety(spec.safetyRules),
  }
}

function repairAction(spec: HealingActionSpec): HealingActionSpec {
  return { ...spec, timeout: inside(spec.timeout, '24h'), action: repairTemplate(spec.action, spec.action.triggers ?? []) }
}

function repairTemplate({ triggers, ...action }: HealingActionSpec['action'], names: readonly string[]): HealingActionSpec['action'] {
  const known = triggers?.filter((name) => names.includes(name)) ?? []
  return { ...action, restartAction: action.restartAction ?? {}, ...(known.length > 0 && { triggers: known }) }
}

type Selector = NonNullable<HealingPolicySpec['selector']['labelSelector']>

const repairSelector = (selector: Selector): Selector => ({
  ...selector,
  ...(selector.matchExpressions !== undefined && {
    matchExpressions: selector.matchExpressions.map(({ key, operator }) => ({ key, operator, ...((operator === 'In' || operator === 'NotIn') && { values: ['x'] }) })),
  }),
})

function repairSafety({ stabilizationWindow, protectedResources, circuitBreaker, ...rules }: HealingPolicySpec['safetyRules']): HealingPolicySpec['safetyRules'] {
  return {
    ...rules,
    healthCheckTimeout: inside(rules.healthCheckTimeout, '4h'),
    ...(stabilizationWindow !== undefined && { stabilizationWindow: inside(stabilizationWindow, '4h') }),
    ...(protectedResources !== undefined && {
      protectedResources: protectedResources.map(({ labelSelector, ...entry }) => ({ ...entry, labelSelector: repairSelector(labelSelector ?? {}) })),
    }),
    circuitBreaker: { ...circuitBreaker, openDuration: inside(circuitBreaker.openDuration, '4h') },
  }
}

/** One that fits every bound of the API up to `max`. */
const inside = (duration: string | undefined, max: '4h' | '24h' | '720h'): string => {
  const fitting = ['1s', '1000ms', '30s', '1m30s', '1.5h', '4h', max]
  return duration !== undefined && fitting.includes(duration) ? duration : '30s'
}
