/** The eviction subresource, step by step as the API server takes it (KUBERNETES.md 1). */
import { isObject } from '../../lib/json.ts'
import { matchesLabels } from '../../lib/selector.ts'
import type { ObjectKey } from '../../kube/api.ts'
import { POD_DISRUPTION_BUDGETS, PODS } from '../../kube/resources.ts'
import { badRequest, budgetExhausted, budgetPending, conflict, notFound, twoBudgets } from './answers.ts'
import { at, conditionOf, listAt, numberAt, stringAt, type StoredObject } from './objects.ts'
import { collectionOf } from './state.ts'
import { remove, timestamp, type WriteContext } from './writes.ts'

interface Preconditions {
  readonly uid?: string
  readonly resourceVersion?: string
}

interface Eviction {
  readonly preconditions: Preconditions
  readonly dryRun: boolean
  readonly gracePeriodSeconds: number | undefined
}

export function evict(context: WriteContext, key: ObjectKey, body: unknown, dryRunParameter: boolean): void {
  if (stringAt(body, 'metadata', 'name') !== key.name) throw badRequest('name in URL does not match name in Eviction object')
  const eviction = read(body, dryRunParameter)
  const pod = context.state.get(PODS, key)
  if (pod === undefined) throw notFound(PODS, key.name)
  if (ignoresBudgets(pod)) {
    addConditionAndDelete(context, pod, eviction)
    return
  }
  const budgets = matchingBudgets(context, pod)
  if (budgets.length > 1) throw twoBudgets()
  const [budget] = budgets
  if (budget === undefined) {
    addConditionAndDelete(context, pod, eviction)
    return
  }
  if (conditionOf(pod, 'Ready') !== 'True' && letsUnhealthyGo(budget)) {
    evictUnhealthy(context, pod, eviction, budget)
    return
  }
  // The budget is charged before the preconditions are looked at: a stale eviction costs it for two minutes.
  charge(context, budget, pod, eviction.dryRun)
  addConditionAndDelete(context, pod, eviction)
}

/** The server puts its own resourceVersion in place of the caller's, and hides a wrong uid when the caller sent no version. */
function evictUnhealthy(context: WriteContext, pod: StoredObject, eviction: Eviction, budget: StoredObject): void {
  const { uid, resourceVersion } = eviction.preconditions
  if (uid !== undefined && uid !== pod.metadata.uid && resourceVersion === undefined) throw budgetPending(budget.metadata.name)
  const preconditions = { ...eviction.preconditions, resourceVersion: pod.metadata.resourceVersion }
  addConditionAndDelete(context, pod, { ...eviction, preconditions })
}

function addConditionAndDelete(context: WriteContext, pod: StoredObject, { preconditions, dryRun, gracePeriodSeconds }: Eviction): void {
  const { name, namespace, uid, resourceVersion } = pod.metadata
  if (preconditions.uid !== undefined && preconditions.uid !== uid) throw conflict({ ...PODS, plural: 'Pod' }, name, 'the UID in the precondition does not match')
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw conflict({ ...PODS, plural: 'Pod' }, name, 'the ResourceVersion in the precondition does not match')
  }
  if (dryRun) return
  if (conditionOf(pod, 'DisruptionTarget') !== 'True') {
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastTransitionTime: timestamp(context.clock),
    }
    const status = { ...(pod.status as object), conditions: [...listAt(pod, 'status', 'conditions'), condition] }
    context.state.put(collectionOf(PODS), { ...pod, status })
  }
  remove(context, PODS, { namespace, name }, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds })
}

/** @throws Refused: what 429 the budget answers with */
function charge(context: WriteContext, budget: StoredObject, pod: StoredObject, dryRun: boolean): void {
  const { name, generation = 1 } = budget.metadata
  if (numberAt(budget, 'status', 'observedGeneration') < generation) throw budgetPending(name)
  const allowed = numberAt(budget, 'status', 'disruptionsAllowed')
  if (allowed <= 0) throw budgetExhausted(name, numberAt(budget, 'status', 'desiredHealthy'), numberAt(budget, 'status', 'currentHealthy'))
  if (dryRun) return
  const disrupted = at(budget, 'status', 'disruptedPods')
  const status = {
    ...(budget.status as object),
    disruptionsAllowed: allowed - 1,
    disruptedPods: { ...(isObject(disrupted) ? disrupted : {}), [pod.metadata.name]: timestamp(context.clock) },
  }
  context.state.put(collectionOf(POD_DISRUPTION_BUDGETS), { ...budget, status })
}

function ignoresBudgets(pod: StoredObject): boolean {
  const phase = stringAt(pod, 'status', 'phase')
  return phase === 'Pending' || phase === 'Succeeded' || phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined
}

function letsUnhealthyGo(budget: StoredObject): boolean {
  if (stringAt(budget, 'spec', 'unhealthyPodEvictionPolicy') === 'AlwaysAllow') return true
  const desired = numberAt(budget, 'status', 'desiredHealthy')
  return desired > 0 && numberAt(budget, 'status', 'currentHealthy') >= desired
}

const matchingBudgets = ({ state }: WriteContext, pod: StoredObject): readonly StoredObject[] =>
  state.all(POD_DISRUPTION_BUDGETS).filter((budget) => {
    const selector = at(budget, 'spec', 'selector')
    // An absent selector matches nothing, an empty one everything.
    return budget.metadata.namespace === pod.metadata.namespace && isObject(selector) && matchesLabels(selector, pod.metadata.labels)
  })

function read(body: unknown, dryRunParameter: boolean): Eviction {
  const options = at(body, 'deleteOptions')
  const uid = stringAt(options, 'preconditions', 'uid')
  const resourceVersion = stringAt(options, 'preconditions', 'resourceVersion')
  const grace = at(options, 'gracePeriodSeconds')
  return {
    preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
    dryRun: dryRunParameter || listAt(options, 'dryRun').includes('All'),
    gracePeriodSeconds: typeof grace === 'number' ? grace : undefined,
  }
}
