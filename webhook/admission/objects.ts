/** What there is to be selected: the metadata of pods and workloads, listed for one review and within its time. */
import { groupOf } from '../../shared/api/v1alpha1/kinds.ts'
import type { KubeObject, KubeReader, Resource } from '../../shared/kube/api.ts'
import { ApiError } from '../../shared/kube/errors.ts'
import { apiVersionOf, DEPLOYMENTS, HORIZONTAL_POD_AUTOSCALERS, PODS, STATEFUL_SETS, WORKLOADS } from '../../shared/kube/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import { controllerOf, referenceIn } from '../../shared/lib/references.ts'
import { millis, type Millis } from '../../shared/lib/time.ts'
import type { Autoscaler, LiveObject, LiveObjects } from '../../shared/rules/across/live-objects.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import type { Timers } from '../../shared/runtime/timers.ts'

/** undefined: nothing could be listed, or there was nowhere to look. Never rejects for what the API server does. */
export type LookAtObjects = (namespaces: readonly string[], more?: Looking) => Promise<LiveObjects | undefined>

export interface Looking {
  /** Namespace of which numbers of replicas and autoscalers are asked for as well. */
  readonly scaledIn?: string
}

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

/** What the door lists of each namespace: what policies act on, and what owns it. */
export const LISTED: readonly Resource[] = [PODS, ...WORKLOADS]
/** Of these the whole is asked for where a policy scales: metadata tells no number of replicas. */
const COUNTED: readonly Resource[] = [DEPLOYMENTS, STATEFUL_SETS]

export const liveObjects =
  ({ api, timers, log }: LiveObjectsOptions): LookAtObjects =>
  async (namespaces, { scaledIn } = {}) => {
    if (namespaces.length === 0) return undefined
    const end = timers.monotonic() + DEADLINE
    const looked = namespaces.slice(0, MOST_NAMESPACES)
    const left = (): Millis => millis(end - timers.monotonic())
    const scaling = scaledIn === undefined ? undefined : autoscalersIn(api, scaledIn, left, log)
    const lists = await Promise.all(
      looked.flatMap((namespace) => LISTED.map((resource) => listAll({ api, resource, namespace, metadataOnly: namespace !== scaledIn || !COUNTED.includes(resource), left, log }))),
    )
    const autoscalers = await scaling
    const seen = lists.filter((list) => list !== undefined)
    if (seen.length === 0) return undefined
    const complete = looked.length === namespaces.length && seen.length === lists.length && seen.every((list) => list.complete)
    return { objects: seen.flatMap(({ objects }) => objects), complete, ...(autoscalers === undefined ? {} : { autoscalers }) }
  }

interface Listing extends Pick<LiveObjectsOptions, 'api' | 'log'> {
  readonly resource: Resource
  readonly namespace: string
  readonly metadataOnly: boolean
  readonly left: () => Millis
}

/** Page by page for as long as there is time. undefined: not even the first one came. */
async function listAll({ api, resource, namespace, metadataOnly, left, log }: Listing): Promise<LiveObjects | undefined> {
  const objects: LiveObject[] = []
  let token: string | undefined
  try {
    do {
      const timeout = left()
      if (timeout <= 0) return objects.length === 0 ? undefined : { objects, complete: false }
      const page = await api.list(resource, { namespace, metadataOnly, limit: PAGE, timeout, ...(token === undefined ? {} : { continue: token }) })
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

const liveObject = ({ metadata, ...rest }: KubeObject, resource: Resource): LiveObject => ({
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  uid: metadata.uid,
  labels: metadata.labels ?? {},
  owner: controllerOf({ metadata })?.uid,
  ...replicasOf(rest),
})

function replicasOf(raw: object): Pick<LiveObject, 'replicas'> {
  const spec = 'spec' in raw ? raw.spec : undefined
  return isObject(spec) && typeof spec['replicas'] === 'number' ? { replicas: spec['replicas'] } : {}
}

/** One page: a namespace has fewer. What KEDA scales it scales by one of these. undefined: they are not known. */
async function autoscalersIn(api: Pick<KubeReader, 'list'>, namespace: string, left: () => Millis, log: Logger): Promise<readonly Autoscaler[] | undefined> {
  const resource = HORIZONTAL_POD_AUTOSCALERS
  try {
    return (await api.list(resource, { namespace, limit: PAGE, timeout: left() })).items.flatMap(autoscalerOf)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    log.warn('objects could not be listed', { resource: resource.plural, namespace, error })
    return undefined
  }
}

/** One that another object made is named by that. */
function autoscalerOf(raw: KubeObject): readonly Autoscaler[] {
  const target = referenceIn(raw, 'scaleTargetRef')
  if (target.kind === '' || target.name === '') return []
  const { kind, name } = controllerOf(raw) ?? { kind: HORIZONTAL_POD_AUTOSCALERS.kind, name: raw.metadata.name }
  return [{ kind, name, of: { ...(target.apiVersion === '' ? {} : { group: groupOf(target.apiVersion) }), kind: target.kind, namespace: raw.metadata.namespace ?? '', name: target.name } }]
}
