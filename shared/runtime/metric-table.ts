/**
 * Every metric of every program, each once: from this table come the declarations, `docs/reference/metrics.md`, and what alerts and
 * dashboards may ask. A name is never reused for something else, and changes only with a note in the changelog.
 */
import { MOST_SOURCES } from '../lib/most-sources.ts'
import type { HistogramDefinition, MetricDefinition } from './metrics.ts'

export type ProgramName = 'controller' | 'webhook'

/** Seconds: from the watch's latency to a slow verification. */
const HEALING = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800]
/** Seconds, of work within the process. */
const WORK = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10]
/** Seconds: what answers within a millisecond most often, and must within three. */
const REVIEW = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 3]

const MODES = ['monitor', 'dryrun', 'manual', 'automatic'] as const
const LOOPS = ['healingpolicy', 'healingaction', 'history'] as const
const WATCHES = { atMost: 60, of: 'kinds that are watched' } as const
const REASONS = { atMost: 80, of: 'words for why not, as status, event and log have them' } as const
const RULES = { atMost: 100, of: 'rules of docs/reference/rules.md' } as const
/** Only of what is read at the scrape, so that a policy that is gone is not told any more. Not `namespace`: scrapes of pods call the pod's own so, and ours would be renamed. */
const POLICY = { policy_namespace: { atMost: 500, of: 'namespaces with policies' }, policy: { atMost: 500, of: 'policies' } } as const
/** A series for each policy would be the third, and too many. */
const SLOWEST = { policy_namespace: { atMost: 100, of: 'namespaces of these' }, policy: { atMost: 100, of: 'policies with the largest share' } } as const
const ESCALATED_FOR = ['LadderExhausted', 'Recurring', 'Inconclusive', 'Rejected'] as const
const QUESTIONS = ['promql', 'podUsage', 'customMetric', 'externalMetric', 'endpoints', 'kubelet'] as const

interface Told {
  /** Which of them tell it. */
  readonly by: readonly ProgramName[]
}

