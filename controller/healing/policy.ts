/** What a person wrote, compiled once into frozen, unit-typed options. */
import type { ActionTemplate, HealingPolicy, HealingPolicySpec, Mode } from '../../shared/api/v1alpha1/types.ts'
import { ALL_TRIGGERS } from '../../shared/api/v1alpha1/fields.ts'
import { needsAll } from '../../shared/api/v1alpha1/trigger-match.ts'
import { requireDuration } from '../../shared/lib/duration.ts'
import { TerminalError } from '../../shared/lib/errors.ts'
import type { LabelSelector } from '../../shared/lib/selector.ts'
import { millis, type Instant, type Millis } from '../../shared/lib/time.ts'
import { normalised } from '../../shared/rules/judge.ts'
import { parseMaxUnhealthy, type MaxUnhealthy } from '../../shared/rules/safety/max-unhealthy.ts'
import type { Budget } from './budget.ts'
import type { HistoryLimits } from './history.ts'
import { pauseReason } from './pause.ts'
import type { Refusal } from './refusal.ts'
import { compileWindow, scheduleGate } from './schedules.ts'
import { compileBody, type CompiledBody } from '../triggers/index.ts'

export interface SelectedKind {
  readonly apiVersion: string
  readonly kind: string
  readonly names: ReadonlySet<string> | undefined
  readonly excludeNames: ReadonlySet<string>
}

interface Leading {
  readonly name: string
  readonly cooldown: Millis
  /** The actions that it leads to, the first rung first. */
  readonly ladder: readonly ActionTemplate[]
}

export type CompiledTrigger = CompiledBody & Leading

/** All triggers of a policy at once, on one object. */
export interface AllTriggers extends Leading {
  readonly type: 'all'
  readonly name: typeof ALL_TRIGGERS
  readonly parts: readonly CompiledTrigger[]
}

/** What incidents begin with: a trigger, or all of them together. */
export type Cause = CompiledTrigger | AllTriggers

export type Protection = NonNullable<HealingPolicySpec['safetyRules']['protectedResources']>[number]

export interface Limits {
  readonly maxActionsPerHour: number
  readonly maxConcurrent: number
  readonly budgets: readonly Budget[]
  readonly requireHealthCheck: boolean
  readonly healthCheckTimeout: Millis
  readonly stabilizationWindow: Millis
  readonly approvalTimeout: Millis
  readonly breaker: { readonly failureThreshold: number; readonly openDuration: Millis }
}

export interface CompiledPolicy {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly deleting: boolean
  readonly mode: Mode
  readonly suspend: boolean
  /** Why it is paused; empty: nobody said. */
  readonly paused: string | undefined
  readonly namespaces: readonly string[]
  readonly labelSelector: LabelSelector | undefined
  readonly kinds: readonly SelectedKind[]
  readonly triggers: readonly CompiledTrigger[]
  /** Each trigger by itself; under triggerMatch: All the one that is all of them. */
  readonly causes: readonly Cause[]
  readonly protectedResources: readonly Protection[]
  /** undefined: as the installation says. */
  readonly maxUnhealthy: MaxUnhealthy | undefined
  /** Why its schedules forbid to act at a time. */
  readonly schedule: (now: Instant) => Refusal | undefined
  readonly limits: Limits
  readonly history: HistoryLimits
  /** What it promises of an incident; undefined: nothing. */
  readonly timeToHeal: Millis | undefined
}

/** For people. */
export const called = (cause: Cause): string => (cause.type === 'all' ? `the combination of ${cause.parts.map(({ name }) => name).join(' and ')}` : cause.name)

export const causeOf = (policy: CompiledPolicy, name: string): Cause | undefined => policy.causes.find((cause) => cause.name === name)

/** The rungs that it leads to; none when the policy is gone, or leads from there to nothing any more. */
export const ladderOf = (policy: CompiledPolicy | undefined, cause: string): readonly ActionTemplate[] => (policy === undefined ? undefined : causeOf(policy, cause))?.ladder ?? []

