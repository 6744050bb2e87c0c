/**
 * An API server in memory. It passes the same contract suite as the real one (`shared/testing/contract`), so that what
 * is tested on it holds. Left out: admission webhooks, field ownership, garbage collection by owner, and controllers
 * other than that of disruption budgets; tests play those with `seed`, `change` and `drop`.
 */
import type { KubeManifest, ObjectKey, Resource } from '../../kube/api.ts'
import { NAMESPACES } from '../../kube/resources.ts'
import type { Journal } from './calls.ts'
import type { Definitions } from './definitions.ts'
import { FakeClient } from './fake-client.ts'
import { FakeServer, type FakeServerOptions } from './fake-server.ts'
import type { Faults } from './faults.ts'
import { asJson, type StoredObject } from './objects.ts'
import { newborn } from './rules.ts'
import { collectionOf, type Snapshot } from './state.ts'
import type { Watches } from './watches.ts'
import { timestamp } from './writes.ts'

export type FakeClusterOptions = FakeServerOptions

export class FakeCluster extends FakeClient {
  readonly #fake: FakeServer

  /** The cluster itself is a client too, with the user `admin`. */
  constructor(options: FakeClusterOptions) {
    const server = new FakeServer(options)
    super(server, 'admin', 'fake-admin')
    this.#fake = server
    for (const name of ['default', 'kube-system']) this.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }

  /** Another client: faults, rights and the journal tell them apart by their user. */
  client(user: string, userAgent = user): FakeClient {
    return new FakeClient(this.#fake, user, userAgent)
  }

  get journal(): Journal {
    return this.#fake.journal
  }

  get faults(): Faults {
    return this.#fake.faults
  }

  get watches(): Watches {
    return this.#fake.watches
  }

  get resourceVersion(): string {
    return String(this.#fake.state.version)
  }

  /** Stores an object with its status and labels as they are, past rights, faults and journal; its namespace as well. */
  seed(resource: Resource, manifest: KubeManifest & { readonly [field: string]: unknown }): StoredObject {
    const { state, clock } = this.#fake
    const { namespace } = manifest.metadata
    if (namespace !== undefined && state.get(NAMESPACES, { name: namespace }) === undefined) {
      this.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    }
    if (state.get(resource, manifest.metadata) !== undefined) throw new Error(`${resource.plural} ${manifest.metadata.name} is there already`)
    const given = asJson(manifest) as unknown as StoredObject
    const { uid = state.nextUid(), creationTimestamp = timestamp(clock) } = manifest.metadata
    const born = newborn(resource, given, { uid, createdAt: creationTimestamp })
    const status = given.status === undefined ? {} : { status: given.status }
    const generation = given.metadata.generation === undefined ? {} : { generation: given.metadata.generation }
    return state.put(collectionOf(resource), { ...born, ...status, metadata: { ...born.metadata, ...generation } })
  }

  /** Changes an object as a controller or kubelet would: past rights, faults and journal. */
  change(resource: Resource, key: ObjectKey, edit: (object: StoredObject) => StoredObject): StoredObject {
    return this.#fake.state.put(collectionOf(resource), edit(this.must(resource, key)))
  }

  /** Takes an object away at once. */
  drop(resource: Resource, key: ObjectKey): void {
    this.#fake.state.remove(collectionOf(resource), this.must(resource, key))
  }

  /** The object as it is stored, without a call; undefined when there is none. */
  peek(resource: Resource, key: ObjectKey): StoredObject | undefined {
    return this.#fake.state.get(resource, key)
  }

  must(resource: Resource, key: ObjectKey): StoredObject {
    const object = this.peek(resource, key)
    if (object === undefined) throw new Error(`${resource.plural} ${key.name} is not there`)
    return object
  }

  all(resource: Resource): readonly StoredObject[] {
    return this.#fake.state.all(resource)
  }

  get definitions(): Definitions {
    return this.#fake.definitions
  }

  /** As when a CustomResourceDefinition is deleted: its objects go, its watches end, and nobody knows the kind any more. */
  undefine(resource: Resource): void {
    for (const object of this.all(resource)) this.#fake.state.remove(collectionOf(resource), object)
    this.#fake.definitions.remove(resource)
    this.#fake.watches.end((watch) => collectionOf(watch.resource) === collectionOf(resource))
  }

  reconcileBudgets(): void {
    this.#fake.reconcileBudgets()
  }

  /** Forgets the history: watches and pages of before are 410 from now on. */
  compact(): void {
    this.#fake.state.compact()
  }

  snapshot(): Snapshot {
    return this.#fake.state.snapshot()
  }

  /** As after restoring a backup of etcd: versions go back, every watch breaks. */
  restore(snapshot: Snapshot): void {
    this.#fake.state.restore(snapshot)
    this.#fake.watches.drop()
  }
}
