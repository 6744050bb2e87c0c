/**
 * The door as a process of its own, but for the cluster: real TLS, routes, rules and questions, answered at once. A
 * rejection that nobody handles ends it, as in production.
 */
import { systemClock, systemTimers } from '../../../shared/adapters/system-clock.ts'
import type { KubeConnection } from '../../../shared/kube/transport.ts'
import { millis } from '../../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from '../../../shared/rules/rule.ts'
import { testPolicy } from '../../../shared/rules/test-policy.ts'
import { silentLogger } from '../../../shared/runtime/logger.ts'
import { noMetrics } from '../../../shared/runtime/metrics.ts'
import { accessReviews } from '../../../webhook/admission/access.ts'
import { clusterKnowledge, rightsOnly } from '../../../webhook/admission/known.ts'
import { declareAdmissionMetrics } from '../../../webhook/admission/metrics.ts'
import { admissionRoutes } from '../../../webhook/admission/routes.ts'
import { AdmissionServer, type KeyPair } from '../../../webhook/server.ts'

export interface Started {
  readonly port: number
}

export interface State {
  /** Bytes, after a collection. */
  readonly heap: number
  /** Messages of level error: each is a bug. */
  readonly errors: readonly string[]
  /** Members that Object.prototype should not have. */
  readonly polluted: readonly string[]
}

const errors: string[] = []
const log = { ...silentLogger, error: (message: string, fields?: Readonly<Record<string, unknown>>) => void errors.push(`${message}: ${fields?.['error'] instanceof Error ? (fields['error'].stack ?? '') : ''}`) }

/** Everybody may do everything, and there is nothing else in the cluster. */
const api = new Proxy({}, {
  get: (_target, name) => (name === 'post' ? () => Promise.resolve({ status: { allowed: true } }) : () => Promise.resolve(name === 'discover' ? [] : undefined)),
}) as KubeConnection

/** Of the same namespace, one on the objects of most samples. */
const OTHERS = [testPolicy(), testPolicy({ selector: { labelSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } } }), testPolicy({ namespace: 'bank' })]

const app = admissionRoutes({
  installation: DEFAULT_INSTALLATION,
  ask: clusterKnowledge({
    access: accessReviews({ api, timers: systemTimers, log }),
    cluster: api,
    timers: systemTimers,
    around: () => ({ policies: OTHERS, goesFirst: () => true }),
    objects: () => Promise.resolve({ objects: [], complete: true }),
  }),
  askRights: rightsOnly({ access: accessReviews({ api, timers: systemTimers, log }) }),
  metrics: declareAdmissionMetrics(noMetrics),
  clock: systemClock,
  timers: systemTimers,
  log,
})

process.on('message', (message: { readonly pair: KeyPair } | 'state') => {
  if (message === 'state') {
    globalThis.gc?.()
    globalThis.gc?.()
    process.send?.({ heap: process.memoryUsage().heapUsed, errors, polluted: Object.keys(Object.prototype) } satisfies State)
    return
  }
  const server = new AdmissionServer({ app, host: '127.0.0.1', port: 0, timers: systemTimers, log, quietPeriod: millis(0) })
  server.serve(message.pair)
  void server.start().then(() => process.send?.({ port: server.port } satisfies Started))
})
