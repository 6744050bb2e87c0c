/** What is in a cluster of a size: namespaces, simulated nodes, workloads with their pods, and policies of which each selects its share. Pure. */
import { simulatedNode } from '../../e2e/cluster/spec.ts'
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import type { KubeManifest, KubeObject } from '../../shared/kube/api.ts'

/** The same at every size, so that nothing but pods and policies grows. */
export const NAMESPACES_OF_PODS = 10
/** ReplicaSets; how many pods each has follows from the size. */
export const MOST_WORKLOADS = 1000
/** How many a simulated node has. */
const PODS_PER_NODE = 250
/** Bound of a ledger: more incidents than this no policy has at once. */
const MOST_INCIDENTS = 64

export interface Size {
  readonly pods: number
  readonly policies: number
}

/** What a whole run measures. */
export const SIZES = { pods: [1000, 5000, 10_000], policies: [10, 100, 500] } as const

export interface PodKey {
  readonly namespace: string
  readonly name: string
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

export const namespaces: readonly string[] = range(NAMESPACES_OF_PODS).map((index) => `scale-${index}`)

const LABEL = 'bench.example/of'
const WORKLOAD_LABEL = 'bench.example/workload'
/** Which of the policies of its namespace selects a workload's pods, where there are so many of them: always exactly one. */
const labelOf = (policies: number): string => `${LABEL}-${policies}`
const shareOf = (workload: number, policies: number): number => Math.floor(workload / NAMESPACES_OF_PODS) % (policies / NAMESPACES_OF_PODS)

export const nodeCount = (pods: number): number => Math.ceil(pods / PODS_PER_NODE)
export const workloadCount = (pods: number): number => Math.min(pods, MOST_WORKLOADS)

/** Their pods are made by Kubernetes' own controller, as anywhere. No scheduler is asked: it would only take time. */
export const workloads = (pods: number, policyCounts: readonly number[]): readonly KubeManifest[] =>
  range(workloadCount(pods)).map((index) => {
    const labels = { [WORKLOAD_LABEL]: String(index), ...Object.fromEntries(policyCounts.map((policies) => [labelOf(policies), String(shareOf(index, policies))])) }
    return {
      apiVersion: 'apps/v1', kind: 'ReplicaSet',
      metadata: { namespace: namespaces[index % NAMESPACES_OF_PODS] ?? '', name: `app-${index}` },
      spec: {
        replicas: pods / workloadCount(pods),
        selector: { matchLabels: { [WORKLOAD_LABEL]: String(index) } },
        template: { metadata: { labels }, spec: { nodeName: simulatedNode(index % nodeCount(pods)), automountServiceAccountToken: false, containers: [{ name: 'app', image: 'example.invalid/app:1' }] } },
      },
    } as KubeManifest
  })

/** First one pod of each workload, in the order of the workloads, then the others. */
export function inOrder(pods: readonly KubeObject[]): readonly PodKey[] {
  const seen = new Map<number, number>()
  const placed = pods.map(({ metadata: { namespace = '', name, labels } }) => {
    const workload = Number(labels?.[WORKLOAD_LABEL])
    const before = seen.get(workload) ?? 0
    seen.set(workload, before + 1)
    return { key: { namespace, name }, place: before * MOST_WORKLOADS + workload }
  })
  return placed.toSorted((a, b) => a.place - b.place).map(({ key }) => key)
}

/** Dry runs with the shortest times and no limit in the way: neither limits nor gates are to be measured. */
export const policies = (count: number): readonly KubeManifest[] =>
  policiesWith(count, 'dryrun', '0s', { stabilizationWindow: '1s', maxActionsPerHour: 200 })

/** Those that act. */
export const healingPolicies = (count: number): readonly KubeManifest[] =>
  policiesWith(count, 'automatic', '1s', { stabilizationWindow: '2s', healthCheckTimeout: '60s', maxActionsPerHour: 60, maxConcurrent: 4 })

const policiesWith = (count: number, mode: 'dryrun' | 'automatic', duration: string, safetyRules: object): readonly KubeManifest[] =>
  range(count).map((index) => ({
    apiVersion: API_VERSION, kind: 'HealingPolicy',
    metadata: { namespace: namespaces[index % NAMESPACES_OF_PODS] ?? '', name: `policy-${Math.floor(index / NAMESPACES_OF_PODS)}` },
    spec: {
      mode,
      selector: { labelSelector: { matchLabels: { [labelOf(count)]: String(Math.floor(index / NAMESPACES_OF_PODS)) } } },
      triggers: [{ name: 'crash', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type: 'CrashLoopBackOff', duration } }],
      actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
      safetyRules: { maxUnhealthy: '100%', ...safetyRules },
    },
  }) as KubeManifest)

/** HealingActions that there can be when one pod of each of the first so many workloads fails: no policy has more than its ledger holds. */
export function expectedActions(failing: number, policies: number): number {
  const counts = new Map<string, number>()
  for (const index of range(failing)) {
    const policy = `${index % NAMESPACES_OF_PODS}/${shareOf(index, policies)}`
    counts.set(policy, (counts.get(policy) ?? 0) + 1)
  }
  return [...counts.values()].reduce((sum, count) => sum + Math.min(count, MOST_INCIDENTS), 0)
}

/** As a kubelet writes it. */
export function podStatus(state: 'healthy' | 'crashing', at: Date): object {
  const now = at.toISOString().replace(/\.\d+Z/, 'Z')
  const ready = state === 'healthy'
  const container = ready
    ? { name: 'app', image: 'example.invalid/app:1', imageID: '', ready, started: true, restartCount: 0, state: { running: { startedAt: now } } }
    : { name: 'app', image: 'example.invalid/app:1', imageID: '', ready, started: false, restartCount: 5, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: now, finishedAt: now } } }
  return {
    phase: 'Running', containerStatuses: [container],
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({ type, status: ready || !type.endsWith('Ready') ? 'True' : 'False', lastTransitionTime: now })),
  }
}
