/** The alerts about KubeSkippy itself, as data. `config/monitoring/alerts.yaml` is generated from it; what to do is in `docs/runbooks`. */
import { METRICS } from '../../shared/runtime/metric-table.ts'

export interface Alert {
  readonly name: `KubeSkippy${string}`
  readonly expr: string
  /** How long it must hold, in Prometheus' words. */
  readonly for: string
  /** critical: KubeSkippy does not work, or soon will not. warning: it works, and somebody should look. */
  readonly severity: 'critical' | 'warning'
  /** One line, with the labels that the expression leaves. */
  readonly summary: string
  readonly description: string
}

const { ready, certificateEnd, bundleInSync, breaker, actions, storms, longestWait, watchAge, leader, shardLeader, ledgerUnreadable, metricReads, escalated, policies, evaluations, objectiveUsed } = METRICS

const read = (outcome: (typeof metricReads.labels.outcome)[number]): string => `sum by (kind, source) (increase(${metricReads.name}{outcome="${outcome}"}[10m]))`
const ended = (outcome: (typeof actions.labels.outcome)[number]): string => `sum by (action) (increase(${actions.name}{outcome="${outcome}"}[1h]))`

export const ALERTS: readonly Alert[] = [
  {
    // Not by `up`: the name of the scrape is the installation's own, and one that answers may still refuse reviews.
    name: 'KubeSkippyWebhookDown', expr: `absent(${ready.name}{program="webhook"} == 1)`, for: '2m', severity: 'critical',
    summary: 'No KubeSkippy webhook is ready',
    description: 'Policies cannot be written: the API server refuses them while the webhook does not answer. Policies that are there go on healing.',
  },
  {
    // By itself it is renewed 30 days before its end, by cert-manager after two thirds of 90 days as a rule.
    name: 'KubeSkippyCertificateExpiring', expr: `min(${certificateEnd.name}) - time() < 7 * 24 * 3600`, for: '10m', severity: 'critical',
    summary: 'The certificate of the KubeSkippy webhook ends within {{ $value | humanizeDuration }}',
    description: 'It should have been renewed long ago. Once it has ended no policy can be written.',
  },
  {
    // A new CA needs seconds until it is in both configurations; two minutes are no rotation any more.
    name: 'KubeSkippyCABundleDrift', expr: `min by (configuration) (${bundleInSync.name}) == 0`, for: '2m', severity: 'critical',
    summary: 'The {{ $labels.configuration }} webhook configuration does not trust the KubeSkippy webhook',
    description: 'Its caBundle is not that of the certificate that is served, or it is missing. If it is the validating one no policy can be written; without the mutating one defaults are filled in later, and who allowed an exemption is not recorded.',
  },
  {
    name: 'KubeSkippyBreakerOpen', expr: `max by (policy_namespace, policy) (${breaker.name}) == 2`, for: '1m', severity: 'warning',
    summary: 'Policy {{ $labels.policy_namespace }}/{{ $labels.policy }} has stopped healing: its breaker is open',
    description: 'Its acts did not help several times, so it does nothing for a while, and then tries one.',
  },
  {
    name: 'KubeSkippyActionIneffective', expr: `${ended('Ineffective')} > ${ended('Effective')}`, for: '0m', severity: 'warning',
    summary: 'More acts of type {{ $labels.action }} failed to help than helped within the last hour',
    description: 'What policies do is not what heals: the cause is another one, or the action is the wrong one.',
  },
  {
    name: 'KubeSkippyStormGateClosed', expr: `max by (scope) (${storms.name}) > 0`, for: '1m', severity: 'warning',
    summary: 'KubeSkippy holds still: a storm gate is closed ({{ $labels.scope }})',
    description: 'Too many workloads are unhealthy at once, which healing one after the other does not cure. Nothing is done until it has become calm.',
  },
  {
    name: 'KubeSkippyApprovalWaiting', expr: `max(${longestWait.name}) > 900`, for: '0m', severity: 'warning',
    summary: 'A HealingAction has waited for approval for {{ $value | humanizeDuration }}',
    description: 'Nothing is done about what it would heal until somebody approves it, or its time is over.',
  },
  {
    // Below 75 s while all is well, and at 300 s the controller is not alive any more.
    name: 'KubeSkippyWatchStale', expr: `max by (reflector) (${watchAge.name}) > 150`, for: '1m', severity: 'critical',
    summary: 'KubeSkippy has not heard of {{ $labels.reflector }} for {{ $value | humanizeDuration }}',
    description: 'Its watch of the API server is silent. Nothing is decided by data that is that old.',
  },
  {
    // Whoever dies is replaced within 20 s.
    name: 'KubeSkippyNoLeader', expr: `absent(${leader.name} == 1)`, for: '1m', severity: 'critical',
    summary: 'No KubeSkippy controller leads',
    description: 'Nothing is healed: no controller runs, or none of them gets the lease.',
  },
  {
    // A change of their number takes as long as its rollout: nobody leads the new ones before the last old replica has gone.
    name: 'KubeSkippyShardWithoutLeader', expr: `max by (shard) (${shardLeader.name}) == 0 and on () max(${leader.name}) == 1`, for: '5m', severity: 'critical',
    summary: 'No KubeSkippy controller leads for shard {{ $labels.shard }}',
    description: 'Nothing is healed in its namespaces, while others are healed.',
  },
  {
    name: 'KubeSkippyLedgerUnreadable', expr: `sum(increase(${ledgerUnreadable.name}[10m])) > 0`, for: '0m', severity: 'critical',
    summary: 'KubeSkippy cannot read its own durable state',
    description: 'A ledger or a status was changed by hand, or by an older version. What it belongs to does nothing until it is mended.',
  },
  {
    name: 'KubeSkippySourceDown', expr: `${read('NoData')} > 0 unless ${read('Series')} > 0`, for: '5m', severity: 'warning',
    summary: 'No question of kind {{ $labels.kind }} to the {{ with $labels.source }}Prometheus {{ . }}{{ else }}cluster{{ end }} has been answered for ten minutes',
    description: 'Triggers that ask it have no data: they neither fire nor end what is open.',
  },
  {
    name: 'KubeSkippyLoopDetected', expr: `max(${escalated.name}{reason="Recurring"}) > 0`, for: '0m', severity: 'warning',
    summary: 'What was healed three times within a day is broken again ({{ $value }} incidents)',
    description: 'The action helps each time, and the cause stays. It is not healed any more until somebody has looked.',
  },
  {
    name: 'KubeSkippyEscalated', expr: `sum by (reason) (${escalated.name}{reason!="Recurring"}) > 0`, for: '0m', severity: 'warning',
    summary: 'No action helped, and a person has to look: {{ $value }} incidents ({{ $labels.reason }})',
    description: 'They are not healed any more until they have been healthy again.',
  },
  {
    name: 'KubeSkippyTimeToHealMissed', expr: `max by (policy_namespace, policy) (${objectiveUsed.name}) > 1`, for: '0m', severity: 'warning',
    summary: 'Policy {{ $labels.policy_namespace }}/{{ $labels.policy }} heals too slowly: {{ $value | humanizePercentage }} of its timeToHeal',
    description: 'An incident of it is open for longer than the policy promises, or was, within the last hour.',
  },
  {
    // By what is, not by what has changed: new rules come with a new pod, which may have counted before it is scraped.
    name: 'KubeSkippyPolicyStopped', expr: `sum(${policies.name}{accepted="False"}) > 0`, for: '2m', severity: 'warning',
    summary: 'A policy is not accepted, and does not act ({{ $value }} in all)',
    description: 'The rules or the configuration of KubeSkippy have changed since it was written, or it came past the webhook.',
  },
  {
    // Evaluated again and again as long as there is something to heal.
    name: 'KubeSkippyHealerMissing', expr: `sum(increase(${evaluations.name}{reason="HealerMissing"}[30m])) > 0`, for: '30m', severity: 'warning',
    summary: 'A policy wants to act in a namespace that has not consented',
    description: 'The namespace has no account that heals on its behalf, so nothing is done there.',
  },
]

export const RUNBOOKS = 'docs/runbooks'
export const runbookOf = (alert: Pick<Alert, 'name'>): string => `${RUNBOOKS}/${alert.name}.md`

/** As Prometheus reads it, and as `spec` of a PrometheusRule. @param runbook where an alert's is */
export const alertRules = (runbook: (alert: Alert) => unknown = runbookOf) => ({
  groups: [
    {
      name: 'kubeskippy',
      rules: ALERTS.map((alert) => ({
        alert: alert.name,
        expr: alert.expr,
        for: alert.for,
        labels: { severity: alert.severity },
        annotations: { summary: alert.summary, description: alert.description, runbook_url: runbook(alert) },
      })),
    },
  ],
})
