/** What is generated. A new generated file is one line here. */
import { addressReference } from './addresses.ts'
import { attemptReference } from './attempts.ts'
import { chartFiles, CHART_FOLDER } from './chart.ts'
import { configurationReference } from './configuration.ts'
import { crds } from './crd.ts'
import type { GeneratedFile } from './generator.ts'
import { kustomizeFiles } from './kustomize.ts'
import { controllerRbacFile, kubeletRbacFile, metricsApisRbacFile, namespaceAdminRbacFile, peopleRbacFile } from './rbac.ts'
import { metricReference } from './metrics.ts'
import { monitoringFiles } from './monitoring.ts'
import { performanceReference } from './performance.ts'
import { placeReference } from './places.ts'
import { proofReference } from './proof.ts'
import { reference } from './reference.ts'
import { ruleReference } from './rules.ts'
import { webhookFiles } from './webhook.ts'

export const generatedFiles: readonly GeneratedFile[] = [
  ...crds,
  controllerRbacFile,
  kubeletRbacFile,
  metricsApisRbacFile,
  namespaceAdminRbacFile,
  peopleRbacFile,
  ...reference,
  ruleReference,
  configurationReference,
  metricReference,
  attemptReference,
  addressReference,
  placeReference,
  proofReference,
  performanceReference,
  ...monitoringFiles,
  ...webhookFiles,
  ...kustomizeFiles,
  ...chartFiles,
]

/** Folders in which nothing is written by hand: a file there that no line above makes is stale. */
export const generatedFolders: readonly string[] = ['config/crd/bases', 'config/rbac', 'config/manager', 'config/webhook', 'config/monitoring', CHART_FOLDER, 'docs/reference']
