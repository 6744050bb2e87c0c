import { admissionPolicies } from '../../webhook/admission-policies.ts'
import { webhookConfigurations, webhookRbac } from '../../webhook/manifests.ts'
import { yamlFile, type GeneratedFile } from './generator.ts'

/** Webhook configurations, admission policies, and the rights of the door. */
export const webhookFiles: readonly GeneratedFile[] = [
  yamlFile('config/webhook/manifests.yaml', () => webhookConfigurations({ kind: 'service' })),
  yamlFile('config/webhook/admission-policies.yaml', () => admissionPolicies),
  yamlFile('config/rbac/webhook.yaml', () => webhookRbac),
]
