/** Objects of kinds that only their API server knows, read by their `scale`: by discovery, at the time of the act. */
import { nameOf, type KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import { AGGREGATE_LABEL, HEALER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import type { DiscoveredResource, KubeApi, KubeObject } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { SELF_SUBJECT_ACCESS_REVIEWS } from '../../shared/kube/resources.ts'
import { nameOfPermission, nameOfPlural, scalerPermissions, scalingOf, type Permission, type Plural } from '../../shared/rules/action-writes.ts'
import { describe } from '../healing/owners.ts'
import type { Refusal } from '../healing/refusal.ts'
import type { ObjectRef, WorkloadView } from '../healing/snapshot.ts'
import { lookUp } from './kind-directory.ts'
import { scaledView } from './project.ts'

export type ScaledKindsApi = Pick<KubeApi, 'get' | 'post' | 'discover'>

/** `raw` is its scale. Nothing at all: it is not there. */
export interface Scaled {
  readonly target?: WorkloadView
  readonly raw?: KubeObject
  /** Why nothing of its kind can be scaled. */
  readonly blocked?: Refusal
  /** Why it itself cannot. */
  readonly unreadable?: Refusal
}

const unsupported = (message: string): Refusal => ({ reason: 'Unsupported', message })

/** The resource, or why nothing of the kind can be scaled. @throws ApiError when the API server does not answer */
export async function scalable(api: Pick<KubeApi, 'discover'>, kind: KindReference): Promise<DiscoveredResource | string> {
  const found = await lookUp(api, kind)
  return typeof found === 'string' || found.scalable ? found : `${nameOf(kind)} has no scale subresource: its definition tells of none`
}

/** The object as it is now with its scale, if the controller may read both and act on it. @throws ApiError when the API server does not answer */
export async function readScaled(api: ScaledKindsApi, ref: Omit<ObjectRef, 'uid'>): Promise<Scaled> {
  const resource = await scalable(api, ref)
  if (typeof resource === 'string') return { blocked: unsupported(resource) }
  const { namespace, name } = ref
  const key = { namespace, name }
  const lacking = await lackingRights(api, namespace, scalerPermissions(resource))
  if (lacking.length > 0) return { blocked: { reason: 'ControllerForbidden', message: `the controller may not ${lacking.map(nameOfPermission).join(', ')}; grant it in a ClusterRole with the label ${AGGREGATE_LABEL}: "true"` } }
  try {
    const [object, scale] = [await api.get(resource, key), await api.get(resource, key, { subresource: 'scale' })]
    // Another object of that name by now: what was judged is gone.
    if (scale.metadata.uid !== object.metadata.uid) return {}
    return { raw: scale, target: scaledView(object, scale, { ...ref, plural: resource.plural }) }
  } catch (error) {
    if (isApiError(error, 'NotFound')) return {}
    if (isApiError(error, 'Forbidden')) return { blocked: { reason: 'ControllerForbidden', message: `the API server does not let the controller read ${describe(ref)}` } }
    // TRAP: so it answers where the field of the number is not set.
    if (isApiError(error, 'Server') && error.reason === 'InternalError') return { unreadable: unsupported(`the API server cannot tell the scale of ${describe(ref)} (${error.code}): is its number of replicas set?`) }
    throw error
  }
}

/** Those of the rights that the controller does not have. */
async function lackingRights(api: Pick<KubeApi, 'post'>, namespace: string, permissions: readonly Permission[]): Promise<readonly Permission[]> {
  const answers = await Promise.all(permissions.map((permission) => mayItself(api, namespace, permission)))
  return permissions.filter((_, index) => answers[index] !== true)
}

async function mayItself(api: Pick<KubeApi, 'post'>, namespace: string, { apiGroup, resource, verb }: Permission): Promise<boolean> {
  const [name = '', subresource] = resource.split('/')
  const answer = await api.post<{ readonly status?: { readonly allowed?: boolean } }>(SELF_SUBJECT_ACCESS_REVIEWS, { name: '' }, '', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: SELF_SUBJECT_ACCESS_REVIEWS.kind,
    spec: { resourceAttributes: { namespace, verb, group: apiGroup, resource: name, ...(subresource === undefined ? {} : { subresource }) } },
  })
  return answer.status?.allowed === true
}

/** The right of the healer is not there. */
export function healerMayNotScale(namespace: string, resource: Plural): Refusal {
  const message = `ServiceAccount ${namespace}/${HEALER_ACCOUNT} may not ${nameOfPermission(scalingOf(resource))}; apply the output of: kubeskippy enable -n ${namespace} --scale ${nameOfPlural(resource)} --print`
  return { reason: 'HealerForbidden', message }
}
