/** What Prometheus Operator and Grafana take. */
import { alertRules, runbookOf } from '../monitoring/alerts.ts'
import { DASHBOARDS, grafana } from '../monitoring/dashboards.ts'
import { Hole } from './holes.ts'
import { fromValue } from './values.ts'
import { meta, type Manifest } from './manifest.ts'
import { METRICS_COMPONENT } from './workloads.ts'

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

export const prometheusRule: Manifest = {
  apiVersion: VERSION,
  kind: 'PrometheusRule',
  metadata: labelled('kubeskippy', 'alerts', 'monitoring.prometheusRule.labels'),
  spec: alertRules((alert) => new Hole('scalar', `printf "%s/${alert.name}.md" (trimSuffix "/" $.Values.monitoring.prometheusRule.runbookUrl) | quote`, runbookOf(alert))),
}

export const dashboards: Manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: labelled('kubeskippy-dashboards', 'dashboards', 'monitoring.dashboards.labels'),
  data: Object.fromEntries(DASHBOARDS.map((dashboard) => [`kubeskippy-${dashboard.name}.json`, JSON.stringify(grafana(dashboard), null, 2)])),
}
