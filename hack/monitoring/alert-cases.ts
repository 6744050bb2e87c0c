/** When each alert fires and when it does not, for `promtool test rules`. One sample a minute, from minute 0. */
import type { Alert } from './alerts.ts'

export interface AlertCase {
  readonly alert: Alert['name']
  /** A sentence, about the series. */
  readonly when: string
  /** In promtool's words: `1x30` is 1 and thirty more, `_` is none, `0+5x3` grows. */
  readonly series: Readonly<Record<string, string>>
  /** Minutes. */
  readonly at: number
  /** Labels beside the severity, and the summary; none: it does not fire. */
  readonly fires: readonly { readonly labels?: Readonly<Record<string, string>>; readonly summary: string }[]
}

const DAY = 24 * 3600
const READY = 'kubeskippy_ready{program="webhook",instance="a"}'
const OTHER_READY = 'kubeskippy_ready{program="webhook",instance="b"}'
const DOWN = [{ summary: 'No KubeSkippy webhook is ready' }]
const END = 'kubeskippy_certificate_expiry_timestamp_seconds{instance="a"}'
const bundle = (configuration: string): string => `kubeskippy_ca_bundle_in_sync{configuration="${configuration}",instance="a"}`
const breaker = (policy: string): string => `kubeskippy_breaker_state{policy_namespace="shop",policy="${policy}",instance="a"}`
const acts = (action: string, outcome: string): string => `kubeskippy_healing_actions_total{action="${action}",trigger_type="metric",phase="${outcome === 'Effective' ? 'Succeeded' : 'Failed'}",outcome="${outcome}",dry_run="false"}`
const storm = (scope: string): string => `kubeskippy_storm_gates_closed{scope="${scope}"}`
const WAIT = 'kubeskippy_approval_longest_wait_seconds'
const age = (reflector: string): string => `kubeskippy_reflector_age_seconds{reflector="${reflector}",instance="a"}`
const leader = (instance: string): string => `kubeskippy_leader{instance="${instance}"}`
const ofShard = (shard: number, instance: string): string => `kubeskippy_shard_leader{shard="${shard}",instance="${instance}"}`
const NO_LEADER = [{ summary: 'No KubeSkippy controller leads' }]
const LEDGER = 'kubeskippy_ledger_unreadable_total{instance="a"}'
const reads = (kind: string, outcome: string, source = kind === 'promql' ? 'main' : ''): string => `kubeskippy_metric_reads_total{kind="${kind}",source="${source}",outcome="${outcome}",instance="a"}`
const unanswered = (source: string) => ({ labels: { kind: 'promql', source }, summary: `No question of kind promql to the Prometheus ${source} has been answered for ten minutes` })
const objective = (policy: string): string => `kubeskippy_time_to_heal_objective_used{policy_namespace="shop",policy="${policy}",instance="a"}`
const escalated = (reason: string): string => `kubeskippy_escalated_incidents{reason="${reason}"}`
const policies = (accepted: string): string => `kubeskippy_healing_policies{mode="automatic",accepted="${accepted}"}`
const NOT_ACCEPTED = (count: number) => ({ summary: `A policy is not accepted, and does not act (${count} in all)` })
const evaluations = (reason: string): string => `kubeskippy_policy_evaluations_total{decision="Blocked",reason="${reason}"}`

