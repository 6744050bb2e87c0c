/** For the tables of the rules: a policy that no rule minds, with overrides. Tests only. */
import { API_VERSION } from '../api/v1alpha1/fields.ts'
import type { HealingPolicy, HealingPolicySpec } from '../api/v1alpha1/types.ts'
import { normalised } from './judge.ts'
import { DEFAULT_INSTALLATION, type Installation, type Rule } from './rule.ts'

export interface PolicyOverrides {
  readonly namespace?: string
  readonly mode?: HealingPolicySpec['mode']
  readonly suspend?: boolean
  readonly selector?: HealingPolicySpec['selector']
  /** Members of the one condition trigger. */
  readonly condition?: Partial<NonNullable<HealingPolicySpec['triggers'][number]['conditionTrigger']>>
  /** In place of the condition trigger. */
  readonly event?: Partial<NonNullable<HealingPolicySpec['triggers'][number]['eventTrigger']>>
  /** Members of the one trigger, which is then a metric one. */
  readonly metric?: Partial<NonNullable<HealingPolicySpec['triggers'][number]['metricTrigger']>>
  /** In place of the one trigger. */
  readonly triggers?: readonly object[]
  readonly triggerMatch?: HealingPolicySpec['triggerMatch']
  readonly cooldownPeriod?: string
  readonly action?: Partial<HealingPolicySpec['actions'][number]>
  /** In place of the one action. */
  readonly actions?: readonly object[]
  readonly safetyRules?: Partial<HealingPolicySpec['safetyRules']>
  readonly history?: HealingPolicySpec['history']
  readonly objectives?: HealingPolicySpec['objectives']
}

/** As a person would write it, before any default. */
export const rawPolicy = ({ namespace = 'shop', mode = 'automatic', suspend, selector, condition, event, metric, triggers, triggerMatch, cooldownPeriod, action, actions, safetyRules, history, objectives }: PolicyOverrides = {}): Record<
  string,
  unknown
> => ({
  apiVersion: API_VERSION,
  kind: 'HealingPolicy',
  metadata: { name: 'cart-healing', namespace },
  spec: {
    mode,
    ...(suspend === undefined ? {} : { suspend }),
    selector: selector ?? { labelSelector: { matchLabels: { app: 'cart' } } },
    ...(triggerMatch === undefined ? {} : { triggerMatch }),
    triggers: triggers ?? [
      {
        name: 'crash-loop',
        ...(cooldownPeriod === undefined ? {} : { cooldownPeriod }),
        ...(event !== undefined
          ? { type: 'event', eventTrigger: { reason: 'BackOff', ...event } }
          : metric !== undefined
            ? { type: 'metric', metricTrigger: { query: 'memory_usage_percent', threshold: 90, ...metric } }
            : { type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m', ...condition } }),
      },
    ],
    actions: actions ?? [{ name: 'restart', type: 'restart', ...((action?.type ?? 'restart') === 'restart' ? { restartAction: {} } : {}), ...action }],
    ...(safetyRules === undefined ? {} : { safetyRules }),
    ...(history === undefined ? {} : { history }),
    ...(objectives === undefined ? {} : { objectives }),
  },
})

export function testPolicy(overrides: PolicyOverrides = {}): HealingPolicy {
  const policy = normalised(rawPolicy(overrides))
  if (policy === undefined) throw new Error('the overrides do not have the shape of the schema')
  return policy
}

/** `path: what` of each finding; warnings of rules that also refuse begin with `W `. */
export const check = (rule: Rule, overrides: PolicyOverrides = {}, installation: Partial<Installation> = {}): string[] =>
  rule.check(testPolicy(overrides), { installation: { ...DEFAULT_INSTALLATION, ...installation } }).map(({ path, what, severity = rule.severity }) => {
    if (severity === rule.severity) return `${path}: ${what}`
    // The reference is generated from what the rule says of itself.
    if (severity !== 'W' || rule.alsoWarns !== true) throw new Error(`${rule.id} does not say that it gives severity ${severity}`)
    return `W ${path}: ${what}`
  })
