/** What there is to be selected: the metadata of pods and workloads, listed for one review and within its time. */
import type { KubeObject, KubeReader, Resource } from '../../shared/kube/api.ts'
import { ApiError } from '../../shared/kube/errors.ts'
import { apiVersionOf, PODS, WORKLOADS } from '../../shared/kube/resources.ts'
import { millis, type Millis } from '../../shared/lib/time.ts'
import type { LiveObject, LiveObjects } from '../../shared/rules/across/live-objects.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import type { Timers } from '../../shared/runtime/timers.ts'

/** undefined: nothing could be listed, or there was nowhere to look. Never rejects for what the API server does. */
export type LookAtObjects = (namespaces: readonly string[]) => Promise<LiveObjects | undefined>

export interface LiveObjectsOptions {
  readonly api: Pick<KubeReader, 'list'>
  readonly timers: Pick<Timers, 'monotonic'>
  readonly log: Logger
}

/** The API server waits for three seconds in all, and rights are asked for two. */
const DEADLINE = millis(1000)
/** A page of metadata is some hundred kilobytes. */
const PAGE = 500
/** Of one kind in one namespace: what is beyond is said to be there, and not counted. */
const MOST = 2000
/** Namespaces of one policy that are looked at. */
const MOST_NAMESPACES = 4

/** What the door lists: what policies act on, and what owns it. */
export const LISTED: readonly Resource[] = [PODS, ...WORKLOADS]

export const liveObjects =
  ({ api, timers, log }: LiveObjectsOptions): LookAtObjects =>
  async (namespaces) => {
    if (namespaces.length === 0) return undefined
    const end = timers.monotonic() + DEADLINE
    const looked = namespaces.slice(0, MOST_NAMESPACES)
    const lists = await Promise.all(looked.flatMap((namespace) => LISTED.map((resource) => listAll(api, resource, namespace, () => millis(end - timers.monotonic()), log))))
    const seen = lists.filter((list) => list !== undefined)
    if (seen.length === 0) return undefined
    return { objects: seen.flatMap(({ objects }) => objects), complete: looked.length === namespaces.length && seen.length === lists.length && seen.every(({ complete }) => complete) }
  }

/** Page by page for as long as there is time. undefined: not even the first one came. */
async function listAll(api: Pick<KubeReader, 'list'>, resource: Resource, namespace: string, left: () => Millis, log: Logger): Promise<LiveObjects | undefined> {
  const objects: LiveObject[] = []
  let token: string | undefined
  try {
    do {
      const timeout = left()
      if (timeout <= 0) return objects.length === 0 ? undefined : { objects, complete: false }
      const page = await api.list(resource, { namespace, metadataOnly: true, limit: PAGE, timeout, ...(token === undefined ? {} : { continue: token }) })
      objects.push(...page.items.map((item) => liveObject(item, resource)))
      token = page.continue
    } while (token !== undefined && objects.length < MOST)
    return { objects, complete: token === undefined }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    log.warn('objects could not be listed', { resource: resource.plural, namespace, error })
    return objects.length === 0 ? undefined : { objects, complete: false }
  }
}

const liveObject = ({ metadata }: KubeObject, resource: Resource): LiveObject => ({
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  uid: metadata.uid,
  labels: metadata.labels ?? {},
  owner: metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid,
})