export const ALERT_CASES: readonly AlertCase[] = [
  { alert: 'KubeSkippyWebhookDown', when: 'nothing is scraped', series: {}, at: 2, fires: DOWN },
  { alert: 'KubeSkippyWebhookDown', when: 'nothing has been scraped for less than two minutes', series: {}, at: 1, fires: [] },
  { alert: 'KubeSkippyWebhookDown', when: 'the only one is not ready', series: { [READY]: '1x3 0x10' }, at: 10, fires: DOWN },
  { alert: 'KubeSkippyWebhookDown', when: 'the only one is gone', series: { [READY]: '1x3 stale' }, at: 10, fires: DOWN },
  { alert: 'KubeSkippyWebhookDown', when: 'one of two is ready', series: { [READY]: '0x10', [OTHER_READY]: '1x10' }, at: 10, fires: [] },
  { alert: 'KubeSkippyWebhookDown', when: 'only a controller is ready', series: { 'kubeskippy_ready{program="controller"}': '1x10' }, at: 10, fires: DOWN },

  { alert: 'KubeSkippyCertificateExpiring', when: 'it ends in less than seven days', series: { [END]: `${6 * DAY}x30` }, at: 20, fires: [{ summary: 'The certificate of the KubeSkippy webhook ends within 5d 23h 40m 0s' }] },
  { alert: 'KubeSkippyCertificateExpiring', when: 'that of one of two replicas does', series: { [END]: `${90 * DAY}x30`, [END.replace('"a"', '"b"')]: `${DAY}x30` }, at: 20, fires: [{ summary: 'The certificate of the KubeSkippy webhook ends within 23h 40m 0s' }] },
  { alert: 'KubeSkippyCertificateExpiring', when: 'it ends in a little more than seven days', series: { [END]: `${7 * DAY + 3600}x30` }, at: 20, fires: [] },
  { alert: 'KubeSkippyCertificateExpiring', when: 'it was renewed meanwhile', series: { [END]: `${6 * DAY}x5 ${90 * DAY}x20` }, at: 20, fires: [] },

  { alert: 'KubeSkippyCABundleDrift', when: 'the validating one is not in sync', series: { [bundle('validating')]: '1x3 0x10', [bundle('mutating')]: '1x13' }, at: 10, fires: [{ labels: { configuration: 'validating' }, summary: 'The validating webhook configuration does not trust the KubeSkippy webhook' }] },
  { alert: 'KubeSkippyCABundleDrift', when: 'the mutating one is not in sync', series: { [bundle('validating')]: '1x13', [bundle('mutating')]: '0x13' }, at: 10, fires: [{ labels: { configuration: 'mutating' }, summary: 'The mutating webhook configuration does not trust the KubeSkippy webhook' }] },
  { alert: 'KubeSkippyCABundleDrift', when: 'both are', series: { [bundle('validating')]: '1x10', [bundle('mutating')]: '1x10' }, at: 10, fires: [] },
  { alert: 'KubeSkippyCABundleDrift', when: 'one was not for a minute, as in a rotation', series: { [bundle('validating')]: '1x3 0 1x10' }, at: 6, fires: [] },

  { alert: 'KubeSkippyBreakerOpen', when: 'that of one policy is open', series: { [breaker('cart')]: '0x3 2x10', [breaker('web')]: '0x13' }, at: 10, fires: [{ labels: { policy_namespace: 'shop', policy: 'cart' }, summary: 'Policy shop/cart has stopped healing: its breaker is open' }] },
  { alert: 'KubeSkippyBreakerOpen', when: 'it is half-open', series: { [breaker('cart')]: '2x3 1x10' }, at: 10, fires: [] },
  { alert: 'KubeSkippyBreakerOpen', when: 'all are closed', series: { [breaker('cart')]: '0x10' }, at: 10, fires: [] },

  { alert: 'KubeSkippyActionIneffective', when: 'the first one of its type did not help', series: { [acts('restart', 'Ineffective')]: '0x20 1x40', [acts('restart', 'Effective')]: '0x60' }, at: 40, fires: [{ labels: { action: 'restart' }, summary: 'More acts of type restart failed to help than helped within the last hour' }] },
  { alert: 'KubeSkippyActionIneffective', when: 'two helped and one did not', series: { [acts('restart', 'Ineffective')]: '0x20 1x40', [acts('restart', 'Effective')]: '0x20 2x40' }, at: 40, fires: [] },
  { alert: 'KubeSkippyActionIneffective', when: 'those of another type helped', series: { [acts('scale', 'Ineffective')]: '0x20 2x40', [acts('scale', 'Effective')]: '0x60', [acts('restart', 'Effective')]: '0x20 9x40', [acts('restart', 'Ineffective')]: '0x60' }, at: 40, fires: [{ labels: { action: 'scale' }, summary: 'More acts of type scale failed to help than helped within the last hour' }] },
  { alert: 'KubeSkippyActionIneffective', when: 'it was more than an hour ago', series: { [acts('restart', 'Ineffective')]: '0x20 1x140', [acts('restart', 'Effective')]: '0x160' }, at: 120, fires: [] },

  { alert: 'KubeSkippyStormGateClosed', when: 'that of the cluster is', series: { [storm('Cluster')]: '0x3 1x10', [storm('Policy')]: '0x13' }, at: 10, fires: [{ labels: { scope: 'Cluster' }, summary: 'KubeSkippy holds still: a storm gate is closed (Cluster)' }] },
  { alert: 'KubeSkippyStormGateClosed', when: 'those of two policies are', series: { [storm('Cluster')]: '0x13', [storm('Policy')]: '2x13' }, at: 10, fires: [{ labels: { scope: 'Policy' }, summary: 'KubeSkippy holds still: a storm gate is closed (Policy)' }] },
  { alert: 'KubeSkippyStormGateClosed', when: 'all are open', series: { [storm('Cluster')]: '1x3 0x10', [storm('Policy')]: '0x13' }, at: 10, fires: [] },

  { alert: 'KubeSkippyApprovalWaiting', when: 'one has waited for more than a quarter of an hour', series: { [WAIT]: '0+60x30' }, at: 16, fires: [{ summary: 'A HealingAction has waited for approval for 16m 0s' }] },
  { alert: 'KubeSkippyApprovalWaiting', when: 'one has waited for just a quarter of an hour', series: { [WAIT]: '0+60x30' }, at: 15, fires: [] },
  { alert: 'KubeSkippyApprovalWaiting', when: 'it was decided', series: { [WAIT]: '0+60x20 0x10' }, at: 25, fires: [] },

  { alert: 'KubeSkippyWatchStale', when: 'one has been silent for minutes', series: { [age('pods')]: '0+60x10', [age('healingpolicies')]: '30x10' }, at: 5, fires: [{ labels: { reflector: 'pods' }, summary: 'KubeSkippy has not heard of pods for 5m 0s' }] },
  { alert: 'KubeSkippyWatchStale', when: 'all were heard within the time of a bookmark', series: { [age('pods')]: '75x10', [age('healingpolicies')]: '30x10' }, at: 10, fires: [] },
  { alert: 'KubeSkippyWatchStale', when: 'one was silent and is heard again', series: { [age('pods')]: '0+60x5 1x10' }, at: 10, fires: [] },

  { alert: 'KubeSkippyNoLeader', when: 'nothing is scraped', series: {}, at: 1, fires: NO_LEADER },
  { alert: 'KubeSkippyNoLeader', when: 'there has been none for less than a minute', series: {}, at: 0, fires: [] },
  { alert: 'KubeSkippyNoLeader', when: 'two run and none leads', series: { [leader('a')]: '1x3 0x10', [leader('b')]: '0x13' }, at: 10, fires: NO_LEADER },
  { alert: 'KubeSkippyNoLeader', when: 'another one has taken over', series: { [leader('a')]: '1x3 stale', [leader('b')]: '0x3 1x10' }, at: 10, fires: [] },

  {
    alert: 'KubeSkippyShardWithoutLeader', when: 'one of two shards has none', at: 10,
    series: { [leader('a')]: '1x13', [leader('b')]: '0x13', [ofShard(0, 'a')]: '1x13', [ofShard(0, 'b')]: '0x13', [ofShard(1, 'a')]: '0x13', [ofShard(1, 'b')]: '1x3 0x10' },
    fires: [{ labels: { shard: '1' }, summary: 'No KubeSkippy controller leads for shard 1' }],
  },
  {
    alert: 'KubeSkippyShardWithoutLeader', when: 'another one has taken it over', at: 10,
    series: { [leader('a')]: '1x13', [ofShard(0, 'a')]: '1x13', [ofShard(1, 'a')]: '0x4 1x10', [ofShard(1, 'b')]: '1x3 stale' }, fires: [],
  },
  { alert: 'KubeSkippyShardWithoutLeader', when: 'no controller leads at all, of which another one tells', series: { [leader('a')]: '0x13', [ofShard(0, 'a')]: '0x13' }, at: 10, fires: [] },

  { alert: 'KubeSkippyLedgerUnreadable', when: 'it is met again and again', series: { [LEDGER]: '0x3 1+2x10' }, at: 10, fires: [{ summary: 'KubeSkippy cannot read its own durable state' }] },
  { alert: 'KubeSkippyLedgerUnreadable', when: 'it was mended', series: { [LEDGER]: '0x3 5x30' }, at: 30, fires: [] },
  { alert: 'KubeSkippyLedgerUnreadable', when: 'it has never been', series: { [LEDGER]: '0x10' }, at: 10, fires: [] },

  { alert: 'KubeSkippySourceDown', when: 'no question has been answered', series: { [reads('promql', 'NoData')]: '0+2x30', [reads('promql', 'Series')]: '40x30', [reads('podUsage', 'Series')]: '0+2x30', [reads('podUsage', 'NoData')]: '0x30' }, at: 20, fires: [unanswered('main')] },
  { alert: 'KubeSkippySourceDown', when: 'it has never answered', series: { [reads('promql', 'NoData')]: '0+2x30', [reads('promql', 'Series')]: '0x30' }, at: 20, fires: [unanswered('main')] },
  { alert: 'KubeSkippySourceDown', when: 'one of two Prometheus answers, and the other does not', series: { [reads('promql', 'NoData')]: '0x30', [reads('promql', 'Series')]: '0+2x30', [reads('promql', 'NoData', 'long')]: '0+2x30' }, at: 20, fires: [unanswered('long')] },
  { alert: 'KubeSkippySourceDown', when: 'metrics-server does not answer', series: { [reads('podUsage', 'NoData')]: '0+2x30', [reads('podUsage', 'Series')]: '0x30' }, at: 20, fires: [{ labels: { kind: 'podUsage' }, summary: 'No question of kind podUsage to the cluster has been answered for ten minutes' }] },
  { alert: 'KubeSkippySourceDown', when: 'one of two questions has no answer', series: { [reads('promql', 'NoData')]: '0+2x30', [reads('promql', 'Series')]: '0+2x30' }, at: 20, fires: [] },
  { alert: 'KubeSkippySourceDown', when: 'nothing is asked', series: { [reads('promql', 'NoData')]: '0x30', [reads('promql', 'Series')]: '0x30' }, at: 20, fires: [] },

  { alert: 'KubeSkippyLoopDetected', when: 'two incidents come back', series: { [escalated('Recurring')]: '0x3 2x10', [escalated('LadderExhausted')]: '0x13' }, at: 10, fires: [{ summary: 'What was healed three times within a day is broken again (2 incidents)' }] },
  { alert: 'KubeSkippyLoopDetected', when: 'one is escalated since nothing helped', series: { [escalated('Recurring')]: '0x13', [escalated('LadderExhausted')]: '1x13' }, at: 10, fires: [] },

  { alert: 'KubeSkippyEscalated', when: 'nothing helped one', series: { [escalated('LadderExhausted')]: '0x3 1x10', [escalated('Rejected')]: '0x13' }, at: 10, fires: [{ labels: { reason: 'LadderExhausted' }, summary: 'No action helped, and a person has to look: 1 incidents (LadderExhausted)' }] },
  { alert: 'KubeSkippyEscalated', when: 'one comes back, for which there is another alert', series: { [escalated('LadderExhausted')]: '1x3 0x10', [escalated('Recurring')]: '1x13' }, at: 10, fires: [] },

  { alert: 'KubeSkippyTimeToHealMissed', when: 'an incident is open for longer than that', series: { [objective('cart')]: '0+0.25x8', [objective('web')]: '0x8' }, at: 6, fires: [{ labels: { policy_namespace: 'shop', policy: 'cart' }, summary: 'Policy shop/cart heals too slowly: 150% of its timeToHeal' }] },
  { alert: 'KubeSkippyTimeToHealMissed', when: 'it took just as long', series: { [objective('cart')]: '0+0.25x4 1x10' }, at: 8, fires: [] },
  { alert: 'KubeSkippyTimeToHealMissed', when: 'one that was missed is an hour ago', series: { [objective('cart')]: '2x60 0x10' }, at: 65, fires: [] },

  { alert: 'KubeSkippyPolicyStopped', when: 'one is, as long as it is', series: { [policies('False')]: '0x5 1x80', [policies('True')]: '3x85' }, at: 60, fires: [NOT_ACCEPTED(1)] },
  { alert: 'KubeSkippyPolicyStopped', when: 'two are, by a controller that has just begun', series: { [policies('False')]: '_x5 2x60', [policies('True')]: '_x5 1x60' }, at: 8, fires: [NOT_ACCEPTED(2)] },
  { alert: 'KubeSkippyPolicyStopped', when: 'it has been so for less than two minutes', series: { [policies('False')]: '0x5 1x80' }, at: 7, fires: [] },
  { alert: 'KubeSkippyPolicyStopped', when: 'one is accepted again', series: { [policies('False')]: '1x5 0x20', [policies('True')]: '0x5 1x20' }, at: 8, fires: [] },
  { alert: 'KubeSkippyPolicyStopped', when: 'one is not judged yet', series: { [policies('Unknown')]: '1x20' }, at: 8, fires: [] },

  { alert: 'KubeSkippyHealerMissing', when: 'a policy is kept from acting for longer than half an hour', series: { [evaluations('HealerMissing')]: '0+2x90' }, at: 40, fires: [{ summary: 'A policy wants to act in a namespace that has not consented' }] },
  { alert: 'KubeSkippyHealerMissing', when: 'it has been so for less than half an hour', series: { [evaluations('HealerMissing')]: '0+2x90' }, at: 29, fires: [] },
  { alert: 'KubeSkippyHealerMissing', when: 'it is something else that keeps them', series: { [evaluations('Protected')]: '0+2x90' }, at: 40, fires: [] },
]
