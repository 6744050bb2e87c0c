/** The actions whose every write is tried: each in a namespace of its own, with a workload that breaks once. */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { PLAYED } from './kubelet.ts'

export interface ActionUnderTest {
  readonly name: string
  readonly workload: 'Deployment' | 'StatefulSet'
  readonly replicas: number
  readonly action: object
  /** The rungs after it, where it does not help. */
  readonly further?: readonly object[]
  /** Whatever is made anew is broken as well. */
  readonly hopeless?: boolean
  /** Of its policy. Default: as the schema has it. */
  readonly circuitBreaker?: { readonly failureThreshold: number; readonly openDuration: string }
  /** It cannot help, and is taken back when its time is over. */
  readonly futile?: boolean
  /** Default: automatic. */
  readonly mode?: 'automatic' | 'dryrun'
}

const ofWorkload = (type: string, body: object) => ({ name: 'heal', type, target: 'Workload', [`${type}Action`]: body })
const one = { workload: 'Deployment', replicas: 1 } as const

/** Those that do not help are undone: that is a second planned operation of theirs. */
export const ACTIONS: readonly ActionUnderTest[] = [
  { name: 'evict', ...one, action: { name: 'heal', type: 'restart', restartAction: {} } },
  { name: 'delete', ...one, action: { name: 'heal', type: 'delete', deleteAction: {} } },
  { name: 'rolling', ...one, action: ofWorkload('restart', { strategy: 'rolling' }) },
  { name: 'graceful', ...one, replicas: 2, action: ofWorkload('restart', { strategy: 'graceful' }) },
  // All at once is what somebody has to approve.
  { name: 'recreate', ...one, replicas: 2, action: ofWorkload('restart', { strategy: 'recreate' }) },
  { name: 'turnover', workload: 'StatefulSet', replicas: 1, action: ofWorkload('restart', { strategy: 'rolling' }) },
  { name: 'scale', ...one, futile: true, action: ofWorkload('scale', { direction: 'up', replicas: 1, maxReplicas: 3 }) },
  { name: 'patch', ...one, futile: true, action: ofWorkload('patch', { type: 'merge', patch: '{"metadata":{"labels":{"tried":"yes"}}}' }) },
]

/** Nothing is written to its pods, whatever goes wrong. It has other writes than the others, and is tried where the whole controller is. */
export const DRY: ActionUnderTest = { name: 'dryrun', ...one, mode: 'dryrun', action: { name: 'heal', type: 'restart', restartAction: {} } }

/**
 * Nothing helps: the second rung opens the breaker, the third one is its only probe, and opens it again. A minute is the
 * shortest that it may be open.
 */
export const LADDER: ActionUnderTest = {
  name: 'ladder', ...one, hopeless: true, circuitBreaker: { failureThreshold: 2, openDuration: '1m' },
  action: { name: 'first', priority: 10, type: 'restart', restartAction: {} },
  further: [{ name: 'second', priority: 20, type: 'delete', deleteAction: {} }, { ...ofWorkload('restart', { strategy: 'rolling' }), name: 'third', priority: 30 }],
}
/** Acts of it, the breaker between the last two of them. */
export const RUNGS = 3

export const ALL: readonly ActionUnderTest[] = [...ACTIONS, DRY]

const APP = 'web'
/** Stands in the environment of every container, where it does not belong, and must come out nowhere. */
export const CANARY = 'canary-7f3e19c4b2'
const LABELS = { app: APP, ...PLAYED }

export function workloadOf({ workload, replicas }: ActionUnderTest, namespace: string): object {
  return {
    apiVersion: 'apps/v1', kind: workload, metadata: { name: APP, namespace, labels: { app: APP } },
    spec: {
      replicas, selector: { matchLabels: LABELS }, ...(workload === 'StatefulSet' ? { serviceName: APP } : {}),
      // No scheduler looks for a node that is not there.
      template: { metadata: { labels: LABELS }, spec: { schedulerName: 'nobody', automountServiceAccountToken: false, terminationGracePeriodSeconds: 1, containers: [{ name: 'app', image: 'example.invalid/app:1', env: [{ name: 'PASSWORD', value: CANARY }] }] } },
    },
  }
}

/** Short times, so that a run takes seconds; only what helps may take its time on a busy machine. */
export const policyOf = ({ action, further = [], circuitBreaker, futile = false, mode = 'automatic' }: ActionUnderTest, namespace: string): object => ({
  apiVersion: API_VERSION, kind: 'HealingPolicy', metadata: { name: 'heal', namespace },
  spec: {
    mode,
    selector: { labelSelector: { matchLabels: { app: APP } } },
    triggers: [{ name: 'crash', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type: 'CrashLoopBackOff', duration: '1s' } }],
    actions: [action, ...further],
    safetyRules: { stabilizationWindow: '2s', healthCheckTimeout: futile ? '10s' : '2m', maxUnhealthy: '100%', ...(circuitBreaker === undefined ? {} : { circuitBreaker }) },
  },
})
