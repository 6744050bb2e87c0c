/** What makes which reconciler run: from watches to queues. */
import type { HealingPolicy } from '../shared/api/v1alpha1/types.ts'
import { TerminalError } from '../shared/lib/errors.ts'
import { sameJson } from '../shared/lib/json.ts'
import type { KubeObject } from '../shared/lib/object.ts'
import { millis, seconds } from '../shared/lib/time.ts'
import { keyString, parseKey } from '../shared/kube/store.ts'
import { couldConflict } from '../shared/rules/across/ks501-conflict.ts'
import { ACCEPTED } from '../shared/rules/across/standing.ts'
import { normalised } from '../shared/rules/judge.ts'
import type { Reconcile } from '../shared/runtime/reconcile-loop.ts'
import type { WorkQueue } from '../shared/runtime/work-queue.ts'
import type { Wanted } from './adapters/metrics/rounds.ts'
import type { WatchedCluster } from './adapters/cluster-cache.ts'
import type { Change } from './healing/concern.ts'
import { demandOf } from './healing/demand.ts'
import type { LedgerStore } from './adapters/ledger-store.ts'
import { reachOf, type OwnWatches } from './adapters/own-objects.ts'
import { compilePolicy, type CompiledPolicy } from './healing/policy.ts'
import { select } from './healing/select.ts'
import type { PolicyKey } from './ports/ledgers.ts'
import { kubeletQuestions, metricQuestions } from './triggers/metric/args.ts'

type Queue = Pick<WorkQueue, 'add' | 'addAfter'>

/** Two controllers that see different worlds must not answer each other's writes without end. */
const ECHO = seconds(1)

const keyOf = ({ metadata }: KubeObject): string => keyString({ namespace: metadata.namespace, name: metadata.name })

/** Only what is of these namespaces gets into it. */
export const within = (has: (namespace: string) => boolean, queue: Queue): Queue => ({
  add: (key) => {
    if (has(parseKey(key).namespace ?? '')) queue.add(key)
  },
  addAfter: (key, wait) => {
    if (has(parseKey(key).namespace ?? '')) queue.addAfter(key, wait)
  },
})

/** A policy looks this long after a change that is for others: whatever it may have to do with it is never lost. */
const LATER = seconds(30)

/**
 * Returns how to cut the wires again.
 * @param concerned whether a policy looks at what has changed
 */
export function wire(cluster: WatchedCluster, objects: OwnWatches, ledgers: LedgerStore, queues: Readonly<Record<'policy' | 'action' | 'history', Queue>>, concerned: (policy: HealingPolicy, change: Change) => boolean): () => void {
  const { policy: policyQueue, action: actionQueue, history } = queues
  /** Whether somebody still has to decide on them may have changed. */
  const askAgain = (policy: PolicyKey): void => {
    for (const action of objects.openActions(policy.namespace)) {
      const { spec, status } = action
      if (spec.approvalRequired === true && status?.approvedAt === undefined && spec.policyRef.name === policy.name && spec.policyRef.namespace === policy.namespace) actionQueue.addAfter(keyOf(action), ECHO)
    }
  }
  const policies = objects.policies.subscribe((event) => {
    if (event.type === 'updated' && !concerns(event.old, event.object)) return
    policyQueue.add(keyOf(event.object))
    const { namespace = '', name } = event.object.metadata
    askAgain({ namespace, name })
    history.addAfter(keyOf(event.object), ECHO)
  })
  // Of two that cannot both act one is stopped, and goes on when the other one is gone, changed or refused.
  const neighbours = objects.policies.subscribe((event) => {
    // A new one goes before nobody that acts.
    if (event.type === 'added') return
    const seen = event.type === 'updated' ? [event.old, event.object] : [event.object]
    if (event.type === 'updated' && !concerns(event.old, event.object) && standing(event.old) === standing(event.object)) return
    for (const namespace of new Set(seen.flatMap(reachOf))) {
      for (const other of objects.policiesIn(namespace)) if (other !== event.object && seen.some((one) => inTheWay(one, other))) policyQueue.addAfter(keyOf(other), ECHO)
    }
  })
  const actions = objects.actions.subscribe((event) => {
    const { namespace, name } = event.object.spec.policyRef
    // The end of an action frees its slot and may call for the next rung; what else moves in it can wait.
    const wait = event.type === 'updated' && event.old.status?.phase === event.object.status?.phase ? ECHO : millis(0)
    actionQueue.addAfter(keyOf(event.object), wait)
    policyQueue.addAfter(keyString({ namespace, name }), wait)
    history.addAfter(keyString({ namespace, name }), ECHO)
  })
  const memory = ledgers.onChange((policy) => {
    policyQueue.addAfter(keyString(policy), ECHO)
    askAgain(policy)
    // An action may go when it has been settled.
    history.addAfter(keyString(policy), ECHO)
  })
  // The policy that acted goes on first: its next rung is not lost to another one.
  const freed = ledgers.onClaimGivenBack((namespace) => {
    for (const policy of objects.policiesIn(namespace)) policyQueue.addAfter(keyOf(policy), ECHO)
  })
  const world = cluster.onChange((namespace, change) => {
    const policies = namespace === undefined ? [...objects.policies.store.values()] : objects.policiesIn(namespace)
    for (const policy of policies) {
      if (change === undefined || concerned(policy, change)) policyQueue.add(keyOf(policy))
      else policyQueue.addAfter(keyOf(policy), LATER)
    }
    if (namespace === undefined) return
    for (const action of objects.openActions(namespace)) actionQueue.add(keyOf(action))
  })
  return () => {
    for (const cut of [policies, neighbours, actions, memory, freed, world]) cut()
  }
}

