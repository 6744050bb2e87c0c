/** Builders for the tests of the pure parts: a demonstration that went as it should, to be spoilt in one place each. */
import type { HealingAction, HealingActionStatus, HealingPolicy, HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import { CONTROLLER_USER, HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { AuditEntry } from './audit.ts'
import type { Story } from './verdict.ts'
import { NAMESPACE, type ClusterEvent, type Deployment, type Pod, type World } from './world.ts'

const meta = (name: string, uid = name) => ({ name, namespace: NAMESPACE, uid, resourceVersion: '1', generation: 1, creationTimestamp: '2030-01-01T00:00:00Z' })

export const podName = (app: string, suffix = 'aaaaa'): string => `${app}-5d9f8c7b6-${suffix}`

export interface PodState {
  readonly suffix?: string
  readonly ready?: boolean
  readonly restarts?: number
}

export const pod = (app: string, { suffix = 'aaaaa', ready = true, restarts = 0 }: PodState = {}): Pod => ({
  apiVersion: 'v1', kind: 'Pod', metadata: meta(podName(app, suffix)),
  status: {
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [{ name: 'server', restartCount: restarts, ...(restarts > 0 ? { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { reason: 'Error', exitCode: 1 } } } : {}) }],
  },
})

export interface DeploymentState {
  readonly replicas?: number
  readonly available?: number
  readonly generation?: number
  readonly uid?: string
}

export const deployment = (app: string, { replicas = 1, available = replicas, generation = 1, uid = app }: DeploymentState = {}): Deployment => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...meta(app, uid), generation }, spec: { replicas }, status: { availableReplicas: available, observedGeneration: generation },
})

export const action = (app: string, status: HealingActionStatus | undefined, dryRun = false): HealingAction => ({
  apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingAction', metadata: meta(`${app}-restart-abc`),
  spec: {
    policyRef: { name: app, namespace: NAMESPACE, uid: 'p', generation: 1 },
    incident: { id: `inc-${app}`, ordinal: 0, rung: 0, subject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACE, name: app } },
    targetResource: { apiVersion: 'v1', kind: 'Pod', namespace: NAMESPACE, name: podName(app), uid: podName(app) },
    trigger: { name: 'crash-loop', since: '2030-01-01T00:00:00Z', evidence: 'container server ended with exit code 1' },
    action: { name: 'restart', type: 'restart', priority: 50, restartAction: { strategy: 'rolling' } },
    dryRun,
    timeout: '10m',
  },
  ...(status === undefined ? {} : { status }),
})

export const policy = (name: string, status: HealingPolicyStatus = {}): HealingPolicy => ({
  apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: meta(name),
  spec: { mode: 'automatic', suspend: false, triggerMatch: 'Any', selector: {}, triggers: [], actions: [], safetyRules: { maxActionsPerHour: 5, maxConcurrent: 1, requireHealthCheck: true, healthCheckTimeout: '20s', approvalTimeout: '1h', circuitBreaker: { failureThreshold: 1, openDuration: '10m' } }, history: { successful: 50, failed: 100, ttl: '168h' } },
  status,
})

export const ended = (outcome: 'Effective' | 'Ineffective', message = 'as verified'): HealingActionStatus => ({
  phase: outcome === 'Effective' ? 'Succeeded' : 'Failed', outcome,
  actedAt: '2030-01-01T00:00:08.000Z', completionTime: '2030-01-01T00:00:30.000Z',
  result: { success: outcome === 'Effective', reason: outcome, message },
})

export const dryRunEnded: HealingActionStatus = {
  phase: 'Succeeded', completionTime: '2030-01-01T00:00:08.000Z',
  result: { success: true, reason: 'DryRun', message: 'nothing was written', changes: [{ resource: { apiVersion: 'v1', kind: 'Pod', name: podName('observed') }, field: 'metadata.uid', oldValue: 'a', newValue: 'b' }] },
}

