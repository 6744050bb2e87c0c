/** Values that the chart is rendered with. */
import type { RenderOptions } from './helm.ts'

/** All that is behind flags. */
export const ALL = {
  certificates: { certManager: { enabled: true } },
  monitoring: { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true }, dashboards: { enabled: true } },
  healers: { namespaces: ['shop', 'bank'] },
  policies: { recommended: { enabled: true } },
  rbac: { metricsApis: { custom: ['pods/queue_length'], external: ['*'] } },
  config: { alerts: { bindAddress: ':9093', tokenFile: '/token/alerts' }, metrics: { kubelet: { enabled: true } } },
} as const

const PLACED = {
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'Exists' }] }] } } },
  podAnnotations: { team: 'platform' },
  extraVolumes: [{ name: 'token', secret: { secretName: 'prometheus' } }],
  extraVolumeMounts: [{ name: 'token', mountPath: '/token', readOnly: true }],
}

export interface Combination extends RenderOptions {
  readonly name: string
}

export const MATRIX: readonly Combination[] = [
  { name: 'as it is' },
  { name: 'all that is behind flags', values: ALL, upgrade: true },
  { name: 'before constrained impersonation', values: ALL, kubeVersion: '1.30.4' },
  { name: 'one replica of each, and nothing around', values: { controller: { replicas: 1 }, webhook: { replicas: 1 }, networkPolicy: { enabled: false }, crds: { install: false }, rbac: { aggregateToDefaultRoles: false } } },
  { name: 'placed, with volumes', values: { controller: PLACED, webhook: PLACED, imagePullSecrets: [{ name: 'pull' }], image: { digest: `sha256:${'a'.repeat(64)}` } } },
  { name: 'other ports, limited metrics', values: { networkPolicy: { metricsFrom: [{ namespaceSelector: { matchLabels: { team: 'monitoring' } } }] }, config: { metricsBindAddress: ':18080', healthProbeBindAddress: ':18081', webhook: { bindAddress: ':19443' }, prometheus: { sources: [{ name: 'main', url: 'http://prometheus:9090' }] } } } },
  { name: 'rendered for an older API server, by name', values: { rbac: { impersonation: 'legacy' }, healers: { namespaces: ['shop'] } } },
  { name: 'an issuer that is there already', values: { certificates: { certManager: { enabled: true, issuerRef: { kind: 'ClusterIssuer', name: 'own' } } } } },
]
