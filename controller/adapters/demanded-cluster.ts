/**
 * What is watched only because a policy asks for it, in the namespaces of these policies: events of some reasons, and
 * objects of kinds that no decision needs otherwise.
 */
import { AGGREGATE_LABEL } from '../../shared/api/v1alpha1/names.ts'
import { isCustom, nameOf, type KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import type { KubeApi, Resource } from '../../shared/kube/api.ts'
import { EVENTS } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import type { Demand } from '../healing/demand.ts'
import { eventsOf, objectsOf, type EventView, type ObjectView, type World } from '../healing/snapshot.ts'
import { DemandedWatches, type DemandedWatchesOptions, type WatchRequest } from './demanded-watches.ts'
import { KindDirectory } from './kind-directory.ts'
import { eventView, objectView } from './project.ts'

/** Event objects of one reason in one namespace; about 1 kB each. A lower bound is counted anyway. */
const EVENT_CAPACITY = 5000
/** Objects of one kind in one namespace. */
const OBJECT_CAPACITY = 5000

/** Changes within this are told once: an event storm must not make a storm of evaluations. */
const TOGETHER = seconds(1)

/** The first decision waits so long for them: half a world looks like a quiet one. */
const PATIENCE = seconds(5)

export type DemandedClusterOptions = Omit<DemandedWatchesOptions, 'capacity' | 'api'> & { readonly api: Pick<KubeApi, 'list' | 'watch' | 'discover'> }

export class DemandedCluster {
  readonly #options: DemandedClusterOptions
  readonly #events: DemandedWatches<EventView>
  readonly #objects: DemandedWatches<ObjectView>
  readonly #directory: KindDirectory
  readonly #demands = new Map<string, Demand>()
  readonly #listeners = new Set<(namespace: string) => void>()
  readonly #waiting = new Set<string>()

  constructor(options: DemandedClusterOptions) {
    this.#options = options
    this.#events = new DemandedWatches({ ...options, capacity: EVENT_CAPACITY })
    this.#events.onChange((key) => this.#changed(namespaceOf(key)))
    this.#objects = new DemandedWatches({ ...options, capacity: OBJECT_CAPACITY })
    this.#objects.onChange((key) => {
      if (this.#objects.gone(key)) this.#lost(key)
      this.#changed(namespaceOf(key))
    })
    this.#directory = new KindDirectory(options, () => {
      this.#watch()
      for (const [namespace, { kinds }] of this.#demands) if (kinds.length > 0) this.#changed(namespace)
    })
  }

  /** What the policies of the namespace ask for now, all of it. */
  demand(namespace: string, demand: Demand): void {
    if (demand.reasons.size === 0 && demand.kinds.length === 0) this.#demands.delete(namespace)
    else this.#demands.set(namespace, demand)
    this.#directory.want([...this.#demands.values()].flatMap(({ kinds }) => kinds))
    this.#watch()
  }

  /** What cannot be seen in one of the namespaces cannot be seen. */
  world(namespaces: readonly string[]): Pick<World, 'events' | 'objects' | 'unseen'> {
    const seen = namespaces.map((namespace) => this.#seen(namespace))
    return { events: seen.flatMap(({ events }) => events), objects: seen.flatMap(({ objects }) => objects), unseen: new Map(seen.flatMap(({ unseen }) => [...unseen])) }
  }

  #seen(namespace: string): Pick<World, 'events' | 'objects' | 'unseen'> {
    const { reasons = [], kinds = [] } = this.#demands.get(namespace) ?? {}
    const unseen = new Map<string, string>()
    for (const reason of reasons) {
      const why = this.#events.blind(keyOf(namespace, reason))
      if (why !== undefined) unseen.set(eventsOf(reason), `events of reason ${reason}: ${why}`)
    }
    for (const kind of kinds) {
      const found = this.#directory.find(kind)
      const why = typeof found === 'string' ? found : this.#objects.blind(keyOf(namespace, nameOf(kind)))
      if (why !== undefined) unseen.set(objectsOf(kind), typeof found === 'string' ? why : `${nameOf(kind)}: ${why}`)
    }
    return {
      events: [...reasons].flatMap((reason) => this.#events.seen(keyOf(namespace, reason))),
      objects: kinds.flatMap((kind) => (unseen.has(objectsOf(kind)) ? [] : this.#objects.seen(keyOf(namespace, nameOf(kind))))),
      unseen,
    }
  }

  onChange(tell: (namespace: string) => void): () => void {
    this.#listeners.add(tell)
    return () => this.#listeners.delete(tell)
  }

  async settled(): Promise<void> {
    await Promise.all([this.#events.settled(PATIENCE), this.#objects.settled(PATIENCE)])
  }

  async stop(): Promise<void> {
    this.#demands.clear()
    this.#directory.want([])
    await Promise.all([this.#events.stop(), this.#objects.stop()])
  }

  #watch(): void {
    const events = new Map<string, WatchRequest<EventView>>()
    const objects = new Map<string, WatchRequest<ObjectView>>()
    for (const [namespace, { reasons, kinds }] of this.#demands) {
      for (const reason of reasons) events.set(keyOf(namespace, reason), eventsRequest(namespace, reason))
      for (const kind of kinds) {
        const resource = this.#directory.find(kind)
        if (typeof resource !== 'string') objects.set(keyOf(namespace, nameOf(kind)), objectsRequest(namespace, resource, kind))
      }
    }
    this.#events.demand(events)
    this.#objects.demand(objects)
  }

  /** Its definition is gone: it is looked for again, and nothing is listed meanwhile. */
  #lost(key: string): void {
    const name = key.slice(key.indexOf(' ') + 1)
    const kind = [...this.#demands.values()].flatMap(({ kinds }) => kinds).find((of) => nameOf(of) === name)
    if (kind === undefined) return
    this.#directory.lost(kind)
    this.#watch()
  }

  #changed(namespace: string): void {
    if (this.#waiting.has(namespace)) return
    this.#waiting.add(namespace)
    this.#options.timers.after(TOGETHER, () => {
      this.#waiting.delete(namespace)
      for (const tell of this.#listeners) tell(namespace)
    })
  }
}

/** No namespace holds a blank. */
const keyOf = (namespace: string, what: string): string => `${namespace} ${what}`
const namespaceOf = (key: string): string => key.split(' ')[0] ?? ''

const OUTDATED_RIGHTS = 'the controller may not list them; apply config/rbac/controller.yaml of this version'

const eventsRequest = (namespace: string, reason: string): WatchRequest<EventView> => ({
  resource: EVENTS,
  namespace,
  fieldSelector: `reason=${reason}`,
  project: eventView,
  forbidden: OUTDATED_RIGHTS,
})

const objectsRequest = (namespace: string, resource: Resource, kind: KindReference): WatchRequest<ObjectView> => ({
  resource,
  namespace,
  project: (raw) => objectView(raw, kind.apiVersion, kind.kind),
  forbidden: isCustom(kind)
    ? `the controller may not list them; grant get, list and watch on ${resource.plural}.${resource.group} in a ClusterRole with the label ${AGGREGATE_LABEL}: "true"`
    : OUTDATED_RIGHTS,
})
