/** Whose certificates they are: what leads to the door, and by which names. */
import type { WebhookTarget } from '../certs/ca-bundle.ts'
import type { LeafNames } from '../certs/issue.ts'
import {
  DECISION_MUTATING_WEBHOOK,
  DECISION_VALIDATING_WEBHOOK,
  MUTATING_CONFIGURATION,
  MUTATING_WEBHOOK,
  VALIDATING_CONFIGURATION,
  VALIDATING_WEBHOOK,
  WEBHOOK_SERVICE,
} from '../shared/api/v1alpha1/names.ts'
import { MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS } from '../shared/kube/resources.ts'

/** The configurations that lead to the door, and our webhooks in them. */
export const TARGETS: readonly WebhookTarget[] = [
  { resource: VALIDATING_WEBHOOKS, name: VALIDATING_CONFIGURATION, webhooks: [VALIDATING_WEBHOOK, DECISION_VALIDATING_WEBHOOK] },
  { resource: MUTATING_WEBHOOKS, name: MUTATING_CONFIGURATION, webhooks: [MUTATING_WEBHOOK, DECISION_MUTATING_WEBHOOK], optional: true },
]

/** Names by which the API server, a developer and a port-forward reach the door. */
export const servedNames = (namespace: string): LeafNames => ({
  dns: [...['', '.svc', '.svc.cluster.local'].map((suffix) => `${WEBHOOK_SERVICE}.${namespace}${suffix}`), WEBHOOK_SERVICE, 'localhost'],
  ips: ['127.0.0.1'],
})
