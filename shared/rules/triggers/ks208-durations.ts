import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import { longestTriggerDuration } from '../../api/v1alpha1/context-defaults.ts'
import { needsAll } from '../../api/v1alpha1/trigger-match.ts'
import { isPod } from '../../api/v1alpha1/kinds.ts'
import { trigger } from '../../api/v1alpha1/policy/triggers/index.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { DURATION_PATTERN, formatDuration, parseDuration } from '../../lib/duration.ts'
import { remembered } from '../../lib/remembered.ts'
import { quoted } from '../../lib/text.ts'
import { minutes } from '../../lib/time.ts'
import type { StructuralSchema } from '../../schema/structural.ts'
import { isSomewhere, narrowed, places } from '../../schema/walk.ts'
import { acts, heals, selectedResources, type Finding, type Rule } from '../rule.ts'
import { builtInOf, OVER_WINDOW } from './built-in-metrics.ts'

/** What the schema writes where nothing is written. */
const DEFAULT_COOLDOWN = trigger.properties.cooldownPeriod.default

/** A shorter pause between incidents makes the hourly limit the only brake. */
const SHORTEST_COOLDOWN = minutes(1)

export interface Bounds {
  readonly min: string
  readonly max: string
}

/** The bounds that the schema's own CEL rule gives a duration; undefined when the node is no duration. */
export function durationBounds(schema: StructuralSchema): Bounds | undefined {
  if (schema.type !== 'string' || schema.pattern !== DURATION_PATTERN) return undefined
  const rule = schema['x-kubernetes-validations']?.find((validation) => validation.rule.includes('duration(self)'))?.rule
  const [, min, max] = /duration\(self\) >= duration\('([^']+)'\) && duration\(self\) <= duration\('([^']+)'\)/.exec(rule ?? '') ?? []
  return min === undefined || max === undefined ? undefined : { min, max }
}

export const ks208: Rule = {
  id: 'KS208',
  severity: 'E',
  alsoWarns: true,
  title:
    'Durations must be Go durations within their bounds, and the stabilization window not shorter than any trigger. Warnings: a cooldown below a minute or below the stabilization window, a restart count that has to hold for longer than its window, a window that still shows the trouble when healthCheckTimeout ends, and a timeToHeal that no act can keep.',
  why: 'times that contradict each other make limits that do not limit',
  fix: 'write a duration such as 90s, 5m or 1h30m',
  check: (policy) => [...outOfBounds(policy), ...blindVerification(policy), ...shortCooldowns(policy), ...windows(policy), ...idleObjective(policy)],
}

/** Most of a spec need not be gone through. */
const DURATIONS = narrowed(healingPolicy.spec, (schema) => durationBounds(schema) !== undefined) ?? healingPolicy.spec
const WELL_WRITTEN = new RegExp(DURATION_PATTERN)
const knownBounds = remembered(durationBounds)

function isOutOfBounds(schema: StructuralSchema, value: unknown): boolean {
  const bounds = knownBounds(schema)
  if (bounds === undefined || typeof value !== 'string') return false
  const span = parseDuration(value)
  return span === undefined || span < (parseDuration(bounds.min) ?? 0) || span > (parseDuration(bounds.max) ?? 0)
}

function* outOfBounds({ spec }: HealingPolicy): Generator<Finding> {
  if (!isSomewhere(DURATIONS, spec, isOutOfBounds)) return
  for (const { path, schema, value } of places(DURATIONS, spec, 'spec')) {
    const bounds = knownBounds(schema)
    if (bounds === undefined || typeof value !== 'string' || !isOutOfBounds(schema, value)) continue
    const { min, max } = bounds
    // Well written and longer than anything that is timed here: out of bounds like the rest.
    if (!WELL_WRITTEN.test(value)) yield { path, what: `${quoted(value)} is no duration`, why: 'nothing can be timed by it' }
    else {
      yield { path, what: `${quoted(value)} is not between ${min} and ${max}`, why: 'outside these bounds the limit means nothing', fix: `write at least ${min} and at most ${max}` }
    }
  }
}

