/**
 * The door as it is but for the cluster: the same server, routes, rules and metrics. What it would ask the API server is
 * answered at once, so that the door is measured and not the API server; `apply.ts` measures both together.
 */
import { promMetrics } from '../../../shared/adapters/prom-metrics.ts'
import { systemClock, systemTimers } from '../../../shared/adapters/system-clock.ts'
import { millis } from '../../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from '../../../shared/rules/rule.ts'
import { Health } from '../../../shared/runtime/health.ts'
import { silentLogger } from '../../../shared/runtime/logger.ts'
import { declareAdmissionMetrics } from '../../../webhook/admission/metrics.ts'
import { createApp } from '../../../webhook/app.ts'
import { AdmissionServer } from '../../../webhook/server.ts'
import { port, tls } from './credentials.ts'

const metrics = promMetrics()
const app = createApp({
  installation: DEFAULT_INSTALLATION,
  ask: () => Promise.resolve({ access: () => 'Allowed', scales: new Map() }),
  metrics: declareAdmissionMetrics(metrics),
  clock: systemClock,
  timers: systemTimers,
  log: silentLogger,
  livez: new Health(),
  readyz: new Health(),
  exposition: () => metrics.exposition(),
})
const server = new AdmissionServer({ app, host: '127.0.0.1', port, timers: systemTimers, log: silentLogger, quietPeriod: millis(0) })
server.serve(tls)
await server.start()
