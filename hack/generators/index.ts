/** What is generated. A new generated file is one line here. */
import { configurationReference } from './configuration.ts'
import { crds } from './crd.ts'
import type { GeneratedFile } from './generator.ts'
import { controllerRbacFile, kubeletRbacFile, namespaceAdminRbacFile } from './rbac.ts'
import { metricReference } from './metrics.ts'
import { reference } from './reference.ts'
import { ruleReference } from './rules.ts'
import { webhookFiles } from './webhook.ts'

export const generatedFiles: readonly GeneratedFile[] = [
  ...crds,
  controllerRbacFile,
  kubeletRbacFile,
  namespaceAdminRbacFile,
  ...reference,
  ruleReference,
  configurationReference,
  metricReference,
  ...webhookFiles,
]

/** Folders in which nothing is written by hand: a file there that no line above makes is stale. */
export const generatedFolders: readonly string[] = ['config/crd/bases', 'config/rbac', 'config/webhook', 'docs/reference']
