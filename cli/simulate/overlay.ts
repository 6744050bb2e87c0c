/**
 * The cluster with one policy laid over it: what the controller reads is real, what it writes stays here. The person's
 * rights are enough: only the namespaces of the policy are read, and what may not be read is assumed and said.
 */
import { HEAL_VERB, HEALER_ACCOUNT, KILL_SWITCH } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction, HealingLedger, HealingPolicy, HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import type { DiscoveredResource, GetOptions, KubeApi, KubeManifest, KubeObject, KubeReader, ListOptions, ObjectKey, ObjectList, Patch, Resource, WatchEvent, WatchOptions } from '../../shared/kube/api.ts'
import { ApiError, isApiError } from '../../shared/kube/errors.ts'
import { CONFIG_MAPS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, POD_DISRUPTION_BUDGETS, PODS, SELF_SUBJECT_ACCESS_REVIEWS, SERVICE_ACCOUNTS, SUBJECT_ACCESS_REVIEWS, WORKLOADS } from '../../shared/kube/resources.ts'
import { keyString } from '../../shared/kube/store.ts'
import { isObject } from '../../shared/lib/json.ts'
import { formatInstant, after, instant, type Instant, type Millis } from '../../shared/lib/time.ts'

export interface OverlayOptions {
  /** Only ever read; a review asks, and stores nothing. */
  readonly api: KubeReader & Pick<KubeApi, 'post'>
  readonly policy: HealingPolicy
  /** How far the time in here is ahead. */
  readonly ahead: Millis
  /** A gap in what could be seen. */
  readonly note: (text: string) => void
  /** A status was written of the policy: a decision has been made. */
  readonly decided: (status: HealingPolicyStatus) => void
  /** An action was decided. */
  readonly acted?: (spec: HealingAction['spec']) => void
  /** Ledgers as other simulations have left them; default: as they are stored. */
  readonly ledgers?: readonly HealingLedger[]
  /** What keeps the decision from being made. */
  readonly failed: (error: unknown) => void
}

/** Without these there is no decision. */
const ESSENTIAL: ReadonlySet<Resource> = new Set([PODS, ...WORKLOADS, NAMESPACES, SERVICE_ACCOUNTS, CONFIG_MAPS, HEALING_POLICIES, HEALING_ACTIONS, HEALING_LEDGERS])

/** Its own, and those that it selects. */
export const namespacesOf = ({ metadata: { namespace = '' }, spec }: HealingPolicy): readonly string[] => [...new Set([namespace, ...(spec.selector.namespaces ?? [])])]

/** Newer than whatever the API server has. */
const FIRST_VERSION = 10n ** 17n

export class Overlay implements KubeApi {
  readonly actions: HealingAction[] = []
  readonly #options: OverlayOptions
  /** What was written here, by kind and name. */
  readonly #written = new Map<string, KubeObject>()
  #version = FIRST_VERSION
  #reading = 0

  constructor(options: OverlayOptions) {
    this.#options = options
  }

