/** Reads what an explanation is made of. Only gets and lists. */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { KILL_SWITCH, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction, HealingLedger, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject, KubeReader } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { CONFIG_MAPS, CORE_EVENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES } from '../../shared/kube/resources.ts'
import type { Instant } from '../../shared/lib/time.ts'
import { compileResource, type SchemaCheck } from '../../shared/schema/validate.ts'
import { policySlot, problemOf } from '../../controller/adapters/ledger-slots.ts'
import { pauseReason } from '../../controller/healing/pause.ts'
import { listAll } from '../reading.ts'
import { inOrder, type ActionStory, type EventObject, type PolicyStory } from './story.ts'

type Api = Pick<KubeReader, 'get' | 'list' | 'serverTime'>

const checks = { policy: compileResource(healingPolicy, API_VERSION), action: compileResource(healingAction, API_VERSION) }

export async function gatherPolicy(api: Api, policy: HealingPolicy, own: Instant): Promise<PolicyStory> {
  const { namespace = '', name } = policy.metadata
  const slot = policySlot({ namespace, name })
  const [all, events, killSwitch, place, stored] = await Promise.all([
    optional(() => listAll<HealingAction>(api, HEALING_ACTIONS, { namespace }), []),
    eventsOf(api, policy),
    optional(() => api.get(CONFIG_MAPS, { namespace: OPERATOR_NAMESPACE, name: KILL_SWITCH }), undefined),
    optional(() => api.get(NAMESPACES, { name: namespace }), undefined),
    optional(() => api.get<HealingLedger>(HEALING_LEDGERS, { namespace: OPERATOR_NAMESPACE, name: slot.name }), undefined),
  ])
  return {
    kind: 'policy',
    now: api.serverTime() ?? own,
    policy,
    problems: problemsOf(checks.policy, policy),
    actions: inOrder(all.filter((action) => problemsOf(checks.action, action).length === 0 && action.spec.policyRef.name === name && action.spec.policyRef.namespace === namespace)),
    events,
    stops: { killSwitch: killSwitch !== undefined, policyPaused: pauseReason(policy.metadata), namespacePaused: place === undefined ? undefined : pauseReason(place.metadata) },
    // One that cannot be read is in the policy's own status.
    ledger: stored === undefined || problemOf(stored) !== undefined ? undefined : slot.unwrap(stored.spec),
  }
}

export async function gatherAction(api: Api, action: HealingAction, own: Instant): Promise<ActionStory> {
  const { namespace = '' } = action.metadata
  const problems = problemsOf(checks.action, action)
  const { policyRef, incident } = action.spec ?? {}
  const [policy, all, events] = await Promise.all([
    problems.length > 0 ? undefined : optional(() => api.get<HealingPolicy>(HEALING_POLICIES, { namespace: policyRef.namespace, name: policyRef.name }), undefined),
    problems.length > 0 ? [] : optional(() => listAll<HealingAction>(api, HEALING_ACTIONS, { namespace }), []),
    eventsOf(api, action),
  ])
  return {
    kind: 'action',
    now: api.serverTime() ?? own,
    action,
    problems,
    policy: policy !== undefined && problemsOf(checks.policy, policy).length === 0 ? policy : undefined,
    incident: inOrder(all.filter((other) => problemsOf(checks.action, other).length === 0 && other.spec.incident.id === incident.id)),
    events,
  }
}

const problemsOf = (check: SchemaCheck, object: unknown): string[] => check(object).map(({ path, message }) => `${path}: ${message}`)

const eventsOf = (api: Api, { metadata: { namespace, uid } }: KubeObject): Promise<readonly EventObject[]> =>
  optional(() => listAll<EventObject>(api, CORE_EVENTS, { ...(namespace === undefined ? {} : { namespace }), fieldSelector: `involvedObject.uid=${uid}` }), [])

/** What is not there, or not for this person to read, leaves a gap and no error. */
async function optional<T>(read: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (isApiError(error, 'Forbidden', 'NotFound')) return otherwise
    throw error
  }
}