/** What all triggers at once are. The longest cooldown counts. */
export const allOf = (parts: readonly CompiledTrigger[], ladder: readonly ActionTemplate[]): AllTriggers => ({
  type: 'all',
  name: ALL_TRIGGERS,
  parts,
  cooldown: millis(Math.max(0, ...parts.map(({ cooldown }) => cooldown))),
  ladder,
})

/** The actions that are for all of these triggers. sort() is stable: equal priorities stay in the order written. */
const rungs = ({ actions }: HealingPolicySpec, triggers: readonly string[]): readonly ActionTemplate[] =>
  actions.filter(({ triggers: only }) => only === undefined || triggers.every((name) => only.includes(name))).sort((a, b) => a.priority - b.priority)

/**
 * Applies all defaults (the mutating webhook may have been skipped) and reads every duration.
 * @throws TerminalError when it does not have the shape of the schema: the API server keeps such objects out, so
 *   retrying cannot help.
 */
export function compilePolicy(stored: HealingPolicy): CompiledPolicy {
  const policy = normalised(stored)
  if (policy === undefined) throw new TerminalError('the policy does not have the shape of its schema')
  const { metadata, spec } = policy
  const rules = spec.safetyRules
  const triggers = spec.triggers.map(
    (trigger): CompiledTrigger => ({
      ...compileBody(trigger),
      name: trigger.name,
      cooldown: requireDuration('cooldownPeriod', trigger.cooldownPeriod),
      ladder: rungs(spec, [trigger.name]),
    }),
  )
  return Object.freeze({
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation ?? 1,
    deleting: metadata.deletionTimestamp !== undefined,
    mode: spec.mode,
    suspend: spec.suspend,
    paused: pauseReason(metadata),
    namespaces: spec.selector.namespaces ?? [],
    labelSelector: spec.selector.labelSelector,
    kinds: (spec.selector.resources ?? []).map(({ apiVersion, kind, names, excludeNames }) => ({
      apiVersion,
      kind,
      names: names === undefined ? undefined : new Set(names),
      excludeNames: new Set(excludeNames),
    })),
    triggers,
    causes: needsAll(spec) ? [allOf(triggers, rungs(spec, triggers.map(({ name }) => name)))] : triggers,
    protectedResources: rules.protectedResources ?? [],
    // One that cannot be read (KS403) lets nothing through.
    maxUnhealthy: rules.maxUnhealthy === undefined ? undefined : (parseMaxUnhealthy(rules.maxUnhealthy) ?? { count: 0 }),
    schedule: scheduleGate((rules.schedules ?? []).map(({ allow, during }) => ({ allow, during: compileWindow(during) }))),
    limits: {
      maxActionsPerHour: rules.maxActionsPerHour,
      maxConcurrent: rules.maxConcurrent,
      budgets: (rules.budgets ?? []).map(({ actions, per, during }) => ({
        actions,
        per: requireDuration('per', per),
        // One that cannot be read (KS406) is in force always.
        during: during === undefined ? undefined : compileWindow(during),
      })),
      requireHealthCheck: rules.requireHealthCheck,
      healthCheckTimeout: requireDuration('healthCheckTimeout', rules.healthCheckTimeout),
      stabilizationWindow: requireDuration('stabilizationWindow', rules.stabilizationWindow),
      approvalTimeout: requireDuration('approvalTimeout', rules.approvalTimeout),
      breaker: {
        failureThreshold: rules.circuitBreaker.failureThreshold,
        openDuration: requireDuration('openDuration', rules.circuitBreaker.openDuration),
      },
    },
    timeToHeal: spec.objectives?.timeToHeal === undefined ? undefined : requireDuration('timeToHeal', spec.objectives.timeToHeal),
    history: { successful: spec.history.successful, failed: spec.history.failed, ttl: requireDuration('ttl', spec.history.ttl) },
  })
}
