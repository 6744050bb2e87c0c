/** Reads the cluster: live while things happen, and once more in full for the verdict. */
import { readFile } from 'node:fs/promises'
import type { HealingAction, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import type { KubeApi, KubeObject, Resource } from '../../shared/kube/api.ts'
import { Reflector } from '../../shared/kube/reflector.ts'
import { DEPLOYMENTS, EVENTS, HEALING_ACTIONS, HEALING_POLICIES, PODS } from '../../shared/kube/resources.ts'
import { connect, type KubeConnection } from '../../shared/kube/transport.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { acceptedWrites } from './audit.ts'
import { NAMESPACE, type ClusterEvent, type Deployment, type LiveWorld, type Pod, type World } from './world.ts'

export const connectTo = (cluster: Cluster): KubeConnection =>
  connect({ kubeconfig: cluster.kubeconfig, userAgent: 'kubeskippy-demo', timers: systemTimers, log: silentLogger })

export interface LiveWatch {
  world(): LiveWorld
  stop(): Promise<void>
}

/** @param changed called after each change of a policy, an action or a pod */
export async function watchWorld(api: KubeApi, changed: () => void): Promise<LiveWatch> {
  const start = async <T extends KubeObject>(resource: Resource): Promise<Reflector<T>> => {
    const reflector = new Reflector<T>({ api, resource, namespace: NAMESPACE, project: (raw) => raw as T, timers: systemTimers, random: Math.random, log: silentLogger })
    reflector.start()
    await reflector.whenSynced()
    reflector.subscribe(changed)
    return reflector
  }
  const [policies, actions, pods] = await Promise.all([start<HealingPolicy>(HEALING_POLICIES), start<HealingAction>(HEALING_ACTIONS), start<Pod>(PODS)])
  return {
    world: () => ({ policies: [...policies.store.values()], actions: [...actions.store.values()], pods: [...pods.store.values()] }),
    stop: async () => { await Promise.all([policies, actions, pods].map(async (reflector) => reflector.stop())) },
  }
}

export async function readWorld(api: KubeApi, cluster: Cluster): Promise<World> {
  const list = async <T extends KubeObject>(resource: Resource): Promise<readonly T[]> => (await api.list<T>(resource, { namespace: NAMESPACE })).items
  const [policies, actions, pods, deployments, events, log] = await Promise.all([
    list<HealingPolicy>(HEALING_POLICIES),
    list<HealingAction>(HEALING_ACTIONS),
    list<Pod>(PODS),
    list<Deployment>(DEPLOYMENTS),
    list<ClusterEvent>(EVENTS),
    readFile(cluster.auditLog, 'utf8'),
  ])
  return { policies, actions, pods, deployments, events, audit: acceptedWrites(log, NAMESPACE) }
}
