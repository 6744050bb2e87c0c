import { alertRules } from '../monitoring/alerts.ts'
import { DASHBOARDS, grafana } from '../monitoring/dashboards.ts'
import { HEADER, yamlFile, type GeneratedFile } from './generator.ts'

export const monitoringFiles: readonly GeneratedFile[] = [
  // Rules for Prometheus; what is under `groups` is also what a PrometheusRule has.
  yamlFile('config/monitoring/alerts.yaml', () => [alertRules()]),
  ...DASHBOARDS.map((dashboard) => ({ path: `config/monitoring/dashboards/${dashboard.name}.json`, produce: () => `${JSON.stringify({ description: HEADER, ...grafana(dashboard) }, undefined, 2)}\n` })),
]
