/**
 * The door as it is but for the API server: the same server, routes, rules and metrics, and a thousand policies that it has
 * listed. What it would ask about rights and objects is answered at once, so that the door is measured and not the API server;
 * `apply.ts` measures both together.
 */
import { yieldToMainThread } from '../../../shared/adapters/v8-threads.ts'
import { promMetrics } from '../../../shared/adapters/prom-metrics.ts'
import { systemClock, systemTimers } from '../../../shared/adapters/system-clock.ts'
import { HEALING_POLICIES } from '../../../shared/kube/resources.ts'
import { millis } from '../../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from '../../../shared/rules/rule.ts'
import { silentLogger } from '../../../shared/runtime/logger.ts'
import { FakeCluster } from '../../../shared/testing/fake-cluster/fake-cluster.ts'
import { clusterKnowledge, rightsOnly } from '../../../webhook/admission/known.ts'
import { declareAdmissionMetrics } from '../../../webhook/admission/metrics.ts'
import { KnownPolicies } from '../../../webhook/admission/policies.ts'
import { admissionRoutes } from '../../../webhook/admission/routes.ts'
import { AdmissionServer } from '../../../webhook/server.ts'
import { policy } from '../review.ts'
import { port, tls } from './credentials.ts'

const POLICIES = 1000
/** Ten policies in each: those of the same namespace are compared with the one under review. */
const NAMESPACES = 100

yieldToMainThread()
const cluster = new FakeCluster({ clock: systemClock, timers: systemTimers })
for (let count = 0; count < POLICIES; count++) cluster.seed(HEALING_POLICIES, policy(`app-${count}`, count % NAMESPACES === 0 ? 'shop' : `shop-${count % NAMESPACES}`))
const policies = new KnownPolicies({ api: cluster.client('webhook'), timers: systemTimers, random: Math.random, log: silentLogger })
policies.start()
while (!policies.reflector.synced) await new Promise((resolve) => setTimeout(resolve, 10))

const metrics = promMetrics()
const app = admissionRoutes({
  installation: DEFAULT_INSTALLATION,
  ask: clusterKnowledge({
    access: () => Promise.resolve(() => 'Allowed'),
    cluster: { discover: () => Promise.resolve([]) },
    timers: systemTimers,
    around: (one) => policies.around(one),
    objects: () => Promise.resolve({ objects: [], complete: true }),
  }),
  askRights: rightsOnly({ access: () => Promise.resolve(() => 'Allowed') }),
  metrics: declareAdmissionMetrics(metrics),
  clock: systemClock,
  timers: systemTimers,
  log: silentLogger,
})
const server = new AdmissionServer({ app, host: '127.0.0.1', port, timers: systemTimers, log: silentLogger, quietPeriod: millis(0) })
server.serve(tls)
await server.start()