/** Policies whose metrics were read, and what is carried out by them in the same namespaces. */
export function tellPolicies(policies: readonly string[], objects: OwnWatches, policyQueue: Queue, actionQueue: Queue): void {
  for (const key of policies) policyQueue.add(key)
  for (const namespace of new Set(policies.map((key) => parseKey(key).namespace ?? ''))) {
    for (const action of objects.openActions(namespace)) actionQueue.add(keyOf(action))
  }
}

/** Policies and open actions of namespaces about which alerts were told. */
export function tellNamespaces(namespaces: ReadonlySet<string>, objects: OwnWatches, policyQueue: Queue, actionQueue: Queue): void {
  for (const namespace of namespaces) {
    for (const policy of objects.policiesIn(namespace)) policyQueue.add(keyOf(policy))
    for (const action of objects.openActions(namespace)) actionQueue.add(keyOf(action))
  }
}

interface Asking {
  readonly compiled: CompiledPolicy | undefined
  /** Whatever is selected. */
  readonly always: readonly Wanted[]
}

/** What policies of these namespaces ask of metrics. One that does not compile asks nothing; its reconciler says so. */
export function metricsWanted(objects: OwnWatches, has: (namespace: string) => boolean, kubelets: true | undefined, world: (policy: CompiledPolicy) => Parameters<typeof select>[1]): () => readonly Wanted[] {
  const known = new WeakMap<HealingPolicy, Asking>()
  return () =>
    objects.allPolicies().flatMap((policy) => {
      if (!has(policy.metadata.namespace ?? '')) return []
      const { compiled, always } = known.get(policy) ?? askingOf(policy, kubelets)
      known.set(policy, { compiled, always })
      if (compiled === undefined || kubelets === undefined) return always
      // Which nodes depends on what is selected now.
      const nodes = kubeletQuestions(compiled, () => select(compiled, world(compiled)).pods.map(({ object }) => object))
      return [...always, ...nodes.map((asked) => ({ ...asked, by: keyOf(policy) }))]
    })
}

function askingOf(policy: HealingPolicy, kubelets: true | undefined): Asking {
  if (policy.metadata.deletionTimestamp !== undefined) return { compiled: undefined, always: [] }
  try {
    const compiled = compilePolicy(policy)
    return { compiled, always: metricQuestions(compiled, kubelets).map((asked) => ({ ...asked, by: keyOf(policy) })) }
  } catch (error) {
    if (error instanceof TerminalError) return { compiled: undefined, always: [] }
    throw error
  }
}

/** What is watched follows from the policies, whoever leads. Returns how to cut the wire again. */
export const wireDemand = ({ demanded }: WatchedCluster, objects: OwnWatches): (() => void) =>
  objects.policies.subscribe((event) => {
    if (event.type === 'updated' && event.old.metadata.generation === event.object.metadata.generation) return
    for (const namespace of new Set([event.object, ...(event.type === 'updated' ? [event.old] : [])].flatMap(reachOf))) demanded.demand(namespace, demandOf(objects.policiesIn(namespace)))
  })

function inTheWay(one: HealingPolicy, other: HealingPolicy): boolean {
  const [a, b] = [normalised(one), normalised(other)]
  return a !== undefined && b !== undefined && couldConflict(a, b)
}

/** What decides which of two policies goes first, and whether one that is stopped could come back. */
function standing({ status }: HealingPolicy): string | undefined {
  const accepted = status?.conditions?.find(({ type }) => type === ACCEPTED)
  return accepted === undefined ? undefined : `${accepted.status} ${accepted.reason}`
}

/** Our own status, or another controller's, is no news about a policy. */
const concerns = (old: HealingPolicy, { metadata }: HealingPolicy): boolean =>
  old.metadata.uid !== metadata.uid || old.metadata.generation !== metadata.generation || old.metadata.deletionTimestamp !== metadata.deletionTimestamp || !sameJson(old.metadata.annotations, metadata.annotations)

/** A reconciler knows policies and actions by namespace and name; a queue knows strings. */
export const byKey =
  (reconcile: (key: PolicyKey) => ReturnType<Reconcile>): Reconcile =>
  (text) => {
    const { namespace = '', name } = parseKey(text)
    return reconcile({ namespace, name })
  }
