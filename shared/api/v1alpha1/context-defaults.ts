/**
 * Defaults that depend on other fields. The mutating webhook writes them into the object; the controller and the lint
 * apply the same function on read, since the webhook may have been down. Constants are defaults of the CRD.
 */
import { formatDuration, parseDuration } from '../../lib/duration.ts'
import { isObject } from '../../lib/json.ts'
import { hours, millis, minutes, type Millis } from '../../lib/time.ts'
import { isPod } from './kinds.ts'
import type { ActionTemplate, HealingPolicy, HealingPolicySpec } from './types.ts'

type Selected = NonNullable<HealingPolicySpec['selector']['resources']>[number]

/** Shorter, and a pod that crashes once a minute would look healed between two crashes. */
const SHORTEST_STABILIZATION = minutes(1)

/** Bound of the schema. */
const LONGEST_STABILIZATION = hours(24)

export const DEFAULT_RESOURCES: readonly Selected[] = [{ apiVersion: 'v1', kind: 'Pod' }]

/** Beyond an alert's own "for": Prometheus evaluates once a minute, and Alertmanager waits for half a minute (group_wait). */
const ALERT_ON_ITS_WAY = minutes(2)

type Trigger = HealingPolicySpec['triggers'][number]

/** How long it takes at least until it fires anew; malformed durations do not count (KS208 reports them). */
function spanOf({ conditionTrigger, eventTrigger, metricTrigger, alertTrigger }: Trigger): Millis {
  const own = parseDuration((conditionTrigger ?? metricTrigger ?? alertTrigger)?.duration ?? eventTrigger?.window ?? '') ?? 0
  return millis(own + (parseDuration(alertTrigger?.for ?? '') ?? 0))
}

const longest = (spans: readonly Millis[]): Millis => spans.reduce((most, span) => (span > most ? span : most), millis(0))

/** The longest time for which a trigger must hold, or over which it counts. */
export const longestTriggerDuration = ({ triggers }: Pick<HealingPolicySpec, 'triggers'>): Millis => longest(triggers.map(spanOf))

/** Long enough that each trigger would have fired anew, as far as the schema goes: KS208 refuses what takes longer. */
function stabilizationFor({ triggers }: Pick<HealingPolicySpec, 'triggers'>): Millis {
  const spans = triggers.map((trigger) => (trigger.alertTrigger === undefined ? spanOf(trigger) : millis(spanOf(trigger) + ALERT_ON_ITS_WAY)))
  return millis(Math.min(longest([SHORTEST_STABILIZATION, ...spans]), LONGEST_STABILIZATION))
}

/** Idempotent; never changes a value that is there. The argument is not touched. */
export function withContextDefaults(policy: HealingPolicy): HealingPolicy {
  const { spec } = policy
  const resources = spec.selector.resources ?? [...DEFAULT_RESOURCES]
  const namespace = policy.metadata.namespace
  return {
    ...policy,
    spec: {
      ...spec,
      selector: {
        ...spec.selector,
        ...(spec.selector.namespaces === undefined && namespace !== undefined ? { namespaces: [namespace] } : {}),
        resources,
      },
      actions: spec.actions.map((action) => {
        const target = action.target ?? defaultTarget(action.type, resources)
        return target === undefined ? action : { ...action, target }
      }),
      safetyRules: {
        ...spec.safetyRules,
        stabilizationWindow: spec.safetyRules.stabilizationWindow ?? formatDuration(stabilizationFor(spec)),
      },
    },
  }
}

/** The level that the selector names, unless only one is possible. undefined: it names both, so a person has to say. */
function defaultTarget(type: ActionTemplate['type'], resources: readonly Selected[]): ActionTemplate['target'] {
  if (type === 'evict') return 'Pod'
  if (type === 'scale') return 'Workload'
  const pods = resources.filter(isPod).length
  return pods === resources.length ? 'Pod' : pods === 0 ? 'Workload' : undefined
}

export interface Addition {
  readonly op: 'add'
  /** JSON pointer. */
  readonly path: string
  readonly value: unknown
}

/**
 * The JSON patch that adds to `before` what only `after` has: missing members whole, list items only inside. Nothing
 * is replaced or removed, so it cannot undo what the user wrote.
 */
export function additions(before: unknown, after: unknown, path = ''): Addition[] {
  // What no default touched is still the same, however deep somebody has nested it.
  if (before === after) return []
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.flatMap((item, index) => additions(item, after[index], `${path}/${index}`))
  }
  if (!isObject(before) || !isObject(after)) return []
  return Object.keys(after).flatMap((key): Addition[] => {
    const value = after[key]
    const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    // An explicit null counts as absent, as on the API server.
    if (Object.hasOwn(before, key) && before[key] !== null) return additions(before[key], value, at)
    return value === undefined ? [] : [{ op: 'add', path: at, value }]
  })
}
