/** The controller's metrics, each declared once. Labels are bounded: no names of pods. */
import type { Metrics } from '../shared/runtime/metrics.ts'

/** Seconds: from the watch's latency to a slow verification. */
const HEALING_BUCKETS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800]

export const declareControllerMetrics = (metrics: Metrics) => ({
  evaluations: metrics.counter('kubeskippy_policy_evaluations_total', 'Evaluations of policies by decision and its reason.', ['decision', 'reason']),
  acceptance: metrics.counter('kubeskippy_policy_acceptance_changes_total', 'Policies that a look found accepted no longer (false: they stop acting), or again (true).', ['accepted']),
  actions: metrics.counter('kubeskippy_healing_actions_total', 'Ended HealingActions by type, phase and verified outcome.', ['action', 'phase', 'outcome', 'dry_run']),
  decided: metrics.histogram('kubeskippy_fault_to_decision_seconds', 'From the begin of the fault to the recorded decision.', HEALING_BUCKETS),
  acted: metrics.histogram('kubeskippy_fault_to_act_seconds', 'From the begin of the fault to the write.', HEALING_BUCKETS),
  verified: metrics.histogram('kubeskippy_fault_to_verified_seconds', 'From the begin of the fault to the verified outcome.', HEALING_BUCKETS),
  refusals: metrics.counter('kubeskippy_refusals_total', 'What was decided against, or stopped on its way, by the first reason: the word that status, event and log have.', ['reason']),
  escalations: metrics.counter('kubeskippy_escalations_total', 'Incidents that no action helped.'),
  historyDeleted: metrics.counter('kubeskippy_history_deleted_total', 'Ended HealingActions that were removed, by why: Age or Limit.', ['why']),
  metricReads: metrics.counter('kubeskippy_metric_reads_total', 'Questions to sources of metrics, by kind, and whether there was data.', ['kind', 'outcome']),
  ledgerUnreadable: metrics.counter('kubeskippy_ledger_unreadable_total', 'Reconciles refused because own durable state was malformed.'),
})

export type ControllerMetrics = ReturnType<typeof declareControllerMetrics>

/** Of the receiver, which is off by default. */
export const declareAlertMetrics = (metrics: Metrics) =>
  metrics.counter('kubeskippy_alerts_received_total', 'Alerts from Alertmanager by what became of them: firing, ended, or left out as refused (no room), malformed, nameless (no namespace), truncated (by Alertmanager).', ['result'])
