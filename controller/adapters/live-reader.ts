/** The last look before a write: read from the API server, not from a cache (I7). */
import { scalingOf, type Permission } from '../../shared/rules/action-writes.ts'
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { isKnownByScale } from '../../shared/api/v1alpha1/action-kinds.ts'
import { groupOf, isPod, knownKind, nameOf, type KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import { HEAL_VERB, HEALER_ACCOUNT, KILL_SWITCH, serviceAccountGroups, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { HealingActionSpec, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { KubeApi, KubeObject, ObjectKey, Resource } from '../../shared/kube/api.ts'
import { findKind } from '../../shared/kube/discovery.ts'
import { ApiError, isApiError } from '../../shared/kube/errors.ts'
import { apiVersionOf, CONFIG_MAPS, HEALING_POLICIES, HORIZONTAL_POD_AUTOSCALERS, NAMESPACES, POD_DISRUPTION_BUDGETS, PODS, SCALED_OBJECTS, SERVICE_ACCOUNTS, SUBJECT_ACCESS_REVIEWS, VERTICAL_POD_AUTOSCALERS } from '../../shared/kube/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import type { LabelSelector } from '../../shared/lib/selector.ts'
import { between, millis, seconds, type Clock } from '../../shared/lib/time.ts'
import type { Installation } from '../healing/installation.ts'
import type { DisruptionBudget } from '../actions/disruption.ts'
import { permissionsFor } from '../actions/index.ts'
import type { Claim } from '../healing/act-guards.ts'
import type { Ground } from '../healing/ground.ts'
import type { Refusal } from '../healing/refusal.ts'
import type { Consent, HealerState, NamespaceView, ObjectRef, OwnerRef, PodView, TargetView, WorkloadView, World } from '../healing/snapshot.ts'
import type { AlertMemory } from '../ports/alerts.ts'
import { Unanswered, type LiveReader, type LiveView, type Readiness, type Surroundings } from '../ports/cluster.ts'
import { NO_ALERTS } from '../healing/alerts.ts'
import { NO_READINGS } from '../healing/metrics.ts'
import type { MetricMemory } from '../ports/metric-source.ts'
import { OWNER_KINDS } from './cluster-cache.ts'
import type { DemandedCluster } from './demanded-cluster.ts'
import { claimOf, namespaceView, podView, workloadView } from './project.ts'
import { healerMayNotScale, readScaled, type Scaled } from './scaled-kinds.ts'

/** Deeper chains are no workload of ours; the core stops there too. */
const MAX_DEPTH = 8

/** A review is answered within milliseconds. What takes longer is no answer. */
const REVIEW_TIMEOUT = seconds(2)

export interface LiveReaderOptions {
  readonly api: Pick<KubeApi, 'get' | 'list' | 'post' | 'discover' | 'serverTime'>
  readonly clock: Clock
  readonly installation: Installation
  /** Absent: whoever looks does not judge metric triggers. */
  readonly metricReadings?: MetricMemory
  readonly alerts?: AlertMemory
  readonly demanded?: Pick<DemandedCluster, 'world'>
}

export class ApiLiveReader implements LiveReader {
  readonly #options: LiveReaderOptions

  constructor(options: LiveReaderOptions) {
    this.#options = options
  }

  async look(spec: HealingActionSpec): Promise<LiveView> {
    const { policyRef, targetResource, action } = spec
    const { api, clock, installation } = this.#options
    const { namespace } = targetResource
    const abroad = namespace !== policyRef.namespace
    const [policy, { raw, target, blocked, unreadable }, home, place, healer, killSwitch, abandoned] = await Promise.all([
      this.#get<HealingPolicy>(HEALING_POLICIES, { namespace: policyRef.namespace, name: policyRef.name }),
      this.#target(spec),
      this.#namespace(policyRef.namespace),
      abroad ? Promise.all([this.#namespace(namespace), this.#consents(policyRef.namespace, namespace)]) : undefined,
      this.healer(namespace, permissionsFor(action, targetResource)),
      this.killSwitch(),
      this.#abandoned(spec),
    ])
    const evicts = permissionsFor(action, targetResource).some(({ resource }) => resource === 'pods/eviction')
    const [{ pods, workloads }, budgets, claims] = await Promise.all([this.#surroundings(namespace, target), evicts ? this.#budgets(namespace) : [], target?.shape === 'Workload' ? this.claims(namespace) : []])
    const server = api.serverTime()
    const now = clock.now()
    return {
      policy,
      target,
      raw,
      blocked: blocked ?? unreadable ?? abandoned,
      budgets,
      world: {
        now,
        namespace: home,
        // Of a policy that reaches out nothing is done in its own namespace by this act.
        healer: abroad ? 'Missing' : healer,
        others: new Map(place === undefined ? [] : [[namespace, { namespace: place[0], healer, consent: place[1] ? 'Given' : 'Missing' }]]),
        pods,
        workloads,
        // Asked at most a tick ago: what is read live is what is written to.
        metrics: this.#options.metricReadings?.readings() ?? NO_READINGS,
        alerts: this.#options.alerts?.readings() ?? NO_ALERTS,
        // A second list of events would know less: what was counted is in the watch. And no act is on the other kinds.
        ...(this.#options.demanded?.world([namespace]) ?? { events: [], objects: [], unseen: new Map() }),
        claims,
        age: millis(0),
        killSwitch,
        clockSkew: server === undefined ? undefined : between(server, now),
        installation,
      },
    }
  }

  async ground({ policyRef, targetResource }: HealingActionSpec, refs: readonly ObjectRef[]): Promise<Ground> {
    const [policy, home, place, ...owners] = await answered(Promise.all([
      this.#get<HealingPolicy>(HEALING_POLICIES, { namespace: policyRef.namespace, name: policyRef.name }),
      this.#namespace(policyRef.namespace),
      policyRef.namespace === targetResource.namespace ? undefined : this.#namespace(targetResource.namespace),
      ...refs.map((ref) => this.#workload(ref)),
    ]))
    return { policy, namespaces: [home, place], owners }
  }

  /** The server never checks that an impersonated account exists, so its existence is read, and its rights are reviewed. */
  async healer(namespace: string, permissions: readonly Permission[]): Promise<HealerState> {
    const account = await this.#get(SERVICE_ACCOUNTS, { namespace, name: HEALER_ACCOUNT })
    if (account === undefined || account.metadata.deletionTimestamp !== undefined) return 'Missing'
    const answers = await Promise.all(permissions.map((permission) => this.#may(namespace, namespace, permission)))
    return answers.every(Boolean) ? 'Ready' : 'Forbidden'
  }

  async consent(home: string, namespace: string): Promise<Consent> {
    try {
      return (await this.#consents(home, namespace)) ? 'Given' : 'Missing'
    } catch (error) {
      if (error instanceof ApiError) return 'Unknown'
      throw error
    }
  }

  /** A RoleBinding, and no annotation: every editor can write one of those. */
  #consents(home: string, namespace: string): Promise<boolean> {
    return this.#may(home, namespace, { apiGroup: GROUP, resource: healingPolicy.plural, verb: HEAL_VERB })
  }

  async #namespace(name: string): Promise<NamespaceView | undefined> {
    const raw = await this.#get(NAMESPACES, { name })
    return raw === undefined ? undefined : namespaceView(raw)
  }

  async claims(namespace: string): Promise<readonly Claim[]> {
    const [scalers, scaled, sizers] = await Promise.all([HORIZONTAL_POD_AUTOSCALERS, SCALED_OBJECTS, VERTICAL_POD_AUTOSCALERS].map((resource) => this.#listed(resource, namespace)))
    const claimsOf = (items: readonly KubeObject[] | undefined, by: Parameters<typeof claimOf>[1]): readonly Claim[] => (items ?? []).flatMap((raw) => claimOf(raw, by) ?? [])
    return [...claimsOf(scalers, 'HorizontalPodAutoscaler'), ...claimsOf(scaled, 'ScaledObject'), ...claimsOf(sizers, 'VerticalPodAutoscaler')]
  }

  /** Nothing where the cluster does not have the kind. */
  async #listed(resource: Resource, namespace: string): Promise<readonly KubeObject[]> {
    try {
      return (await this.#options.api.list(resource, { namespace })).items
    } catch (error) {
      if (isApiError(error, 'NotFound')) return []
      throw error
    }
  }

  async killSwitch(): Promise<boolean> {
    const { operatorNamespace } = this.#options.installation
    return (await answered(this.#get(CONFIG_MAPS, { namespace: operatorNamespace, name: KILL_SWITCH }))) !== undefined
  }

  async readiness(spec: HealingActionSpec): Promise<Readiness> {
    const { action, targetResource } = spec
    const { namespace } = targetResource
    const healer = await this.healer(namespace, permissionsFor(action, targetResource))
    if (healer !== 'Ready') return { healer }
    const abandoned = await this.#abandoned(spec)
    if (abandoned !== undefined || resourceOf(targetResource) !== undefined) return { healer, ...(abandoned === undefined ? {} : { blocked: abandoned }) }
    const { target, blocked } = await this.#target(spec)
    return { healer, ...(blocked === undefined ? {} : { blocked }), ...(target?.shape === 'Workload' ? { target } : {}) }
  }

  async around(spec: HealingActionSpec): Promise<Surroundings> {
    const { namespace } = spec.targetResource
    // Of a kind that is watched it is among those that are listed.
    const { target, blocked, unreadable = blocked } = resourceOf(spec.targetResource) === undefined ? await this.#target(spec) : {}
    return { ...(await this.#everything(namespace, target)), ...(unreadable === undefined ? {} : { blocked: unreadable }) }
  }

  async #everything(namespace: string, target: TargetView | undefined): Promise<Pick<World, 'pods' | 'workloads'>> {
    const [pods, ...lists] = await Promise.all([this.#pods(namespace), ...OWNER_KINDS.map(async (resource) => this.#workloads(resource, namespace))])
    const workloads = lists.flat()
    return { pods, workloads: target?.shape !== 'Workload' || workloads.some(({ ref }) => ref.uid === target.ref.uid) ? workloads : [...workloads, target] }
  }

  async #pods(namespace: string): Promise<PodView[]> {
    const { items } = await this.#options.api.list(PODS, { namespace })
    return items.map(podView)
  }

  /** What the healer of `home` may do in a namespace. */
  async #may(home: string, namespace: string, { apiGroup, resource, verb }: Permission): Promise<boolean> {
    const [name = '', subresource] = resource.split('/')
    const answer = await this.#options.api.post<{ readonly status?: { readonly allowed?: boolean } }>(SUBJECT_ACCESS_REVIEWS, { name: '' }, '', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: serviceAccountUser(home, HEALER_ACCOUNT),
        groups: serviceAccountGroups(home),
        resourceAttributes: { namespace, verb, group: apiGroup, resource: name, ...(subresource === undefined ? {} : { subresource }) },
      },
    }, { timeout: REVIEW_TIMEOUT })
    return answer.status?.allowed === true
  }

  async #target({ action, targetResource }: HealingActionSpec): Promise<Partial<Pick<LiveView, 'raw' | 'target' | 'blocked'>> & Pick<Scaled, 'unreadable'>> {
    const { apiVersion, kind, namespace, name } = targetResource
    const resource = resourceOf(targetResource)
    if (resource === undefined) return this.#scaled(action, { apiVersion, kind, namespace, name })
    const raw = await this.#get(resource, { namespace, name })
    if (raw === undefined) return {}
    return { raw, target: resource === PODS ? podView(raw) : workloadView(raw, apiVersion, kind) }
  }

  /** A pod that an operator has left behind, whose definitions are gone: nobody would make it again. Whether the owner itself is there may not be ours to read. */
  async #abandoned({ incident: { subject }, targetResource }: HealingActionSpec): Promise<Refusal | undefined> {
    if (!isPod(targetResource) || knownKind(subject) !== undefined || (await findKind(this.#options.api, subject)) !== undefined) return undefined
    return { reason: 'NoController', message: `Pod/${targetResource.name} belongs to ${subject.kind}/${subject.name}, and the API server knows no kind ${nameOf(subject)}: nothing would replace it` }
  }

  /** Of a kind that is not watched: what can be done to it is told by its scale, and nothing else is. */
  async #scaled({ type }: HealingActionSpec['action'], ref: Omit<ObjectRef, 'uid'>): Promise<Scaled> {
    if (type !== 'scale' || !isKnownByScale(ref)) return { blocked: { reason: 'Unsupported', message: `${type} is not for ${nameOf(ref)}` } }
    const { api } = this.#options
    const found = await readScaled(api, ref)
    if (found.target?.scale === undefined) return found
    const resource = { group: groupOf(ref.apiVersion), plural: found.target.scale.plural }
    const healer = await this.healer(ref.namespace, [scalingOf(resource)])
    return healer === 'Forbidden' ? { ...found, blocked: healerMayNotScale(ref.namespace, resource) } : found
  }

  /** What belongs to the target: a pod's owners, or everything that a workload may own. */
  async #surroundings(namespace: string, target: TargetView | undefined): Promise<Pick<World, 'pods' | 'workloads'>> {
    if (target === undefined) return { pods: [], workloads: [] }
    return target.shape === 'Pod' ? { pods: [target], workloads: await this.#owners(target) } : this.#everything(namespace, target)
  }

  async #workloads(resource: Resource, namespace: string): Promise<WorkloadView[]> {
    const { items } = await this.#options.api.list(resource, { namespace })
    return items.map((raw) => workloadView(raw, apiVersionOf(resource), resource.kind))
  }

  async #owners({ ref, owner: first }: PodView): Promise<WorkloadView[]> {
    const found: WorkloadView[] = []
    let owner: OwnerRef | undefined = first
    while (owner !== undefined && found.length < MAX_DEPTH) {
      const { uid, ...named }: OwnerRef = owner
      const view: WorkloadView | undefined = await this.#workload({ ...named, namespace: ref.namespace })
      // Gone, or another object of that name: the chain is incomplete, and a guard says so.
      if (view?.ref.uid !== uid) return found
      found.push(view)
      owner = view.owner
    }
    return found
  }

  /** undefined: it is not there, or not of a kind that is watched. */
  async #workload({ apiVersion, kind, namespace, name }: Omit<ObjectRef, 'uid'>): Promise<WorkloadView | undefined> {
    const resource = resourceOf({ apiVersion, kind })
    const raw = resource === undefined ? undefined : await this.#get(resource, { namespace, name })
    return raw === undefined ? undefined : workloadView(raw, apiVersion, kind)
  }

  async #budgets(namespace: string): Promise<DisruptionBudget[]> {
    const { items } = await this.#options.api.list(POD_DISRUPTION_BUDGETS, { namespace })
    return items.map((raw) => ({ name: raw.metadata.name, selects: selectorOf(raw) }))
  }

  async #get<T extends KubeObject>(resource: Resource, key: ObjectKey): Promise<T | undefined> {
    try {
      return await this.#options.api.get<T>(resource, key)
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined
      throw error
    }
  }
}

async function answered<T>(question: Promise<T>): Promise<T> {
  try {
    return await question
  } catch (error) {
    throw error instanceof ApiError ? new Unanswered(error.message, { cause: error }) : error
  }
}

/** Kinds that are known without discovery. */
const resourceOf = ({ apiVersion, kind }: KindReference): Resource | undefined => [PODS, ...OWNER_KINDS].find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion)

function selectorOf(raw: KubeObject): LabelSelector | undefined {
  const { spec } = raw as { spec?: unknown }
  const selector = isObject(spec) ? spec['selector'] : undefined
  return isObject(selector) ? selector : undefined
}
