/** The workloads as the watches show them: projected, indexed by namespace. */
import { HEALER_ACCOUNT, KILL_SWITCH } from '../../shared/api/v1alpha1/names.ts'
import type { KubeApi, KubeObject } from '../../shared/kube/api.ts'
import { Reflector, type ReflectorOptions } from '../../shared/kube/reflector.ts'
import type { ReflectorEvent } from '../../shared/kube/reflector-store.ts'
import { apiVersionOf, CONFIG_MAPS, NAMESPACES, PODS, SERVICE_ACCOUNTS, WORKLOADS } from '../../shared/kube/resources.ts'
import { between, type Clock, type Millis } from '../../shared/lib/time.ts'
import { changeOf, type Change } from '../healing/concern.ts'
import type { Installation } from '../healing/installation.ts'
import type { NamespaceView, PodView, Place, WorkloadView, World } from '../healing/snapshot.ts'
import type { AlertMemory } from '../ports/alerts.ts'
import type { ClusterCache, Reach } from '../ports/cluster.ts'
import type { MetricMemory } from '../ports/metric-source.ts'
import { DemandedCluster } from './demanded-cluster.ts'
import { namespaceView, podView, workloadView } from './project.ts'

/** Kinds through which the top owner of a pod is found. */
export const OWNER_KINDS = WORKLOADS

export interface WatchedClusterOptions extends Pick<ReflectorOptions<unknown, never>, 'timers' | 'random' | 'log' | 'metrics'> {
  readonly api: Pick<KubeApi, 'list' | 'watch' | 'discover' | 'serverTime'>
  readonly clock: Clock
  readonly installation: Installation
  readonly metricReadings: MetricMemory
  readonly alerts: AlertMemory
}

const byNamespace = { namespace: (view: { readonly ref: { readonly namespace: string } }) => [view.ref.namespace] }

export class WatchedCluster implements ClusterCache {
  readonly #options: WatchedClusterOptions
  readonly #pods: Reflector<PodView, 'namespace'>
  readonly #workloads: readonly Reflector<WorkloadView, 'namespace'>[]
  readonly #namespaces: Reflector<NamespaceView>
  readonly #healers: Reflector<{ readonly namespace: string }>
  readonly #killSwitch: Reflector<true>
  /** What is watched only while policies ask for it. */
  readonly demanded: DemandedCluster

  constructor(options: WatchedClusterOptions) {
    this.#options = options
    const { api, timers, random, log, metrics } = options
    const common = { api, timers, random, log, ...(metrics === undefined ? {} : { metrics }) }
    const { operatorNamespace } = options.installation
    this.demanded = new DemandedCluster(common)
    this.#pods = new Reflector({ ...common, resource: PODS, project: podView, indexes: byNamespace })
    this.#workloads = OWNER_KINDS.map(
      (resource) =>
        new Reflector({
          ...common,
          resource,
          project: (raw: KubeObject) => workloadView(raw, apiVersionOf(resource), resource.kind),
          indexes: byNamespace,
        }),
    )
    this.#namespaces = new Reflector({ ...common, resource: NAMESPACES, metadataOnly: true, project: namespaceView })
    this.#healers = new Reflector({
      ...common,
      resource: SERVICE_ACCOUNTS,
      metadataOnly: true,
      fieldSelector: `metadata.name=${HEALER_ACCOUNT}`,
      project: ({ metadata }) => (metadata.deletionTimestamp === undefined ? { namespace: metadata.namespace ?? '' } : undefined),
    })
    this.#killSwitch = new Reflector({
      ...common,
      resource: CONFIG_MAPS,
      namespace: operatorNamespace,
      metadataOnly: true,
      fieldSelector: `metadata.name=${KILL_SWITCH}`,
      project: () => true as const,
    })
  }

  get reflectors(): readonly Pick<Reflector<unknown>, 'name' | 'start' | 'stop' | 'whenSynced' | 'synced' | 'age' | 'trouble'>[] {
    return [this.#pods, ...this.#workloads, this.#namespaces, this.#healers, this.#killSwitch]
  }

  /** It exists: nothing new is done anywhere. */
  get killSwitch(): boolean {
    return this.#killSwitch.store.size > 0
  }

  world(namespace: string, reach: Reach): World {
    const { api, clock, installation, metricReadings: metrics, alerts } = this.#options
    const now = clock.now()
    const server = api.serverTime()
    const open = [...reach].flatMap(([name, consent]) => (consent === 'Given' ? [name] : []))
    return {
      now,
      ...this.#place(namespace),
      others: new Map([...reach].flatMap(([name, consent]): [string, Place][] => (name === namespace ? [] : [[name, { ...this.#place(name), consent }]]))),
      pods: open.flatMap((name) => this.#pods.store.byIndex('namespace', name)),
      workloads: this.#workloads.flatMap(({ store }) => open.flatMap((name) => store.byIndex('namespace', name))),
      metrics: metrics.readings(),
      alerts: alerts.readings(),
      ...this.demanded.world(open),
      claims: [],
      age: this.#pods.age,
      killSwitch: this.killSwitch,
      clockSkew: server === undefined ? undefined : between(server, now),
      installation,
    }
  }

  #place(namespace: string): Pick<World, 'namespace' | 'healer'> {
    const healer = this.#healers.store.get({ namespace, name: HEALER_ACCOUNT })
    // Whether it may is asked when there is something to do.
    return { namespace: this.#namespaces.store.get({ name: namespace }), healer: healer === undefined ? 'Missing' : 'Ready' }
  }

  age(): Millis {
    return this.#pods.age
  }

  #owner({ apiVersion, kind, name }: NonNullable<PodView['owner']>, namespace: string): WorkloadView | undefined {
    const at = OWNER_KINDS.findIndex((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion)
    return this.#workloads[at]?.store.get({ namespace, name })
  }

  /**
   * Namespaces in which something that a decision looks at has changed; undefined: everywhere. Of pods and workloads which
   * one; other changes are for everybody in their namespace. Returns how to hear no more.
   */
  onChange(tell: (namespace: string | undefined, change?: Change) => void): () => void {
    const tellObject = (event: ReflectorEvent<PodView> | ReflectorEvent<WorkloadView>): void =>
      tell(event.object.ref.namespace, changeOf(event.type === 'updated' ? [event.old, event.object] : [event.object], (owner, namespace) => this.#owner(owner, namespace)))
    const cuts = [
      this.#pods.subscribe(tellObject),
      ...this.#workloads.map((workloads) => workloads.subscribe(tellObject)),
      this.#namespaces.subscribe(({ object }) => tell(object.name)),
      this.#healers.subscribe(({ object }) => tell(object.namespace)),
      this.#killSwitch.subscribe(() => tell(undefined)),
      this.demanded.onChange(tell),
    ]
    return () => {
      for (const cut of cuts) cut()
    }
  }
}
