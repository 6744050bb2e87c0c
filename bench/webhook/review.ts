/** What is sent: a policy that acts, with three triggers, two rungs and limits, as API servers send it after `kubectl apply`: all defaults are in it by then. */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { normalised } from '../../shared/rules/judge.ts'

export const policy = (name: string, namespace: string) => ({
  apiVersion: API_VERSION,
  kind: healingPolicy.kind,
  metadata: { name, namespace, labels: { 'app.kubernetes.io/name': 'cart', 'app.kubernetes.io/part-of': 'shop', team: 'checkout' }, annotations: { 'example.com/owner': 'checkout@example.com' } },
  spec: {
    mode: 'automatic',
    selector: {
      labelSelector: { matchLabels: { app: name }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['backend', 'worker'] }, { key: 'canary', operator: 'DoesNotExist' }] },
      resources: [{ apiVersion: 'v1', kind: 'Pod', excludeNames: [`${name}-canary`] }],
    },
    triggers: [
      { name: 'crash-loop', type: 'condition', cooldownPeriod: '15m', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m' } },
      { name: 'stale', type: 'metric', cooldownPeriod: '15m', metricTrigger: { query: 'max by (namespace, pod) (rate(lock_waits_total{job="cart", code=~"5.."}[5m]))', operator: '>=', threshold: 90.5, duration: '2m' } },
      { name: 'unhealthy', type: 'event', cooldownPeriod: '15m', eventTrigger: { reason: 'Unhealthy', type: 'Warning', count: 20, window: '10m', messagePattern: 'Liveness probe failed: .*(timeout|refused)' } },
    ],
    actions: [
      { name: 'patient', type: 'restart', priority: 10, target: 'Pod', restartAction: { gracePeriodSeconds: 120 } },
      { name: 'short', type: 'restart', priority: 20, target: 'Pod', triggers: ['crash-loop'], restartAction: { gracePeriodSeconds: 5 } },
    ],
    safetyRules: { maxActionsPerHour: 4, maxConcurrent: 1, maxUnhealthy: '30%', healthCheckTimeout: '5m', stabilizationWindow: '15m', circuitBreaker: { failureThreshold: 3, openDuration: '1h' } },
  },
})

/** The load generator writes a uid of its own in its place. */
const UID = '@UID@'

export function review(): string {
  const object = policy('cart', 'shop')
  const { metadata, ...rest } = object
  const applied = JSON.stringify(object)
  const stored = normalised({
    ...rest,
    metadata: {
      ...metadata,
      uid: '7a5f3f1e-3b5c-4d57-9c39-0a3d0a4f8b11',
      creationTimestamp: '2026-01-02T03:04:05Z',
      generation: 1,
      annotations: { ...metadata.annotations, 'kubectl.kubernetes.io/last-applied-configuration': applied },
      managedFields: [{ manager: 'kubectl-client-side-apply', operation: 'Update', apiVersion: API_VERSION, time: '2026-01-02T03:04:05Z', fieldsType: 'FieldsV1', fieldsV1: fieldsOf(rest.spec) }],
    },
  })
  if (stored === undefined) throw new Error('the policy has not the shape of one')
  const resource = { group: 'kubeskippy.io', version: 'v1alpha1', resource: healingPolicy.plural }
  const kind = { group: 'kubeskippy.io', version: 'v1alpha1', kind: healingPolicy.kind }
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: UID,
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: metadata.name,
      namespace: metadata.namespace,
      operation: 'CREATE',
      userInfo: { username: 'checkout-deployer', uid: 'c0ffee', groups: ['checkout', 'system:authenticated'], extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=0123456789abcdef'] } },
      object: stored,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'kubectl-client-side-apply', fieldValidation: 'Strict' },
    },
  })
}

/** The tree that server-side apply keeps of who wrote what. */
function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [`f:${key}`, fieldsOf(member)]))
}