  serverTime(): Instant | undefined {
    const now = this.#options.api.serverTime()
    return now === undefined ? undefined : after(now, this.#options.ahead)
  }

  async discover(group: string, version: string): Promise<readonly DiscoveredResource[]> {
    this.#reading++
    try {
      return await this.#options.api.discover(group, version)
    } finally {
      this.#reading--
    }
  }

  /** Whether answers are still on their way. */
  get busy(): boolean {
    return this.#reading > 0
  }

  /** What was written here, if it was. */
  written(resource: Resource, key: ObjectKey): KubeObject | undefined {
    return this.#written.get(idOf(resource, key))
  }

  /** Ledgers that were written here. */
  get ledgers(): readonly HealingLedger[] {
    return [...this.#written].flatMap(([id, object]) => (id === idOf(HEALING_LEDGERS, object.metadata) ? [object as HealingLedger] : []))
  }

  async get<T extends KubeObject>(resource: Resource, key: ObjectKey, options: GetOptions = {}): Promise<T> {
    const written = this.written(resource, key)
    if (written !== undefined) return written as T
    const left = resource === HEALING_LEDGERS ? this.#left.find(({ metadata }) => metadata.name === key.name) : undefined
    if (left !== undefined) return left as KubeObject as T
    if (isPolicy(resource, key, this.#options.policy)) return this.#options.policy as KubeObject as T
    this.#reading++
    try {
      return await this.#options.api.get<T>(resource, key, options)
    } catch (error) {
      const assumed = isApiError(error, 'Forbidden') ? this.#assumed(resource, key.namespace ?? key.name) : undefined
      if (assumed === undefined) throw error
      const [object] = assumed
      if (object === undefined) throw notFound(resource, key)
      return object as T
    } finally {
      this.#reading--
    }
  }

  /** Nothing is carried out, so nothing is captured. */
  log(): Promise<string> {
    return Promise.resolve('')
  }

  async list<T extends KubeObject>(resource: Resource, options: ListOptions = {}): Promise<ObjectList<T>> {
    this.#reading++
    try {
      return (await this.#listed(resource, options)) as ObjectList<T>
    } catch (error) {
      // A reflector would try again for ever. What only some triggers need is without data then, which the status says.
      if (ESSENTIAL.has(resource) && !isApiError(error, 'Aborted')) this.#options.failed(error)
      throw error
    } finally {
      this.#reading--
    }
  }

  async #listed(resource: Resource, options: ListOptions): Promise<ObjectList> {
    const { api, policy } = this.#options
    const { namespace = '', name } = policy.metadata
    if (resource === HEALING_POLICIES) {
      const { resourceVersion } = await api.list(resource, { namespace, limit: 1 })
      return { items: [policy], resourceVersion }
    }
    if (resource === HEALING_ACTIONS) {
      const page = await this.#listedIn(resource, options, namespace)
      return { ...page, items: page.items.filter((action) => (action as HealingAction).spec.policyRef?.name === name) }
    }
    const all = resource === NAMESPACES || (resource.namespaced && options.namespace === undefined)
    const [only, ...others] = all ? namespacesOf(policy) : [options.namespace ?? namespace]
    if (others.length === 0) return this.#listedIn(resource, options, only ?? namespace)
    const pages = await Promise.all(namespacesOf(policy).map((each) => this.#whole(resource, options, each)))
    return { items: pages.flatMap(({ items }) => items), resourceVersion: pages[0]?.resourceVersion ?? '1' }
  }

  /** Tokens of several lists cannot be handed on as one. */
  async #whole(resource: Resource, options: ListOptions, namespace: string): Promise<ObjectList> {
    const items: KubeObject[] = []
    let page = await this.#listedIn(resource, options, namespace)
    items.push(...page.items)
    while (page.continue !== undefined) {
      page = await this.#listedIn(resource, { ...options, continue: page.continue }, namespace)
      items.push(...page.items)
    }
    return { items, resourceVersion: page.resourceVersion }
  }

  async #listedIn(resource: Resource, options: ListOptions, namespace: string): Promise<ObjectList> {
    const scoped: ListOptions = { ...options, ...(resource.namespaced && options.namespace === undefined ? { namespace } : {}), ...(resource === NAMESPACES ? { fieldSelector: `metadata.name=${namespace}` } : {}) }
    try {
      const page = await this.#options.api.list(resource, scoped)
      return resource === HEALING_LEDGERS ? { ...page, items: this.#withLeft(page.items) } : page
    } catch (error) {
      const assumed = isApiError(error, 'Forbidden') ? this.#assumed(resource, scoped.namespace ?? namespace) : undefined
      if (assumed === undefined) throw error
      return { items: resource === HEALING_LEDGERS ? this.#withLeft(assumed) : assumed, resourceVersion: '1' }
    }
  }

  /** Older than whatever is written here. */
  get #left(): readonly HealingLedger[] {
    return (this.#options.ledgers ?? []).map((ledger) => ({ ...ledger, metadata: { ...ledger.metadata, resourceVersion: '1' } }))
  }

  #withLeft(items: readonly KubeObject[]): readonly KubeObject[] {
    const left = this.#left
    return [...items.filter(({ metadata }) => !left.some((ledger) => ledger.metadata.name === metadata.name)), ...left]
  }

  /** In place of what may not be read; undefined: without it there is nothing to decide. */
  #assumed(resource: Resource, namespace: string): readonly KubeObject[] | undefined {
    const { note, policy } = this.#options
    const metadata = { uid: 'assumed', resourceVersion: '1', creationTimestamp: policy.metadata.creationTimestamp ?? formatInstant(instant(0)) }
    if (resource === NAMESPACES) {
      note(`you may not read namespace ${namespace}: its annotations are taken for absent`)
      return [{ apiVersion: 'v1', kind: NAMESPACES.kind, metadata: { ...metadata, name: namespace } }]
    }
    if (resource === SERVICE_ACCOUNTS) {
      note(`you may not read ServiceAccounts in ${namespace}: ${HEALER_ACCOUNT} is taken to be there`)
      return [{ apiVersion: 'v1', kind: SERVICE_ACCOUNTS.kind, metadata: { ...metadata, namespace, name: HEALER_ACCOUNT } }]
    }
    if (resource === CONFIG_MAPS) {
      note(`you may not see whether the kill switch ${KILL_SWITCH} is there: it is taken for off`)
      return []
    }
    if (resource === HEALING_LEDGERS) {
      note('you may not read ledgers: limits, cooldowns and breaker are taken for untouched')
      return []
    }
    if (resource === POD_DISRUPTION_BUDGETS) {
      note(`you may not read PodDisruptionBudgets in ${namespace}: they are taken for absent`)
      return []
    }
    return undefined
  }

  /** What was listed is what is judged: nothing more comes, until whoever watches has had enough. */
  watch<T extends KubeObject>(_resource: Resource, { signal }: WatchOptions): AsyncIterable<WatchEvent<T>> {
    const next = (): Promise<IteratorResult<WatchEvent<T>>> =>
      new Promise((resolve) => {
        const end = (): void => resolve({ done: true, value: undefined })
        if (signal === undefined || signal.aborted) end()
        else signal.addEventListener('abort', end, { once: true })
      })
    return { [Symbol.asyncIterator]: () => ({ next }) }
  }

  async post<T>(resource: Resource, key: ObjectKey, subresource: string, body: unknown): Promise<T> {
    // What the controller may do itself is not what the person may.
    if (resource === SELF_SUBJECT_ACCESS_REVIEWS) return { status: { allowed: true } } as T
    if (resource !== SUBJECT_ACCESS_REVIEWS) throw refused(`POST ${resource.plural}`)
    try {
      return await this.#options.api.post<T>(resource, key, subresource, body)
    } catch (error) {
      if (!isApiError(error, 'Forbidden')) throw error
      const asked = attributesOf(body)
      this.#options.note(asked['verb'] === HEAL_VERB ? `you may not ask whether ${String(asked['namespace'])} consents: it is taken to` : `you may not ask what ${HEALER_ACCOUNT} may do: it is taken to have its rights`)
      return { status: { allowed: true } } as T
    }
  }

  async create<T extends KubeObject>(resource: Resource, manifest: KubeManifest): Promise<T> {
    await Promise.resolve()
    const created = this.#store(resource, { ...manifest, metadata: { ...manifest.metadata, uid: `simulated-${this.#version}`, creationTimestamp: formatInstant(this.serverTime() ?? instant(0)) } } as KubeObject)
    if (resource === HEALING_ACTIONS) {
      this.actions.push(created as HealingAction)
      this.#options.acted?.((created as HealingAction).spec)
    } else if (resource !== HEALING_LEDGERS) throw refused(`POST ${resource.plural}`)
    return created as T
  }

  async replace<T extends KubeObject>(resource: Resource, manifest: KubeManifest): Promise<T> {
    await Promise.resolve()
    if (resource !== HEALING_LEDGERS) throw refused(`PUT ${resource.plural}`)
    return this.#store(resource, manifest as KubeObject) as T
  }

  async patch<T extends KubeObject>(resource: Resource, key: ObjectKey, { body }: Patch): Promise<T> {
    await Promise.resolve()
    const { policy, decided } = this.#options
    const status = isPolicy(resource, key, policy) ? statusIn(body) : undefined
    if (status === undefined) throw refused(`PATCH ${resource.plural}`)
    decided(status)
    return this.#store(resource, { ...policy, status } as KubeObject) as T
  }

  async delete(resource: Resource): Promise<void> {
    await Promise.resolve()
    throw refused(`DELETE ${resource.plural}`)
  }

  #store(resource: Resource, object: KubeObject): KubeObject {
    this.#version++
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
    this.#written.set(idOf(resource, stored.metadata), stored)
    return stored
  }
}

const idOf = ({ plural, group }: Resource, { namespace, name }: ObjectKey): string => `${plural}.${group} ${keyString({ namespace, name })}`

const isPolicy = (resource: Resource, key: ObjectKey, { metadata }: HealingPolicy): boolean => resource === HEALING_POLICIES && key.name === metadata.name && key.namespace === metadata.namespace

/** Of a review. */
function attributesOf(body: unknown): Readonly<Record<string, unknown>> {
  const spec = isObject(body) ? body['spec'] : undefined
  const asked = isObject(spec) ? spec['resourceAttributes'] : undefined
  return isObject(asked) ? asked : {}
}

/** The status is written by a JSON patch that replaces it whole. */
const statusIn = (body: unknown): HealingPolicyStatus | undefined =>
  Array.isArray(body) ? (body as readonly { readonly path?: string; readonly value?: unknown }[]).find(({ path }) => path === '/status')?.value as HealingPolicyStatus | undefined : undefined

/** Whoever gets here wanted to change the cluster. */
const refused = (request: string): ApiError => new ApiError({ kind: 'Forbidden', code: 403, request, serverMessage: 'a simulation writes nothing' })

const notFound = (resource: Resource, { name }: ObjectKey): ApiError => new ApiError({ kind: 'NotFound', code: 404, reason: 'NotFound', request: `GET ${resource.plural} ${name}` })
