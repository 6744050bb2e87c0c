/**
 * Complete, valid objects with overrides: a test names what it is about and nothing else. Members of an override
 * replace the built ones whole, except `metadata` and the direct members of `spec`.
 */
import { API_VERSION } from '../../api/v1alpha1/fields.ts'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import type { ActionTemplate, HealingAction, HealingActionSpec, HealingLedger, HealingLedgerSpec, HealingPolicy, HealingPolicySpec, ObjectReference, Trigger } from '../../api/v1alpha1/types.ts'
import type { ObjectMeta } from '../../lib/object.ts'
import { applyDefaults } from '../../schema/defaults.ts'

/** When everything here was made. */
export const CREATED = '2030-01-01T00:00:00Z'
export const POLICY_NAMESPACE = 'shop'
export const OPERATOR_NAMESPACE = 'kubeskippy-system'

interface Overrides<Spec> {
  readonly metadata?: Partial<ObjectMeta>
  readonly spec?: Partial<Spec>
}

const metadata = (name: string, namespace: string, overrides: Partial<ObjectMeta> = {}): ObjectMeta => ({
  name,
  namespace,
  uid: `uid-${overrides.name ?? name}`,
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: CREATED,
  ...overrides,
})

/** Fires on CrashLoopBackOff held for a minute. */
export const buildTrigger = (overrides: Partial<Trigger> = {}): Trigger => ({
  name: 'crashing',
  type: 'condition',
  cooldownPeriod: '5m',
  conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '1m' },
  ...overrides,
})

/** Restarts the pod. */
export const buildActionTemplate = (overrides: Partial<ActionTemplate> = {}): ActionTemplate => ({
  name: 'restart',
  type: 'restart',
  priority: 50,
  restartAction: { strategy: 'rolling' },
  ...overrides,
})

/** Automatic over the pods `app=cart` of namespace shop; constants defaulted as by the API server. */
export function buildPolicy({ metadata: meta, spec, status }: Overrides<HealingPolicySpec> & Pick<HealingPolicy, 'status'> = {}): HealingPolicy {
  const authored = {
    mode: 'automatic',
    selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'v1', kind: 'Pod' }] },
    triggers: [buildTrigger()],
    actions: [buildActionTemplate()],
    // Tests are seldom about the storm gate, and break more than it would let pass.
    safetyRules: { maxUnhealthy: '1000' },
    ...spec,
  }
  return {
    apiVersion: API_VERSION,
    kind: 'HealingPolicy',
    metadata: metadata('cart', POLICY_NAMESPACE, meta),
    spec: applyDefaults(healingPolicy.spec, authored) as HealingPolicySpec,
    ...(status !== undefined && { status }),
  }
}

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: POLICY_NAMESPACE, name: 'cart', uid: 'uid-deployment-cart' } as const satisfies ObjectReference

/** The decision to restart pod cart-0 of Deployment cart. */
export function buildHealingAction({ metadata: meta, spec, status }: Overrides<HealingActionSpec> & Pick<HealingAction, 'status'> = {}): HealingAction {
  return {
    apiVersion: API_VERSION,
    kind: 'HealingAction',
    metadata: metadata('cart-restart-aaaaaaaaaaaaaaaa', POLICY_NAMESPACE, meta),
    spec: {
      policyRef: { name: 'cart', namespace: POLICY_NAMESPACE, uid: 'uid-cart', generation: 1 },
      incident: { id: 'crashing-aaaaaaaaaaaaaaaa', ordinal: 0, rung: 0, subject: deployment },
      targetResource: { apiVersion: 'v1', kind: 'Pod', namespace: POLICY_NAMESPACE, name: 'cart-0', uid: 'uid-cart-0' },
      trigger: { name: 'crashing', since: CREATED, evidence: 'container app has restarted 5 times' },
      action: buildActionTemplate(),
      dryRun: false,
      timeout: '10m',
      ...spec,
    },
    ...(status !== undefined && { status }),
  }
}

/** The empty ledger of policy shop/cart. */
export const buildLedger = ({ metadata: meta, spec }: Overrides<HealingLedgerSpec> = {}): HealingLedger & { readonly spec: HealingLedgerSpec } => ({
  apiVersion: API_VERSION,
  kind: 'HealingLedger',
  metadata: metadata('shop-cart', OPERATOR_NAMESPACE, meta),
  spec: {
    policy: { namespace: POLICY_NAMESPACE, name: 'cart' },
    nextOrdinal: 0,
    entries: [],
    breaker: { state: 'Closed', failures: 0, recent: [], openings: 0 },
    incidents: [],
    outcomes: { effective: 0, ineffective: 0, inconclusive: 0, failed: 0 },
    ...spec,
  },
})
