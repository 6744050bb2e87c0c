/** All that is installed, file by file, in the chart and in `config/`. */
import { CONTROLLER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { GROUP, VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import { emitCrd } from '../../shared/schema/emit-crd.ts'
import { controllerRbac, kubeletRbac, metricsApisRbac, namespaceAdminRbac, peopleRbac, type PolicyRule } from '../../controller/permissions.ts'
import { admissionPoliciesFor } from '../../webhook/admission-policies.ts'
import { PROTECTED_VARIABLE } from '../../webhook/policy-admission.ts'
import { isToKeepCertificates, webhookConfigurations, webhookRbac } from '../../webhook/manifests.ts'
import { authority, CERT_MANAGER, certificate, injection, OWN_CERTIFICATES, OWN_ISSUER } from './certificates.ts'
import { CONSTRAINED, healers, legacyImpersonation, recommended } from './healers.ts'
import { Hole, Items } from './holes.ts'
import { dashboards, prometheusRule, serviceMonitor } from './monitoring.ts'
import { networkPolicy } from './network.ts'
import { configMap } from './configuration.ts'
import { type Manifest } from './manifest.ts'
import { ALERTS_WANTED, alertsService, criticalQuota, deployment, disruptionBudget, metricsService, webhookService } from './workloads.ts'

export interface Part {
  /** File below `chart/templates`. */
  readonly name: string
  readonly objects: readonly unknown[]
  /** Condition of a template; absent: always. */
  readonly when?: string
  /** For each of this list, as `$namespace`. */
  readonly each?: string
  /** File of `config/` that holds the same; absent: only the chart has it. */
  readonly base?: string
}

/** Impersonation by rules that Kubernetes has known since 1.36: before it they grant nothing, and the older verb stands in Roles. */
const byVersion = (manifest: Manifest): unknown => {
  const { kind, metadata, rules } = manifest as Manifest & { readonly rules?: readonly PolicyRule[] }
  if (kind !== 'ClusterRole' || metadata['name'] !== CONTROLLER_ACCOUNT || rules === undefined) return manifest
  return { ...manifest, rules: rules.map((rule) => (rule.verbs.some((verb) => verb.startsWith('impersonate')) ? new Items(CONSTRAINED, 'holds', [rule]) : rule)) }
}

const METRICS_APIS = ['$.Values.rbac.metricsApis.custom', '$.Values.rbac.metricsApis.external'] as const
const metricsApis: Manifest = { ...metricsApisRbac, rules: metricsApisRbac.rules.map((rule, index) => new Items(METRICS_APIS[index] ?? '', 'fails', [{ ...rule, resources: new Hole('block', METRICS_APIS[index] ?? '') }])) }

/** Helm's namespace is made by whoever installs: it holds the release. */
const accounts = controllerRbac.filter(({ kind }) => kind !== 'Namespace')

const aggregated = (manifest: Manifest): unknown => {
  const { labels } = manifest.metadata
  if (!isObject(labels)) return manifest
  const entries = Object.entries(labels).map(([key, value]) => [key, key.startsWith('rbac.authorization.k8s.io/aggregate-to-') ? new Hole('scalar', '$.Values.rbac.aggregateToDefaultRoles | quote', value) : value])
  return { ...manifest, metadata: { ...manifest.metadata, labels: Object.fromEntries(entries) as Record<string, unknown> } }
}

/** Where cert-manager keeps the certificate the webhook writes nothing. */
const byCertificates = (manifest: Manifest): unknown => {
  const { rules } = manifest as Manifest & { readonly rules?: readonly PolicyRule[] }
  if (rules === undefined) return manifest
  return {
    ...manifest,
    rules: rules.map((rule) => {
      const [kept = [], own = []] = [false, true].map((wanted) => rule.verbs.filter((verb) => rule.resources.every((resource) => isToKeepCertificates(resource, verb)) === wanted))
      if (own.length === 0) return rule
      return kept.length === 0 ? new Items(OWN_CERTIFICATES, 'holds', [rule]) : { ...rule, verbs: [...kept, new Items(OWN_CERTIFICATES, 'holds', own)] }
    }),
  }
}

/** JSON is CEL here: the names have nothing that either would escape. */
const installationProtects = new Hole('scalar', 'toJson (default list $.Values.config.protectedNamespaces) | quote', PROTECTED_VARIABLE.expression)

const injected = (manifest: Manifest): unknown => ({ ...manifest, metadata: { ...manifest.metadata, annotations: injection } })

export const PARTS: readonly Part[] = [
  // In the order in which kinds depend on each other; Helm and kubectl have theirs.
  { name: 'crds.yaml', objects: resources.map((resource) => emitCrd(resource, { group: GROUP, version: VERSION })), when: '.Values.crds.install', base: 'crd' },
  { name: 'rbac-controller.yaml', objects: accounts.map(byVersion), base: 'rbac' },
  { name: 'rbac-webhook.yaml', objects: webhookRbac.map(byCertificates), base: 'rbac' },
  { name: 'rbac-people.yaml', objects: [...namespaceAdminRbac, ...peopleRbac].map(aggregated), base: 'rbac' },
  { name: 'rbac-kubelets.yaml', objects: kubeletRbac, when: '.Values.config.metrics.kubelet.enabled' },
  { name: 'rbac-metrics-apis.yaml', objects: [metricsApis], when: `or ${METRICS_APIS.join(' ')}` },
  { name: 'quota.yaml', objects: [criticalQuota], base: 'config/manager/quota.yaml' },
  { name: 'config.yaml', objects: [configMap], base: 'config/manager/config.yaml' },
  { name: 'controller.yaml', objects: [deployment('controller'), disruptionBudget('controller')], base: 'config/manager/controller.yaml' },
  { name: 'webhook.yaml', objects: [deployment('webhook'), disruptionBudget('webhook'), webhookService], base: 'config/manager/webhook.yaml' },
  { name: 'metrics.yaml', objects: [metricsService], base: 'config/manager/metrics.yaml' },
  { name: 'alerts.yaml', objects: [alertsService], when: ALERTS_WANTED },
  { name: 'network-policies.yaml', objects: [networkPolicy('controller'), networkPolicy('webhook')], when: '.Values.networkPolicy.enabled', base: 'config/manager/network-policies.yaml' },
  { name: 'admission-policies.yaml', objects: admissionPoliciesFor(installationProtects), base: 'webhook' },
  { name: 'webhook-configurations.yaml', objects: webhookConfigurations({ kind: 'service' }).map(injected), base: 'webhook' },
  { name: 'cert-manager-authority.yaml', objects: authority, when: OWN_ISSUER },
  { name: 'cert-manager.yaml', objects: [certificate], when: CERT_MANAGER },
  { name: 'service-monitor.yaml', objects: [serviceMonitor], when: '.Values.monitoring.serviceMonitor.enabled' },
  { name: 'prometheus-rule.yaml', objects: [prometheusRule], when: '.Values.monitoring.prometheusRule.enabled' },
  { name: 'dashboards.yaml', objects: [dashboards], when: '.Values.monitoring.dashboards.enabled' },
  { name: 'healers.yaml', objects: healers, each: '.Values.healers.namespaces' },
  { name: 'healers-before-1.36.yaml', objects: legacyImpersonation, when: `not (${CONSTRAINED})`, each: '.Values.healers.namespaces' },
  { name: 'recommended-policies.yaml', objects: recommended, when: 'and .Values.policies.recommended.enabled (.Capabilities.APIVersions.Has "kubeskippy.io/v1alpha1/HealingPolicy")', each: '.Values.healers.namespaces' },
]
