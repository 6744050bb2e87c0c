/** Policies and actions: watched, and written with the controller's own account. Nothing else is. */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { CORRELATION_LABEL, INCIDENT_LABEL, POLICY_LABEL } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction, HealingActionSpec, HealingPolicy, HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import type { KubeApi, KubeObject, Resource } from '../../shared/kube/api.ts'
import { isAmbiguous, isApiError } from '../../shared/kube/errors.ts'
import { Reflector, type ReflectorOptions } from '../../shared/kube/reflector.ts'
import { HEALING_ACTIONS, HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { keyString, olderThan } from '../../shared/kube/store.ts'
import { isObject, sameJson } from '../../shared/lib/json.ts'
import { compileResource } from '../../shared/schema/validate.ts'
import { correlationOf } from '../healing/correlation.ts'
import { isEnded } from '../healing/outcome.ts'
import type { PolicyKey } from '../ports/ledgers.ts'
import type { OwnObjects, StatusPatch } from '../ports/objects.ts'

export interface OwnWatchesOptions extends Pick<ReflectorOptions<unknown, never>, 'timers' | 'random' | 'log' | 'metrics'> {
  readonly api: Pick<KubeApi, 'list' | 'watch'>
}

type WritingApi = Pick<KubeApi, 'get' | 'create' | 'patch' | 'delete'>

/** Its own, and those that it selects. */
export const reachOf = ({ metadata, spec }: HealingPolicy): string[] => [...new Set([metadata.namespace ?? '', ...(spec.selector?.namespaces ?? [])])]
/** Where it is, and where it acts. */
const placesOf = ({ metadata, spec }: HealingAction): string[] => [...new Set([metadata.namespace ?? '', spec.targetResource.namespace])]
/** By name: a policy that was made anew has its predecessor's actions too. */
const policyOf = ({ metadata, spec }: HealingAction): string[] => [keyString({ namespace: metadata.namespace ?? '', name: spec.policyRef.name })]
/** What moves at every write of a spec that says the same. */
const whole =
  <T extends KubeObject>(kind: string) =>
  (raw: KubeObject): T => {
    const { managedFields: _, ...metadata } = raw.metadata as KubeObject['metadata'] & { managedFields?: unknown }
    // Items of a list carry neither; the rules ask for both.
    return { ...raw, apiVersion: API_VERSION, kind, metadata } as T
  }

/** All policies and actions of the cluster, as they are watched. */
export class OwnWatches {
  readonly policies: Reflector<HealingPolicy, 'namespace'>
  readonly actions: Reflector<HealingAction, 'namespace' | 'policy'>

  constructor({ api, timers, random, log, metrics }: OwnWatchesOptions) {
    const common = { api, timers, random, log, ...(metrics === undefined ? {} : { metrics }) }
    this.policies = new Reflector({ ...common, resource: HEALING_POLICIES, project: whole<HealingPolicy>(HEALING_POLICIES.kind), indexes: { namespace: reachOf } })
    this.actions = new Reflector({ ...common, resource: HEALING_ACTIONS, project: whole<HealingAction>(HEALING_ACTIONS.kind), indexes: { namespace: placesOf, policy: policyOf } })
  }

  openActions(namespace: string): readonly HealingAction[] {
    return this.actions.store.byIndex('namespace', namespace).filter((action) => !isEnded(action))
  }

  policiesIn(namespace: string): readonly HealingPolicy[] {
    return this.policies.store.byIndex('namespace', namespace)
  }

  allPolicies(): readonly HealingPolicy[] {
    return [...this.policies.store.values()]
  }
}

/** For one shard: what it writes it remembers itself; what is watched all shards of a process share. */
export class ApiOwnObjects implements OwnObjects {
  readonly #api: WritingApi
  readonly #watches: OwnWatches
  /** Our own last write of each object, until the watch has brought it or a newer one (I7). */
  readonly #written = new Map<string, KubeObject>()
  /** By policy: the version with our own last status, which the API server has looked at. */
  readonly #sound = new Map<string, string>()

  constructor(api: WritingApi, watches: OwnWatches) {
    this.#api = api
    this.#watches = watches
    watches.policies.subscribe(({ type, object }) => {
      if (type === 'deleted') this.#sound.delete(keyString(keyOf(object.metadata)))
    })
  }

  policy(key: PolicyKey): HealingPolicy | undefined {
    return this.#newest(HEALING_POLICIES, key, this.#watches.policies.store.get(key))
  }

  action(key: PolicyKey): HealingAction | undefined {
    return this.#newest(HEALING_ACTIONS, key, this.#watches.actions.store.get(key))
  }

  openActions(namespace: string): readonly HealingAction[] {
    return this.#watches.openActions(namespace)
  }

  policiesIn(namespace: string): readonly HealingPolicy[] {
    return this.#watches.policiesIn(namespace)
  }

  allPolicies(): readonly HealingPolicy[] {
    return this.#watches.allPolicies()
  }

  malformed(action: HealingAction): { readonly in: 'spec' | 'status'; readonly message: string } | undefined {
    const issues = validate(action)
    const worst = issues.find(({ path }) => !path.startsWith('status')) ?? issues[0]
    return worst === undefined ? undefined : { in: worst.path.startsWith('status') ? 'status' : 'spec', message: `${worst.path}: ${worst.message}` }
  }

  malformedStatus(policy: HealingPolicy): string | undefined {
    const { status, metadata } = policy
    if (status === undefined || this.#sound.get(keyString(keyOf(metadata))) === metadata.resourceVersion) return undefined
    const issue = validatePolicy(policy).find(({ path }) => path.startsWith('status'))
    return issue === undefined ? undefined : `${issue.path}: ${issue.message}`
  }

  actionsOf({ namespace, name }: PolicyKey): readonly HealingAction[] {
    return this.#watches.actions.store.byIndex('policy', keyString({ namespace, name }))
  }

  async deleteAction({ metadata }: HealingAction): Promise<void> {
    const { uid, resourceVersion } = metadata
    try {
      await this.#api.delete(HEALING_ACTIONS, keyOf(metadata), { preconditions: { uid, resourceVersion } })
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error
    }
    this.#forget(HEALING_ACTIONS, keyOf(metadata))
  }

  async writePolicyStatus({ metadata }: HealingPolicy, status: HealingPolicyStatus): Promise<void> {
    try {
      const body = [
        // A policy that was edited, or made anew under the name, is judged again: this status is not about it (I6).
        { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
        // Whole, so that what is no longer so goes; "add" also replaces.
        { op: 'add', path: '/status', value: status },
      ]
      const written = await this.#api.patch<HealingPolicy>(HEALING_POLICIES, keyOf(metadata), { type: 'json', body }, { subresource: 'status' })
      this.#remember(HEALING_POLICIES, whole<HealingPolicy>(HEALING_POLICIES.kind)(written))
      this.#sound.set(keyString(keyOf(metadata)), written.metadata.resourceVersion)
    } catch (error) {
      if (isApiError(error, 'Conflict')) this.#forget(HEALING_POLICIES, keyOf(metadata))
      if (!isApiError(error, 'NotFound')) throw error
    }
  }

  async createAction(name: string, spec: HealingActionSpec): Promise<'Created' | 'Exists' | 'Differs'> {
    const { namespace } = spec.policyRef
    const manifest = {
      apiVersion: API_VERSION,
      kind: HEALING_ACTIONS.kind,
      metadata: { name, namespace, labels: { [POLICY_LABEL]: spec.policyRef.name, [INCIDENT_LABEL]: spec.incident.id, [CORRELATION_LABEL]: correlationOf(spec) } },
      spec,
    }
    try {
      this.#remember(HEALING_ACTIONS, await this.#api.create<HealingAction>(HEALING_ACTIONS, manifest))
      return 'Created'
    } catch (error) {
      if (isAmbiguous(error)) return await this.#createdAfterAll(name, spec, error)
      if (!isApiError(error, 'AlreadyExists')) throw error
    }
    const found = await this.#api.get<HealingAction>(HEALING_ACTIONS, { namespace, name })
    return sameJson(essence(found.spec), essence(spec)) ? 'Exists' : 'Differs'
  }

  async #createdAfterAll(name: string, spec: HealingActionSpec, lost: unknown): Promise<'Created'> {
    try {
      const found = await this.#api.get<HealingAction>(HEALING_ACTIONS, { namespace: spec.policyRef.namespace, name })
      if (sameJson(essence(found.spec), essence(spec))) {
        this.#remember(HEALING_ACTIONS, found)
        return 'Created'
      }
    } catch (error) {
      if (!isApiError(error)) throw error
    }
    throw lost
  }

  async writeActionStatus(action: HealingAction, status: StatusPatch): Promise<HealingAction> {
    const written = await this.#patchedStatus(action, status)
    this.#remember(HEALING_ACTIONS, written)
    return written
  }

  async #patchedStatus({ metadata }: HealingAction, status: StatusPatch): Promise<HealingAction> {
    const { resourceVersion, uid } = metadata
    const body = { metadata: { resourceVersion }, status }
    try {
      return await this.#api.patch<HealingAction>(HEALING_ACTIONS, keyOf(metadata), { type: 'merge', body }, { subresource: 'status' })
    } catch (error) {
      // What we believed to be newer than the watch may be of a future that a restored etcd has never seen.
      if (isApiError(error, 'Conflict')) this.#forget(HEALING_ACTIONS, keyOf(metadata))
      if (!isAmbiguous(error)) throw error
      const found = await this.#api.get<HealingAction>(HEALING_ACTIONS, keyOf(metadata))
      if (found.metadata.uid !== uid || !holds(found.status, status)) throw error
      return found
    }
  }

  async actionExists(key: PolicyKey): Promise<boolean> {
    try {
      await this.#api.get(HEALING_ACTIONS, { ...key })
      return true
    } catch (error) {
      if (isApiError(error, 'NotFound')) return false
      throw error
    }
  }

  #remember(resource: Resource, object: KubeObject): void {
    this.#written.set(idOf(resource, keyOf(object.metadata)), object)
  }

  #forget(resource: Resource, key: PolicyKey): void {
    this.#written.delete(idOf(resource, key))
  }

  #newest<T extends KubeObject>(resource: Resource, key: PolicyKey, cached: T | undefined): T | undefined {
    const id = idOf(resource, key)
    const written = this.#written.get(id) as T | undefined
    if (written === undefined) return cached
    const reflector = resource === HEALING_POLICIES ? this.#watches.policies : this.#watches.actions
    if (reflector.atLeast(written.metadata.resourceVersion)) {
      this.#written.delete(id)
      return cached
    }
    return cached !== undefined && olderThan(written.metadata.resourceVersion, cached.metadata.resourceVersion) ? cached : written
  }
}

/** What was decided, without how it looked at that moment: a successor after a crash may see one more restart. */
const essence = ({ policyRef, incident, targetResource, action, dryRun }: HealingActionSpec): unknown => ({
  policy: policyRef.uid,
  incident: [incident.id, incident.rung],
  target: targetResource,
  action,
  dryRun,
})

/** Whether a merge patch would change nothing any more. */
function holds(value: unknown, patch: unknown): boolean {
  if (patch === null) return value === undefined
  if (!isObject(patch)) return patch === undefined || sameJson(value, patch)
  return isObject(value) && Object.entries(patch).every(([key, wanted]) => holds(value[key], wanted))
}

const idOf = ({ plural }: Resource, key: PolicyKey): string => `${plural} ${keyString(key)}`

const validate = compileResource(healingAction, API_VERSION)
const validatePolicy = compileResource(healingPolicy, API_VERSION)

const keyOf = ({ namespace, name }: KubeObject['metadata']): PolicyKey => ({ namespace: namespace ?? '', name })