export const METRICS = {
  // What is decided and done.
  evaluations: { by: ['controller'], name: 'kubeskippy_policy_evaluations_total', type: 'counter', unit: 'count', labels: { decision: ['NoOp', 'Blocked', 'Act'], reason: REASONS }, help: 'Evaluations of policies by decision and its reason.' },
  actions: {
    by: ['controller'], name: 'kubeskippy_healing_actions_total', type: 'counter', unit: 'count',
    labels: {
      action: ['restart', 'evict', 'delete', 'scale', 'patch'],
      trigger_type: ['alert', 'condition', 'event', 'metric', 'all', 'none'],
      phase: ['Succeeded', 'Failed', 'Cancelled'],
      outcome: ['Effective', 'Ineffective', 'Inconclusive', 'Reverted', 'None'],
      dry_run: ['true', 'false'],
    },
    help: 'Ended HealingActions by type, type of the trigger that asked for them (all: several together; none: the policy has it no longer), phase and verified outcome.',
  },
  refusals: { by: ['controller'], name: 'kubeskippy_refusals_total', type: 'counter', unit: 'count', labels: { reason: REASONS }, help: 'What was decided against, or stopped on its way, by the first reason: the word that status, event and log have.' },
  decided: { by: ['controller'], name: 'kubeskippy_fault_to_decision_seconds', type: 'histogram', unit: 'seconds', labels: {}, buckets: HEALING, help: 'From the begin of the fault to the recorded decision.' },
  acted: { by: ['controller'], name: 'kubeskippy_fault_to_act_seconds', type: 'histogram', unit: 'seconds', labels: {}, buckets: HEALING, help: 'From the begin of the fault to the write.' },
  verified: { by: ['controller'], name: 'kubeskippy_fault_to_verified_seconds', type: 'histogram', unit: 'seconds', labels: {}, buckets: HEALING, help: 'From the begin of the fault to the verified outcome.' },
  recurrences: { by: ['controller'], name: 'kubeskippy_recurrences_total', type: 'counter', unit: 'count', labels: {}, help: 'Decisions about what had been healed within the 24 hours before, and was broken again.' },
  escalations: { by: ['controller'], name: 'kubeskippy_escalations_total', type: 'counter', unit: 'count', labels: { reason: ESCALATED_FOR }, help: 'Incidents that were given up, by why: Recurring is a loop.' },
  escalated: { by: ['controller'], name: 'kubeskippy_escalated_incidents', type: 'gauge', unit: 'count', labels: { reason: ESCALATED_FOR }, help: 'Incidents that wait for a person now, by why. Told by the controller that leads.' },

  // The state of policies, told by the controller that leads.
  policies: { by: ['controller'], name: 'kubeskippy_healing_policies', type: 'gauge', unit: 'count', labels: { mode: MODES, accepted: ['True', 'False', 'Unknown'] }, help: 'Policies by mode, and whether the rules accept them. Told by the controller that leads.' },
  acceptance: { by: ['controller'], name: 'kubeskippy_policy_acceptance_changes_total', type: 'counter', unit: 'count', labels: { accepted: ['true', 'false'] }, help: 'Policies that a look found accepted no longer (false: they stop acting), or again (true).' },
  budget: { by: ['controller'], name: 'kubeskippy_budget_remaining', type: 'gauge', unit: 'count', labels: POLICY, help: 'Actions that the policy may still do in this sliding hour. Told by the controller that leads.' },
  breaker: { by: ['controller'], name: 'kubeskippy_breaker_state', type: 'gauge', unit: 'state', labels: POLICY, help: 'The circuit breaker of the policy: 0 closed, 1 half-open, 2 open. Told by the controller that leads.' },
  objectiveUsed: { by: ['controller'], name: 'kubeskippy_time_to_heal_objective_used', type: 'gauge', unit: 'share', labels: SLOWEST, help: 'Of policies with objectives.timeToHeal: the share of it that the incident open for longest has used up, or the one healed last within the hour; above 1: missed. 0: neither. The hundred policies with the largest share; told by the controller that leads.' },
  storms: { by: ['controller'], name: 'kubeskippy_storm_gates_closed', type: 'gauge', unit: 'count', labels: { scope: ['Cluster', 'Policy'] }, help: 'Storm gates that let nothing through: that of the cluster, and those of policies. Told by the controller that leads.' },
  waiting: { by: ['controller'], name: 'kubeskippy_approvals_waiting', type: 'gauge', unit: 'count', labels: {}, help: 'HealingActions that wait for somebody to approve or reject them. Told by the controller that leads.' },
  longestWait: { by: ['controller'], name: 'kubeskippy_approval_longest_wait_seconds', type: 'gauge', unit: 'seconds', labels: {}, help: 'How long the oldest of these has waited; 0: none does. Told by the controller that leads.' },
  ledgerUnreadable: { by: ['controller'], name: 'kubeskippy_ledger_unreadable_total', type: 'counter', unit: 'count', labels: {}, help: 'Reconciles refused because own durable state was malformed.' },
  historyDeleted: { by: ['controller'], name: 'kubeskippy_history_deleted_total', type: 'counter', unit: 'count', labels: { why: ['Age', 'Limit'] }, help: 'Ended HealingActions that were removed, by why: Age or Limit.' },

  // What it hears by.
  metricReads: { by: ['controller'], name: 'kubeskippy_metric_reads_total', type: 'counter', unit: 'count', labels: { kind: QUESTIONS, source: { atMost: MOST_SOURCES + 1, of: 'names of the configured Prometheus; empty for what is asked of the cluster, and for a name that is not configured' }, outcome: ['Series', 'NoData'] }, help: 'Questions to sources of metrics, by kind and source, and whether there was data.' },
  alertsReceived: { by: ['controller'], name: 'kubeskippy_alerts_received_total', type: 'counter', unit: 'count', labels: { result: ['firing', 'ended', 'refused', 'malformed', 'nameless', 'truncated'] }, help: 'Alerts from Alertmanager by what became of them: firing, ended, or left out as refused (no room), malformed, nameless (no namespace), truncated (by Alertmanager). Only where they are received.' },
  watchAge: { by: ['controller', 'webhook'], name: 'kubeskippy_reflector_age_seconds', type: 'gauge', unit: 'seconds', labels: { reflector: WATCHES }, help: 'Time since the API server was last heard, by watch. Below 75 while all is well.' },
  watchLists: { by: ['controller', 'webhook'], name: 'kubeskippy_reflector_lists_total', type: 'counter', unit: 'count', labels: { resource: WATCHES }, help: 'Full lists by resource. Each after the first repairs a fault.' },
  watchFailures: { by: ['controller', 'webhook'], name: 'kubeskippy_reflector_failures_total', type: 'counter', unit: 'count', labels: { resource: WATCHES, kind: { atMost: 30, of: 'kinds of API errors' } }, help: 'Failed lists and watches by resource and kind.' },

  // How the controller works.
  reconciles: { by: ['controller'], name: 'kubeskippy_reconciler_total', type: 'counter', unit: 'count', labels: { loop: LOOPS, outcome: ['success', 'requeue', 'conflict', 'wait', 'terminal', 'failure'] }, help: 'Reconciles by loop and outcome.' },
  reconcileDuration: { by: ['controller'], name: 'kubeskippy_reconcile_duration_seconds', type: 'histogram', unit: 'seconds', labels: { loop: LOOPS }, buckets: WORK, help: 'How long a reconcile took.' },
  queueDepth: { by: ['controller'], name: 'kubeskippy_queue_depth', type: 'gauge', unit: 'count', labels: { loop: LOOPS }, help: 'Keys that wait for a worker. Those whose time has not come are not counted.' },
  queueLatency: { by: ['controller'], name: 'kubeskippy_queue_latency_seconds', type: 'histogram', unit: 'seconds', labels: { loop: LOOPS }, buckets: WORK, help: 'How long a key waited for a worker.' },
  leader: { by: ['controller'], name: 'kubeskippy_leader', type: 'gauge', unit: 'bool', labels: {}, help: 'Whether this process leads: 1 while it may write, for one shard at least. One that runs without a lease always may.' },
  shardLeader: { by: ['controller'], name: 'kubeskippy_shard_leader', type: 'gauge', unit: 'bool', labels: { shard: { atMost: 16, of: 'shards' } }, help: 'Whether this process may write for the namespaces of the shard: 1 while it may. Without shards there is one, 0.' },
  leaderTransitions: { by: ['controller'], name: 'kubeskippy_leader_transitions_total', type: 'counter', unit: 'count', labels: { event: ['acquired', 'lost', 'released'] }, help: 'Times that this process began or ceased to lead, each lease counted.' },
  events: { by: ['controller'], name: 'kubeskippy_events_total', type: 'counter', unit: 'count', labels: { outcome: ['sent', 'counted', 'dropped'] }, help: 'Kubernetes events by what became of them.' },

  // The door.
  reviews: { by: ['webhook'], name: 'kubeskippy_admission_reviews_total', type: 'counter', unit: 'count', labels: { webhook: ['validate', 'mutate'], operation: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT', 'none'], verdict: ['allowed', 'patched', 'denied', 'ignored', 'incomplete', 'malformed', 'error'] }, help: 'Admission reviews by what became of them.' },
  reviewDuration: { by: ['webhook'], name: 'kubeskippy_admission_review_duration_seconds', type: 'histogram', unit: 'seconds', labels: { webhook: ['validate', 'mutate'] }, buckets: REVIEW, help: 'Time from the whole review to its answer.' },
  violations: { by: ['webhook'], name: 'kubeskippy_safety_validations_total', type: 'counter', unit: 'count', labels: { rule: RULES, severity: ['E', 'F', 'W'] }, help: 'Violations that the rules found at the door.' },
  lowered: { by: ['webhook'], name: 'kubeskippy_safety_lowered_total', type: 'counter', unit: 'count', labels: { rule: RULES, why: ['Exempted', 'Tolerated'] }, help: 'Violations that would have refused and did not: Exempted by the annotation kubeskippy.io/allow, or Tolerated in an update that raises no risk.' },
  certificateEnd: { by: ['webhook'], name: 'kubeskippy_certificate_expiry_timestamp_seconds', type: 'gauge', unit: 'unix seconds', labels: {}, help: 'End of the certificate that is served. Absent while none is.' },
  bundleInSync: { by: ['webhook'], name: 'kubeskippy_ca_bundle_in_sync', type: 'gauge', unit: 'bool', labels: { configuration: ['validating', 'mutating'] }, help: 'Whether the webhook configuration trusts the certificate that is served, as of the last look: 1 or 0. Of a mutating configuration that is not installed it is 0.' },

  // Both.
  ready: { by: ['controller', 'webhook'], name: 'kubeskippy_ready', type: 'gauge', unit: 'bool', labels: { program: ['controller', 'webhook'] }, help: 'Whether /readyz answers ok.' },
  build: { by: ['controller', 'webhook'], name: 'kubeskippy_build_info', type: 'gauge', unit: 'bool', labels: { program: ['controller', 'webhook'], version: { atMost: 2, of: 'versions that run' } }, help: 'Always 1; what runs.' },
} as const satisfies Record<string, (MetricDefinition | HistogramDefinition) & Told>

export const ALL_METRICS: readonly (MetricDefinition & Told)[] = Object.values(METRICS)
