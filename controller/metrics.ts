/** The controller's metrics that are counted as things happen. */
import { METRICS } from '../shared/runtime/metric-table.ts'
import type { Metrics } from '../shared/runtime/metrics.ts'
import type { Leadership } from './ports/leadership.ts'

export function declareControllerMetrics(metrics: Metrics) {
  const declared = {
    evaluations: metrics.counter(METRICS.evaluations),
    acceptance: metrics.counter(METRICS.acceptance),
    actions: metrics.counter(METRICS.actions),
    decided: metrics.histogram(METRICS.decided),
    acted: metrics.histogram(METRICS.acted),
    verified: metrics.histogram(METRICS.verified),
    recurrences: metrics.counter(METRICS.recurrences),
    refusals: metrics.counter(METRICS.refusals),
    escalations: metrics.counter(METRICS.escalations),
    historyDeleted: metrics.counter(METRICS.historyDeleted),
    metricReads: metrics.counter(METRICS.metricReads),
    ledgerUnreadable: metrics.counter(METRICS.ledgerUnreadable),
  }
  // What begins at one never grows for whoever asks by increase(): what is alerted on begins at zero.
  for (const action of METRICS.actions.labels.action)
    for (const trigger_type of METRICS.actions.labels.trigger_type) {
      declared.actions.inc({ action, trigger_type, phase: 'Succeeded', outcome: 'Effective', dry_run: 'false' }, 0)
      declared.actions.inc({ action, trigger_type, phase: 'Failed', outcome: 'Ineffective', dry_run: 'false' }, 0)
    }
  for (const accepted of METRICS.acceptance.labels.accepted) declared.acceptance.inc({ accepted }, 0)
  for (const reason of METRICS.escalations.labels.reason) declared.escalations.inc({ reason }, 0)
  for (const why of METRICS.historyDeleted.labels.why) declared.historyDeleted.inc({ why }, 0)
  for (const kind of METRICS.metricReads.labels.kind) for (const outcome of METRICS.metricReads.labels.outcome) declared.metricReads.inc({ kind, source: '', outcome }, 0)
  return declared
}

export type ControllerMetrics = ReturnType<typeof declareControllerMetrics>

/** Whether it leads at all, and for which shards. */
export function declareLeadershipMetrics(metrics: Metrics, { shards }: Leadership): void {
  metrics.sampled(METRICS.leader, () => [{ labels: {}, value: Number(shards.some(({ leading }) => leading)) }])
  metrics.sampled(METRICS.shardLeader, () => shards.map(({ leading }, shard) => ({ labels: { shard: String(shard) }, value: Number(leading) })))
}

/** Of the receiver, which is off by default. */
export function declareAlertMetrics(metrics: Metrics) {
  const received = metrics.counter(METRICS.alertsReceived)
  for (const result of METRICS.alertsReceived.labels.result) received.inc({ result }, 0)
  return received
}