function* blindVerification({ spec }: HealingPolicy): Generator<Finding> {
  const window = parseDuration(spec.safetyRules.stabilizationWindow ?? '')
  const longest = longestTriggerDuration(spec)
  if (window === undefined || window >= longest) return
  yield {
    path: 'spec.safetyRules.stabilizationWindow',
    what: `${formatDuration(window)} is shorter than the longest trigger duration (${formatDuration(longest)})`,
    why: 'an action would be called effective before the trigger could fire again',
    fix: `write ${formatDuration(longest)} or more, or leave it out`,
  }
}

/** The default says nothing about what its author thinks; and what never acts has nothing to wait for. */
function* shortCooldowns(policy: HealingPolicy): Generator<Finding> {
  if (!acts(policy)) return
  const { spec } = policy
  const window = parseDuration(spec.safetyRules.stabilizationWindow ?? '')
  const longest = Math.max(0, ...spec.triggers.map(({ cooldownPeriod }) => parseDuration(cooldownPeriod) ?? 0))
  for (const [index, { cooldownPeriod }] of spec.triggers.entries()) {
    const cooldown = parseDuration(cooldownPeriod)
    // Where all have to meet the longest is the one that counts.
    if (cooldown === undefined || (needsAll(spec) && cooldown < longest)) continue
    const path = `spec.triggers[${index}].cooldownPeriod`
    if (cooldown < SHORTEST_COOLDOWN) {
      yield { path, severity: 'W', what: `${formatDuration(cooldown)} is below 60s`, why: 'only the hourly limit would slow repeated healing down', fix: 'write 60s or more' }
    } else if (window !== undefined && cooldown < window && cooldownPeriod !== DEFAULT_COOLDOWN) {
      const least = formatDuration(window)
      yield { path, severity: 'W', what: `shorter than stabilizationWindow (${least})`, why: 'a relapse would be healed sooner than a success is believed', fix: `write ${least} or more` }
    }
  }
}

/** Whatever is done, it is believed only after the window. */
function* idleObjective({ spec }: HealingPolicy): Generator<Finding> {
  const [objective, window] = [spec.objectives?.timeToHeal, spec.safetyRules.stabilizationWindow].map((text) => parseDuration(text ?? ''))
  if (objective === undefined || window === undefined || objective > window) return
  yield {
    path: 'spec.objectives.timeToHeal',
    severity: 'W',
    what: `not longer than stabilizationWindow (${formatDuration(window)})`,
    why: 'nothing counts as healed sooner',
    fix: 'write a longer time',
  }
}

function* windows(policy: HealingPolicy): Generator<Finding> {
  const { spec } = policy
  const patience = parseDuration(spec.safetyRules.healthCheckTimeout)
  for (const [index, { metricTrigger }] of spec.triggers.entries()) {
    const name = metricTrigger === undefined ? undefined : builtInOf(metricTrigger)
    const [window, duration] = [metricTrigger?.window, metricTrigger?.duration].map((text) => parseDuration(text ?? ''))
    if (name === undefined || window === undefined || duration === undefined) continue
    const path = `spec.triggers[${index}].metricTrigger`
    if (name === 'restart_count' && duration > window) {
      yield { path: `${path}.duration`, severity: 'W', what: `${formatDuration(duration)} is longer than the window (${formatDuration(window)}) that restarts count in`, why: 'what was counted has left the window before the trigger may fire', fix: `write 0s, or at most ${formatDuration(window)}` }
    }
    // A new pod has series of its own; a workload keeps what it had.
    if (OVER_WINDOW.has(name) && heals(policy) && !selectedResources(policy).every(isPod) && patience !== undefined && window > patience) {
      yield {
        path: `${path}.window`,
        severity: 'W',
        what: `${formatDuration(window)} is longer than healthCheckTimeout (${formatDuration(patience)})`,
        why: 'what went wrong before an act is still in the value when the time for it to help is over, so no act would count as effective',
        fix: `write at most ${formatDuration(patience)}, or a longer healthCheckTimeout`,
      }
    }
  }
}
