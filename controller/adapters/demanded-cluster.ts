/** What is watched only because a policy asks for it: events of some reasons, in the namespaces of these policies. */
import { EVENTS } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import type { Demand } from '../healing/demand.ts'
import { eventsOf, type EventView, type World } from '../healing/snapshot.ts'
import { DemandedWatches, type DemandedWatchesOptions, type WatchRequest } from './demanded-watches.ts'
import { eventView } from './project.ts'

/** Event objects of one reason in one namespace; about 1 kB each. A lower bound is counted anyway. */
const EVENT_CAPACITY = 5000

/** Changes within this are told once: an event storm must not make a storm of evaluations. */
const TOGETHER = seconds(1)

export type DemandedClusterOptions = Omit<DemandedWatchesOptions, 'capacity'>

export class DemandedCluster {
  readonly #options: DemandedClusterOptions
  readonly #events: DemandedWatches<EventView>
  readonly #demands = new Map<string, Demand>()
  readonly #listeners = new Set<(namespace: string) => void>()
  readonly #waiting = new Set<string>()

  constructor(options: DemandedClusterOptions) {
    this.#options = options
    this.#events = new DemandedWatches({ ...options, capacity: EVENT_CAPACITY })
    this.#events.onChange((key) => this.#changed(key))
  }

  /** What the policies of the namespace ask for now, all of it. */
  demand(namespace: string, demand: Demand): void {
    if (demand.reasons.size === 0) this.#demands.delete(namespace)
    else this.#demands.set(namespace, demand)
    const events = new Map<string, WatchRequest<EventView>>()
    for (const [of, { reasons }] of this.#demands) for (const reason of reasons) events.set(keyOf(of, reason), eventsRequest(of, reason))
    this.#events.demand(events)
  }

  world(namespace: string): Pick<World, 'events' | 'unseen'> {
    const reasons = [...(this.#demands.get(namespace)?.reasons ?? [])]
    const unseen = new Map<string, string>()
    for (const reason of reasons) {
      const why = this.#events.blind(keyOf(namespace, reason))
      if (why !== undefined) unseen.set(eventsOf(reason), `events of reason ${reason}: ${why}`)
    }
    return { events: reasons.flatMap((reason) => this.#events.seen(keyOf(namespace, reason))), unseen }
  }

  onChange(tell: (namespace: string) => void): () => void {
    this.#listeners.add(tell)
    return () => this.#listeners.delete(tell)
  }

  async stop(): Promise<void> {
    await this.#events.stop()
  }

  #changed(key: string): void {
    const [namespace = ''] = key.split(' ')
    if (this.#waiting.has(namespace)) return
    this.#waiting.add(namespace)
    this.#options.timers.after(TOGETHER, () => {
      this.#waiting.delete(namespace)
      for (const tell of this.#listeners) tell(namespace)
    })
  }
}

/** Neither part may hold a blank. */
const keyOf = (namespace: string, what: string): string => `${namespace} ${what}`

const eventsRequest = (namespace: string, reason: string): WatchRequest<EventView> => ({
  resource: EVENTS,
  namespace,
  fieldSelector: `reason=${reason}`,
  project: eventView,
  forbidden: 'the controller may not list them; apply config/rbac/controller.yaml of this version',
})
