/** What a server must offer to be held to the contract. One harness serves a whole suite. */
import { expect } from 'chai'
import type { KubeApi, KubeManifest, KubeObject, KubeVersion, ObjectKey, Resource, WatchEvent } from '../../kube/api.ts'
import { isApiError, type ApiError, type ApiErrorKind } from '../../kube/errors.ts'
import { PODS } from '../../kube/resources.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { ScalePaths } from '../fake-cluster/definitions.ts'

export interface Harness {
  /** Its connections can be cut. */
  readonly api: KubeApi & KubeVersion
  /** Of the same server, and never cut. */
  readonly admin: KubeApi
  readonly timers: Timers
  /** A new namespace in which pods can be created. */
  readonly namespace: () => Promise<string>
  /** As by a CustomResourceDefinition; without paths its objects have no scale. */
  readonly define: (resource: Resource, scale?: ScalePaths) => Promise<void>
  /** Breaks every connection of `api` and refuses new ones until the returned function is called. */
  readonly cut: () => Promise<() => Promise<void>>
  /** The next line of each watch of `api` is cut in its middle, and the watch with it. */
  readonly truncate: () => Promise<void>
  /** Watches of `api` that run say nothing from now on, without an end; those that begin later do. */
  readonly silence: () => Promise<void>
  /** The next call of `api` is turned away by priority and fairness: 429, a text and no Status, never carried out. */
  readonly throttle: () => Promise<void>
  /** From now on watches, lists and pages of before are answered with 410. Breaks connections. */
  readonly forgetHistory: () => Promise<void>
  /** Repeats the assertion, letting time pass, until it holds. */
  readonly eventually: <T>(assertion: () => T | Promise<T>) => Promise<T>
  readonly stop: () => Promise<void>
}

/** Suites get it when they run, not when they are declared. */
export type GetHarness = () => Harness

/** The error that the call ends with. @throws when it succeeds, or fails with another kind or code */
export async function refusal(call: Promise<unknown>, kind: ApiErrorKind, code?: number): Promise<ApiError> {
  let answer: unknown
  try {
    answer = await call
  } catch (error) {
    if (!isApiError(error)) throw error
    expect(error.kind, `${error.message}: ${error.serverMessage ?? ''}`).to.equal(kind)
    if (code !== undefined) expect(error.code).to.equal(code)
    return error
  }
  throw new Error(`expected ${kind}, got ${JSON.stringify(answer)?.slice(0, 300)}`)
}

/** Another uid, another version: never those of the object. */
export const OTHER_UID = '11111111-2222-4333-8444-555555555555'
export const OLD_VERSION = '1'

export const configMap = (key: ObjectKey, data: Readonly<Record<string, string>> = {}, labels?: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...metadataOf(key), ...(labels === undefined ? {} : { labels }) },
  data,
})

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface Workload extends KubeObject {
  readonly spec: { readonly replicas: number; readonly minReadySeconds?: number }
  readonly status?: { readonly replicas?: number }
}

/** With no pods, so that it can be changed without making any. */
export const deployment = (key: ObjectKey): KubeManifest & { readonly spec: unknown } => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadataOf(key),
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: key.name } },
    template: { metadata: { labels: { app: key.name } }, spec: { containers: [{ name: 'main', image: 'example.invalid/app:1' }] } },
  },
})

export interface PodOptions {
  readonly labels?: Readonly<Record<string, string>>
  /** A node that does not exist: the pod terminates and never ends. Default: none, it goes at once. */
  readonly nodeName?: string
}

/** No scheduler feels responsible, so that nobody else writes to it. */
export const pod = (key: ObjectKey, { labels = {}, nodeName }: PodOptions = {}): KubeManifest & { readonly spec: unknown } => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...metadataOf(key), labels },
  spec: {
    schedulerName: 'nobody',
    automountServiceAccountToken: false,
    containers: [{ name: 'main', image: 'example.invalid/app:1' }],
    ...(nodeName === undefined ? {} : { nodeName }),
  },
})

/** What a kubelet would report. */
export const setReady = (api: KubeApi, key: ObjectKey, ready: boolean): Promise<KubeObject> =>
  api.patch(
    PODS,
    key,
    { type: 'merge', body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } } },
    { subresource: 'status' },
  )

const metadataOf = ({ namespace, name }: ObjectKey) => (namespace === undefined ? { name } : { name, namespace })

/** The first `count` events of a watch, bookmarks left out; the watch is then let go. */
export async function firstEvents<T extends KubeObject>(watch: AsyncIterable<WatchEvent<T>>, count: number) {
  const events: Exclude<WatchEvent<T>, { readonly type: 'BOOKMARK' }>[] = []
  for await (const event of watch) {
    if (event.type !== 'BOOKMARK') events.push(event)
    if (events.length === count) break
  }
  return events
}
