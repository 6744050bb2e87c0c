/** A StatefulSet in a town, and its controller as the test plays it: in order, and waiting for every pod. Tests only. */
import { PODS, STATEFUL_SETS } from '../../shared/kube/resources.ts'
import { shortHash } from '../../shared/lib/hash.ts'
import { formatInstant, seconds } from '../../shared/lib/time.ts'
import type { StoredObject } from '../../shared/testing/fake-cluster/objects.ts'
import { NAMESPACE, type Town } from './town.ts'

const KEY = { namespace: NAMESPACE, name: 'db' }
const LABELS = { app: 'db' }

interface Template {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: { readonly containers: readonly { readonly name: string; readonly resources: { readonly limits: Readonly<Record<string, string>> } }[] }
}

export class OrderedSet {
  readonly #town: Town
  readonly #replicas: number
  /** Whether a pod of this template becomes Ready. */
  works: (template: Template) => boolean = () => true
  /** Its controller looks. */
  awake = true

  constructor(town: Town, replicas = 2) {
    this.#town = town
    this.#replicas = replicas
    const template = { metadata: { labels: LABELS }, spec: { containers: [{ name: 'app', resources: { limits: { memory: '1Gi' } } }] } }
    town.cluster.seed(STATEFUL_SETS, { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { ...KEY, uid: 'uid-db', labels: LABELS, generation: 1 }, spec: { replicas, podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate' }, template } })
    for (let i = 0; i < replicas; i++) this.#play()
  }

  get template(): Template {
    return (this.#live as unknown as { spec: { template: Template } }).spec.template
  }

  get revision(): string {
    return `db-${shortHash([toText(this.template)])}`
  }

    get pods(): readonly StoredObject[] {
    return this.#town.cluster.all(PODS).filter(({ metadata }) => metadata.labels?.['app'] === 'db')
  }

  get outdated(): readonly string[] {
    return this.pods.filter(({ metadata }) => metadata.labels?.['controller-revision-hash'] !== this.revision).map(({ metadata }) => metadata.name)
  }

  /** The pod crashes from now on. */
  break(ordinal: number): void {
    this.#town.cluster.change(PODS, { namespace: NAMESPACE, name: `db-${ordinal}` }, (pod) => ({ ...pod, status: this.#status('broken') }))
  }

  edit(change: (set: StoredObject) => StoredObject): void {
    this.#town.cluster.change(STATEFUL_SETS, KEY, change)
  }

  async live(span: number): Promise<void> {
    for (let passed = 0; passed < span; passed += 500) {
      await this.#town.clock.advance(seconds(0.5))
      if (this.awake) this.#play()
    }
  }

  async until(reached: () => boolean): Promise<void> {
    for (let i = 0; i < 400 && !reached(); i++) await this.live(500)
    if (!reached()) throw new Error(`not reached: ${JSON.stringify(this.#town.actions.map(({ status }) => status))}`)
  }

  get #live(): StoredObject {
    return this.#town.cluster.must(STATEFUL_SETS, KEY)
  }

  #status(state: 'healthy' | 'broken'): object {
    const at = formatInstant(this.#town.clock.now()).replace(/\.\d+Z/, 'Z')
    const ready = state === 'healthy'
    const container = ready
      ? { name: 'app', ready, restartCount: 0, state: { running: { startedAt: at } } }
      : { name: 'app', ready, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: at } } }
    return { phase: 'Running', containerStatuses: [container], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at }] }
  }

  #play(): void {
    this.#step()
    this.#count()
  }

  /** As `updateStatefulSet` of Kubernetes does it: one thing at a time, and nothing before all pods are Ready. */
  #step(): void {
    const { cluster } = this.#town
    const byName = new Map(this.pods.map((pod) => [pod.metadata.name, pod]))
    for (let i = 0; i < this.#replicas; i++) {
      const pod = byName.get(`db-${i}`)
      if (pod === undefined) return this.#make(i)
      if (pod.metadata.deletionTimestamp !== undefined || !isReady(pod)) return
    }
    const last = [...byName.values()].toReversed().find(({ metadata }) => this.outdated.includes(metadata.name))
    if (last !== undefined) cluster.drop(PODS, { namespace: NAMESPACE, name: last.metadata.name })
  }

  #make(ordinal: number): void {
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'uid-db', controller: true }
    const metadata = { name: `db-${ordinal}`, namespace: NAMESPACE, labels: { ...LABELS, 'controller-revision-hash': this.revision }, ownerReferences: [owner] }
    this.#town.cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { restartPolicy: 'Always' }, status: this.#status(this.works(this.template) ? 'healthy' : 'broken') })
  }

  #count(): void {
    const ready = this.pods.filter(isReady).length
    const status = { observedGeneration: this.#live.metadata.generation, replicas: this.pods.length, readyReplicas: ready, availableReplicas: ready, updatedReplicas: this.pods.length - this.outdated.length, updateRevision: this.revision }
    if (JSON.stringify(this.#live.status) !== JSON.stringify(status)) this.edit((set) => ({ ...set, status }))
  }
}

/** The API server keeps no empty maps. */
export const toText = (template: Template): string => JSON.stringify(template, (_key, value: unknown) => (typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? undefined : value))

const isReady = ({ status }: StoredObject): boolean => (status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true
