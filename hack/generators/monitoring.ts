import { alertRules } from '../monitoring/alerts.ts'
import { yamlFile, type GeneratedFile } from './generator.ts'

/** Rules for Prometheus; what is under `groups` is also what a PrometheusRule has. */
export const alertFile: GeneratedFile = yamlFile('config/monitoring/alerts.yaml', () => [alertRules()])
