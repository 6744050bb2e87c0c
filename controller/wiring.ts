/** What makes which reconciler run: from watches to queues. */
import type { KubeObject } from '../shared/lib/object.ts'
import { keyString, parseKey } from '../shared/kube/store.ts'
import type { Reconcile } from '../shared/runtime/reconcile-loop.ts'
import type { WorkQueue } from '../shared/runtime/work-queue.ts'
import type { WatchedCluster } from './adapters/cluster-cache.ts'
import type { ApiOwnObjects } from './adapters/own-objects.ts'
import type { PolicyKey } from './ports/ledgers.ts'

type Queue = Pick<WorkQueue, 'add'>

const keyOf = ({ metadata }: KubeObject): string => keyString({ namespace: metadata.namespace, name: metadata.name })

export function wire(cluster: WatchedCluster, objects: ApiOwnObjects, policyQueue: Queue, actionQueue: Queue): void {
  objects.policies.subscribe(({ object }) => policyQueue.add(keyOf(object)))
  objects.actions.subscribe(({ object }) => {
    actionQueue.add(keyOf(object))
    // The end of an action frees its slot and may call for the next rung.
    const { namespace, name } = object.spec.policyRef
    policyQueue.add(keyString({ namespace, name }))
  })
  cluster.onChange((namespace) => {
    const policies = namespace === undefined ? [...objects.policies.store.values()] : objects.policiesIn(namespace)
    for (const policy of policies) policyQueue.add(keyOf(policy))
    if (namespace === undefined) return
    for (const action of objects.openActions(namespace)) actionQueue.add(keyOf(action))
  })
}

/** A reconciler knows policies and actions by namespace and name; a queue knows strings. */
export const byKey =
  (reconcile: (key: PolicyKey) => ReturnType<Reconcile>): Reconcile =>
  (text) => {
    const { namespace = '', name } = parseKey(text)
    return reconcile({ namespace, name })
  }
