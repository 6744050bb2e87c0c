/**
 * The one function that writes to workloads. It runs only as the healer of the target's namespace and only with both
 * preconditions; nothing else of the controller holds a client that could.
 */
import { HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { KubeWriter } from '../../shared/kube/api.ts'
import { ApiError } from '../../shared/kube/errors.ts'
import { PODS } from '../../shared/kube/resources.ts'
import type { Operation } from '../actions/action.ts'
import type { TargetWriter, WriteContext, WriteResult } from '../ports/target-writer.ts'

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
/** Empty, null and "0" would mean "no precondition" to the API server. */
const RESOURCE_VERSION = /^[1-9][0-9]*$/
const FIELD_MANAGER = 'kubeskippy'

export const targetWriter = (api: Pick<KubeWriter, 'post'>, version: string): TargetWriter => ({
  write: async (operation, context) => {
    try {
      await evict(api, operation, context, version)
      return { kind: 'Done' }
    } catch (error) {
      if (error instanceof ApiError) return meaning(error)
      throw error
    }
  },
})

async function evict(api: Pick<KubeWriter, 'post'>, { target, preconditions, gracePeriodSeconds }: Operation, { action, dryRun }: WriteContext, version: string): Promise<void> {
  const { namespace, name, kind } = target
  if (!NAMESPACE.test(namespace) || kind !== 'Pod' || name === '') throw new Error('a write needs one named pod of one namespace')
  // 0 would be a force delete by another door.
  if (gracePeriodSeconds !== undefined && !(gracePeriodSeconds >= 1)) throw new Error('a write never deletes by force')
  if (preconditions.uid === '' || !RESOURCE_VERSION.test(preconditions.resourceVersion)) throw new Error('a write needs the uid and the resourceVersion that were judged')
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions: { preconditions, ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) },
  }
  await api.post(PODS, { namespace, name }, 'eviction', body, {
    dryRun,
    fieldManager: FIELD_MANAGER,
    impersonate: serviceAccountUser(namespace, HEALER_ACCOUNT),
    // Whoever reads the audit log finds the decision by this.
    userAgent: `kubeskippy/${version} (healingaction ${namespace}/${action})`,
  })
}

/** By reason and cause, never by code alone (a 429 means three things, a 403 four). */
export function meaning(error: ApiError): WriteResult {
  switch (error.kind) {
    case 'NotFound':
      return { kind: 'Gone' }
    case 'Conflict':
    case 'Recreated':
    case 'PatchFailed':
    case 'VersionTooLarge':
      return { kind: 'Changed' }
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
