/** What Prometheus Operator and Grafana take. */
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { Hole } from './holes.ts'
import { fromValue } from './values.ts'
import { meta, METRICS_COMPONENT, type Manifest } from './workloads.ts'

const VERSION = 'monitoring.coreos.com/v1'

/** Labels of ours, and those that the installation wants. */
const labelled = (name: string, component: string, path: string) => {
  const own = meta(name, component)
  const ours = Object.entries(own.labels).flatMap(([key, value]) => [`"${key}"`, `"${value}"`]).join(' ')
  return { ...own, labels: new Hole('block', `(merge (dict ${ours} "helm.sh/chart" (include "kubeskippy.chart" .) "app.kubernetes.io/managed-by" .Release.Service) $.Values.${path})`, own.labels) }
}

export const serviceMonitor: Manifest = {
  apiVersion: VERSION,
  kind: 'ServiceMonitor',
  metadata: labelled('kubeskippy', METRICS_COMPONENT, 'monitoring.serviceMonitor.labels'),
  spec: {
    selector: { matchLabels: { 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/component': METRICS_COMPONENT } },
    endpoints: [{ port: 'metrics', path: '/metrics', interval: fromValue('monitoring.serviceMonitor.interval') }],
  },
}

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly severity: 'critical' | 'warning'
  readonly summary: string
  readonly description: string
}

const OURS = `namespace="${OPERATOR_NAMESPACE}"`

export const ALERTS: readonly Alert[] = [
  { alert: 'KubeSkippyNobodyLeads', expr: `sum(kubeskippy_leader{${OURS}}) != 1 or absent(kubeskippy_leader{${OURS}})`, for: '2m', severity: 'critical', summary: 'No controller holds the lease, so nothing is healed.', description: 'Look at the pods and the log of kubeskippy-controller-manager, and at kubeskippy check.' },
  { alert: 'KubeSkippyEscalated', expr: `increase(kubeskippy_escalations_total{${OURS}}[10m]) > 0`, severity: 'warning', summary: 'No action helped an incident: a person has to look.', description: 'kubectl get hp -A shows which policy, kubeskippy explain what was tried.' },
  { alert: 'KubeSkippyDoesNotHelp', expr: `sum(increase(kubeskippy_healing_actions_total{${OURS},outcome="Ineffective"}[6h])) > 3 and sum(increase(kubeskippy_healing_actions_total{${OURS},outcome="Ineffective"}[6h])) > sum(increase(kubeskippy_healing_actions_total{${OURS},outcome="Effective"}[6h]))`, severity: 'warning', summary: 'More actions did not help than did.', description: 'A policy does not fit what is wrong: kubectl get ha -A shows which.' },
  { alert: 'KubeSkippyStateUnreadable', expr: `increase(kubeskippy_ledger_unreadable_total{${OURS}}[10m]) > 0`, severity: 'critical', summary: "A policy does not act, since KubeSkippy's own record of it cannot be read.", description: 'Somebody has changed a ledger or a status by hand, or a version went back: docs/guide/troubleshooting.md.' },
  { alert: 'KubeSkippyPolicyStopped', expr: `increase(kubeskippy_policy_acceptance_changes_total{${OURS},accepted="false"}[10m]) > 0`, severity: 'warning', summary: 'A policy that was accepted is not any more, and has stopped acting.', description: 'Its condition Accepted says why: kubectl get hp -A.' },
  { alert: 'KubeSkippyHealerMissing', expr: `increase(kubeskippy_policy_evaluations_total{${OURS},reason="HealerMissing"}[30m]) > 0`, for: '30m', severity: 'warning', summary: 'A policy wants to act in a namespace that has not consented.', description: 'kubeskippy enable -n NAMESPACE, or healers.namespaces of the chart.' },
]

export const prometheusRule: Manifest = {
  apiVersion: VERSION,
  kind: 'PrometheusRule',
  metadata: labelled('kubeskippy', 'alerts', 'monitoring.prometheusRule.labels'),
  spec: { groups: [{ name: 'kubeskippy', rules: ALERTS.map(({ severity, summary, description, ...rule }) => ({ ...rule, labels: { severity }, annotations: { summary, description } })) }] },
}

interface Panel {
  readonly title: string
  readonly expr: string
  readonly legend?: string
  readonly unit?: string
}

export const PANELS: readonly Panel[] = [
  { title: 'Actions by outcome, in an hour', expr: `sum by (outcome) (increase(kubeskippy_healing_actions_total{${OURS},dry_run="false"}[1h]))`, legend: '{{outcome}}' },
  { title: 'Actions by type, in an hour', expr: `sum by (action, dry_run) (increase(kubeskippy_healing_actions_total{${OURS}}[1h]))`, legend: '{{action}}, dry run {{dry_run}}' },
  { title: 'Why nothing was done, in an hour', expr: `sum by (reason) (increase(kubeskippy_refusals_total{${OURS}}[1h]))`, legend: '{{reason}}' },
  { title: 'Escalations, in an hour', expr: `sum(increase(kubeskippy_escalations_total{${OURS}}[1h]))` },
  { title: 'From the fault to the verified outcome, 95 of 100', expr: `histogram_quantile(0.95, sum by (le) (rate(kubeskippy_fault_to_verified_seconds_bucket{${OURS}}[1h])))`, unit: 's' },
  { title: 'From the fault to the act, 95 of 100', expr: `histogram_quantile(0.95, sum by (le) (rate(kubeskippy_fault_to_act_seconds_bucket{${OURS}}[1h])))`, unit: 's' },
  { title: 'Questions to sources of metrics', expr: `sum by (kind, outcome) (rate(kubeskippy_metric_reads_total{${OURS}}[5m]))`, legend: '{{kind}} {{outcome}}', unit: 'reqps' },
  { title: 'Who leads', expr: `kubeskippy_leader{${OURS}}`, legend: '{{pod}}' },
  { title: 'Reviews at the door', expr: `sum by (verdict) (rate(kubeskippy_admission_reviews_total{${OURS}}[5m]))`, legend: '{{verdict}}', unit: 'reqps' },
  { title: 'Rules that policies met, in an hour', expr: `sum by (rule, severity) (increase(kubeskippy_safety_validations_total{${OURS}}[1h]))`, legend: '{{rule}} {{severity}}' },
]

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

const dashboard = {
  uid: 'kubeskippy',
  title: 'KubeSkippy',
  tags: ['kubeskippy'],
  schemaVersion: 39,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }] },
  panels: PANELS.map(({ title, expr, legend = '', unit = 'short' }, index) => ({
    id: index + 1,
    type: 'timeseries',
    title,
    datasource: DATASOURCE,
    gridPos: { h: 8, w: 12, x: (index % 2) * 12, y: Math.floor(index / 2) * 8 },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: [{ refId: 'A', datasource: DATASOURCE, expr, legendFormat: legend }],
  })),
}

export const dashboards: Manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: labelled('kubeskippy-dashboards', 'dashboards', 'monitoring.dashboards.labels'),
  data: { 'kubeskippy.json': JSON.stringify(dashboard, null, 2) },
}
