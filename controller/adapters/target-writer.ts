/**
 * The one function that writes to workloads. It runs only as the healer of the target's namespace and only with both
 * preconditions; nothing else of the controller holds a client that could.
 */
import { isKnownByScale } from '../../shared/api/v1alpha1/action-kinds.ts'
import { groupOf } from '../../shared/api/v1alpha1/kinds.ts'
import { HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { KubeObject, KubeWriter, ObjectKey, Patch, Resource, WriteOptions } from '../../shared/kube/api.ts'
import { ApiError } from '../../shared/kube/errors.ts'
import { apiVersionOf, PODS, WORKLOADS } from '../../shared/kube/resources.ts'
import type { Deletion, Eviction, Operation, Patching, Scaling } from '../actions/action.ts'
import { correlationOf } from '../healing/correlation.ts'
import type { ObjectRef } from '../healing/snapshot.ts'
import type { TargetWriter, WriteResult } from '../ports/target-writer.ts'

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const PLURAL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
/** Empty, null and "0" would mean "no precondition" to the API server. */
const RESOURCE_VERSION = /^[1-9][0-9]*$/
const FIELD_MANAGER = 'kubeskippy'

type Api = Pick<KubeWriter, 'post' | 'patch' | 'delete'>

interface Call {
  readonly resource: Resource
  readonly key: Required<ObjectKey>
  readonly options: WriteOptions
}

export const targetWriter = (api: Api, version: string): TargetWriter => ({
  write: async (operation, { act, dryRun }) => {
    const { target, preconditions } = operation
    const { namespace, name } = target
    const resource = operation.kind === 'scale' && operation.plural !== undefined ? scaledResource(target, operation.plural) : [PODS, ...WORKLOADS].find((known) => known.kind === target.kind && apiVersionOf(known) === target.apiVersion)
    if (!NAMESPACE.test(namespace) || name === '' || resource === undefined) throw new Error('a write needs one named object of one namespace, of a kind that actions write to')
    if (preconditions.uid === '' || !RESOURCE_VERSION.test(preconditions.resourceVersion)) throw new Error('a write needs the uid and the resourceVersion that were judged')
    const options = {
      dryRun,
      fieldManager: FIELD_MANAGER,
      impersonate: serviceAccountUser(namespace, HEALER_ACCOUNT),
      // Whoever reads the audit log finds the decision by this.
      userAgent: `kubeskippy/${version} (healingaction ${act.spec.policyRef.namespace}/${act.metadata.name}; correlation-id ${correlationOf(act.spec)})`,
    }
    try {
      const object = await carryOut(api, operation, { resource, key: { namespace, name }, options })
      return { kind: 'Done', ...(object === undefined ? {} : { object }) }
    } catch (error) {
      if (error instanceof ApiError) return meaning(error)
      throw error
    }
  },
})

function carryOut(api: Api, operation: Operation, call: Call): Promise<KubeObject | undefined> {
  switch (operation.kind) {
    case 'evict':
      return evict(api, operation, call)
    case 'delete':
      return remove(api, operation, call)
    case 'patch':
      return api.patch(call.resource, call.key, guarded(operation), call.options)
    case 'scale':
      return scale(api, operation, call)
    default:
      return operation satisfies never
  }
}

async function evict(api: Api, { preconditions, gracePeriodSeconds }: Eviction, { resource, key, options }: Call): Promise<undefined> {
  if (resource !== PODS) throw new Error('only a pod is evicted')
  const grace = checkedGrace(gracePeriodSeconds)
  await api.post(PODS, key, 'eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: key, deleteOptions: { preconditions, ...grace } }, options)
}

async function remove(api: Api, { preconditions, gracePeriodSeconds, propagationPolicy }: Deletion, { resource, key, options }: Call): Promise<undefined> {
  await api.delete(resource, key, { ...options, preconditions, ...checkedGrace(gracePeriodSeconds), ...(propagationPolicy === undefined ? {} : { propagationPolicy }) })
}

async function scale(api: Api, { preconditions, replicas }: Scaling, { resource, key, options }: Call): Promise<undefined> {
  if (!Number.isSafeInteger(replicas) || replicas < 1) throw new Error('nothing is scaled to less than one replica')
  const { metadata } = await api.patch(resource, key, { type: 'merge', body: { metadata: preconditions, spec: { replicas } } }, { ...options, subresource: 'scale' })
  // TRAP: of a custom resource the server does not look at the uid there. The version that goes with it is the same in the real write.
  if (options.dryRun === true && metadata.uid !== preconditions.uid) throw new ApiError({ kind: 'Recreated', code: 0, request: `PATCH ${resource.plural}/scale` })
}

/** Of a kind that has its name from discovery. */
function scaledResource({ apiVersion, kind }: ObjectRef, plural: string): Resource | undefined {
  const group = groupOf(apiVersion)
  if (!isKnownByScale({ apiVersion, kind }) || !PLURAL.test(plural)) return undefined
  return { group, version: group === '' ? apiVersion : apiVersion.slice(group.length + 1), kind, plural, namespaced: true }
}

/** 0 would be a delete by force, through whatever door. */
function checkedGrace(gracePeriodSeconds: number | undefined): { readonly gracePeriodSeconds?: number } {
  if (gracePeriodSeconds === undefined) return {}
  if (!(gracePeriodSeconds >= 1)) throw new Error('a write never deletes by force')
  return { gracePeriodSeconds }
}

/** The patch with both preconditions in it. What it says of them itself would lift them. */
export function guarded({ patch, preconditions: { uid, resourceVersion } }: Pick<Patching, 'patch' | 'preconditions'>): Patch {
  if (patch.type === 'json') {
    // A failed `test` is a bare 422 that says nothing; a replaced resourceVersion that is not the stored one is a 409.
    const first = { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion }
    return { type: 'json', body: [first, { op: 'test', path: '/metadata/uid', value: uid }, ...patch.body] }
  }
  const { metadata } = patch.body
  if (metadata !== undefined && (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))) throw new Error('a patch never replaces metadata')
  return { type: patch.type, body: { ...patch.body, metadata: { ...metadata, uid, resourceVersion } } }
}

/** By reason and cause, never by code alone (a 429 means three things, a 403 four). */
export function meaning(error: ApiError): WriteResult {
  switch (error.kind) {
    case 'NotFound':
      return { kind: 'Gone' }
    case 'Conflict':
    case 'Recreated':
    case 'VersionTooLarge':
      return { kind: 'Changed' }
    // Its tests and paths are looked at before the version is: an object that has changed may look the same.
    case 'PatchFailed':
      return { kind: 'Misfit' }
    case 'DisruptionBudget':
      return { kind: 'BudgetRefused' }
    // May hide that the pod is another one by now: the next look reads it again.
    case 'DisruptionBudgetPending':
    case 'Throttled':
    // Our own token, not the healer's rights: it is renewed.
    case 'Unauthorized':
      return { kind: 'Later', retryAfter: error.retryAfter }
    case 'Forbidden':
      return { kind: 'Forbidden' }
    case 'Server':
    case 'Timeout':
    case 'Network':
    case 'Aborted':
      return { kind: 'Unknown' }
    case 'AlreadyExists':
    case 'FieldManagerConflict':
    case 'Invalid':
    case 'BadRequest':
    case 'Expired':
    case 'TooLarge':
      return { kind: 'Refused', code: error.code }
    default:
      return error.kind satisfies never
  }
}