export const eviction = (app: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  verb: 'create', group: '', resource: 'pods/eviction', namespace: NAMESPACE, name: podName(app),
  user: CONTROLLER_USER, impersonated: serviceAccountUser(NAMESPACE, HEALER_ACCOUNT), dryRun: false, userAgent: 'kubeskippy', ...more,
})

export const scaling = (app: string, more: Partial<AuditEntry> = {}): AuditEntry => eviction(app, { verb: 'patch', group: 'apps', resource: 'deployments/scale', name: app, ...more })

export const escalatedEvent = (count?: number): ClusterEvent => ({
  apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: meta('broken.1'), reason: 'Escalated', note: 'no action helped Deployment/broken',
  regarding: { kind: 'HealingPolicy', name: 'broken' }, ...(count === undefined ? {} : { series: { count } }),
})

const NAMES = ['stale-lock', 'leak', 'swinging', 'checkout', 'orders', 'broken', 'bystander', 'observed']
const QUOTES = ['aaaaa', 'bbbbb', 'ccccc']

export const story: Story = {
  pods: [...NAMES.map((name) => pod(name)), ...QUOTES.map((suffix) => pod('quotes', { suffix }))],
  deployments: [...NAMES.map((name) => deployment(name)), deployment('quotes', { replicas: QUOTES.length })],
  faultAt: Date.parse('2030-01-01T00:00:00Z'), triggered: new Set(['swinging']),
}

export const PROTECTED = { kind: 'Blocked', reason: 'Protected', message: `Pod/${podName('bystander')}: protected by safetyRules.protectedResources` } as const

const STORM = { kind: 'Blocked', reason: 'StormGate', message: 'too many objects of the policy at once' } as const

const ESCALATED = { type: 'Escalated', status: 'True', reason: 'NoActionHelped', message: 'Deployment/broken', lastTransitionTime: '2030-01-01T00:00:20Z' } as const

const HEALED = ['stale-lock', 'leak', 'orders']

/** After the faults, everything as expected. */
export const world = (spoilt: Partial<World> = {}): World => ({
  policies: [
    policy('crash-loops', { lastDecision: PROTECTED }),
    policy('leak'),
    policy('broken', {
      breaker: { state: 'Open', failures: 1, openUntil: '2030-01-01T00:10:00Z' }, conditions: [ESCALATED],
      incidents: [{ id: 'inc-broken', trigger: 'crash-loop', state: 'Escalated', openedAt: '2030-01-01T00:00:00Z', subject: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'broken' } }],
    }),
    policy('observed'), policy('swinging'), policy('checkout'), policy('orders'), policy('quotes', { lastDecision: STORM }),
  ],
  actions: [...HEALED.map((app) => action(app, ended('Effective'))), action('checkout', ended('Effective')), action('broken', ended('Ineffective')), action('observed', dryRunEnded, true)],
  pods: [
    ...HEALED.map((app) => pod(app, { suffix: 'bbbbb' })), pod('broken', { suffix: 'bbbbb', ready: false, restarts: 3 }),
    pod('swinging'), pod('checkout'), pod('checkout', { suffix: 'bbbbb' }), ...QUOTES.map((suffix) => pod('quotes', { suffix, ready: false, restarts: 4 })),
    pod('bystander', { ready: false, restarts: 5 }), pod('observed', { ready: false, restarts: 5 }),
  ],
  deployments: [
    ...[...HEALED, 'swinging'].map((name) => deployment(name)), deployment('checkout', { replicas: 2, generation: 2 }), deployment('quotes', { replicas: QUOTES.length, available: 0 }),
    ...['broken', 'bystander', 'observed'].map((name) => deployment(name, { available: 0 })),
  ],
  events: [escalatedEvent()],
  audit: [...[...HEALED, 'broken'].flatMap((app) => [eviction(app, { dryRun: true }), eviction(app)]), scaling('checkout'), eviction('observed', { dryRun: true })],
  ...spoilt,
})
