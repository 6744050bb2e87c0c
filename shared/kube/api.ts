/**
 * What every room that talks to the API server asks for. Two implementations pass one contract suite: the real one
 * (`transport.ts`) and the fake cluster (`shared/testing/fake-cluster`). Errors are `ApiError` (`errors.ts`).
 */
import type { KubeObject, ObjectMeta } from '../lib/object.ts'
import type { Instant, Millis } from '../lib/time.ts'
import type { ServerVersion } from './server-version.ts'

export type { KubeObject, ObjectMeta, OwnerReference } from '../lib/object.ts'

/** One resource of the API, as discovery would name it. */
export interface Resource {
  /** `''` is the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
}

/** As the API server tells of it. */
export interface DiscoveredResource extends Resource {
  /** It has the subresource `scale`. */
  readonly scalable: boolean
}

/** What is sent: the server fills in the rest of the metadata. */
export interface KubeManifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string } & Partial<ObjectMeta>
}

export interface ObjectKey {
  /** `undefined` for cluster-scoped resources. */
  readonly namespace?: string | undefined
  readonly name: string
}

export interface CallOptions {
  /** Ends the call with an `ApiError` of kind `Aborted`. */
  readonly signal?: AbortSignal
  /** Deadline of the call; default 10 s. Past it: `ApiError` of kind `Timeout` (a write may have landed: I18). */
  readonly timeout?: Millis
  /** Sent as `User-Agent`; the audit log holds it. */
  readonly userAgent?: string
  /** Sent as `Impersonate-User`; nothing else of the identity may be sent. */
  readonly impersonate?: string
  /** Called when the request is about to leave, after every wait for a connection. What it throws is the call's error, and nothing is sent. */
  readonly fence?: () => void
}

export interface GetOptions extends CallOptions {
  /**
   * Resource version of the caller's own last write: the answer is not older (I7). `ApiError` of kind `VersionTooLarge`
   * when this server has not seen it yet.
   */
  readonly notOlderThan?: string
  /** `scale`, `status`. */
  readonly subresource?: string
}

export interface WriteOptions extends CallOptions {
  readonly dryRun?: boolean
  /** At most 128 bytes. */
  readonly fieldManager?: string
  /** Each warning of the server and of its webhooks, as it wrote it; also when the call fails. */
  readonly onWarning?: (text: string) => void
  /** `status`, `eviction`, `scale`, ... */
  readonly subresource?: string
}

export type Patch =
  | { readonly type: 'merge'; readonly body: unknown }
  | { readonly type: 'strategic'; readonly body: unknown }
  | { readonly type: 'json'; readonly body: readonly unknown[] }
  | { readonly type: 'apply'; readonly body: unknown; readonly force?: boolean }

export interface ListOptions extends CallOptions {
  /** All namespaces when absent. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  /** Ask for `PartialObjectMetadata` only. */
  readonly metadataOnly?: boolean
  /** The collection as it was at this version; `ApiError` of kind `Expired` when the server no longer has it. */
  readonly exactVersion?: string
}

export interface ObjectList<T extends KubeObject = KubeObject> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  /** Token of the next page; absent on the last one. */
  readonly continue?: string
}

export interface WatchOptions extends CallOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion: string
  /** Whole seconds after which the server ends the watch. */
  readonly timeoutSeconds: number
  readonly metadataOnly?: boolean
}

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export interface DeletePreconditions {
  readonly uid: string
  readonly resourceVersion: string
}

export interface DeleteOptions extends WriteOptions {
  readonly preconditions?: DeletePreconditions
  /** Whole seconds, 1 or more: 0 is a force delete. */
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
}

export interface LogOptions extends CallOptions {
  readonly container: string
  /** Of the run before this one. */
  readonly previous?: boolean
  /** Of its end. */
  readonly tailLines: number
  /** Of those lines, from the first one on: the last one may be cut. At most this is sent. */
  readonly limitBytes?: number
  /** Of those lines, up to the last one: the first one may be cut. What is before it is sent and let go, whatever the limit of answers. */
  readonly lastBytes?: number
}

export interface KubeReader {
  get<T extends KubeObject>(resource: Resource, key: ObjectKey, options?: GetOptions): Promise<T>
  list<T extends KubeObject>(resource: Resource, options?: ListOptions): Promise<ObjectList<T>>
  /** What a container wrote. `BadRequest` when there is no such run. */
  log(resource: Resource, key: ObjectKey, options: LogOptions): Promise<string>
  /**
   * Events until the server ends the stream (returns) or it breaks (throws `ApiError`). An ERROR event is thrown as the
   * error it carries (410 in either form: kind `Expired`). A truncated last line is thrown, never dropped.
   */
  watch<T extends KubeObject>(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent<T>>
  /** The resources of one version of a group, subresources apart. `ApiError` of kind `NotFound` when the server has none. */
  discover(group: string, version: string, options?: CallOptions): Promise<readonly DiscoveredResource[]>
  /**
   * The server's clock as its last `Date` header told it, advanced by the monotonic clock since then (resolution 1 s);
   * undefined before the first answer.
   */
  serverTime(): Instant | undefined
}

export interface KubeWriter {
  create<T extends KubeObject>(resource: Resource, manifest: KubeManifest, options?: WriteOptions): Promise<T>
  /**
   * POST to a subresource (`eviction`, `token`): the body's kind is not the resource's. With the subresource `''` to
   * the collection, whatever the key's name: reviews have none.
   */
  post<T>(resource: Resource, key: ObjectKey, subresource: string, body: unknown, options?: Omit<WriteOptions, 'subresource'>): Promise<T>
  /** PUT; the manifest must carry the resourceVersion that was read. */
  replace<T extends KubeObject>(resource: Resource, manifest: KubeManifest, options?: WriteOptions): Promise<T>
  patch<T extends KubeObject>(resource: Resource, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T>
  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void>
}

export interface KubeApi extends KubeReader, KubeWriter {}

export interface KubePods {
  /** What a pod answers at a path of one of its ports, asked through the API server, whatever its status. `ApiError` when nobody answers. */
  podAnswer(key: Required<ObjectKey>, port: number, path: string, options?: CallOptions): Promise<string>
}

export interface KubeVersion {
  serverVersion(): Promise<ServerVersion>
  /** Versions of a group that it serves, the preferred one first; empty: it has no such group. */
  versionsOf(group: string): Promise<readonly string[]>
  /** What it says of the kinds of a version of a group (OpenAPI v3), by kind; empty: it has no such version. */
  schemasOf(group: string, version: string): Promise<ReadonlyMap<string, unknown>>
}
