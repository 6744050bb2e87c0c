/** Wires the door together. */
import { CertificateKeeper, type Certificates } from '../certs/keeper.ts'
import { declareCertificateMetrics } from '../certs/metrics.ts'
import { OwnCertificates } from '../certs/own.ts'
import { ProvidedCertificates } from '../certs/provided.ts'
import { WEBHOOK_TLS_SECRET } from '../shared/api/v1alpha1/names.ts'
import { runProgram, type ProgramEnvironment, type ProgramParts } from '../shared/kube/program.ts'
import { declareReflectorAges, declareReflectorMetrics } from '../shared/kube/reflector-metrics.ts'
import type { KubeConnection } from '../shared/kube/transport.ts'
import { seconds } from '../shared/lib/time.ts'
import { toInstallation } from '../shared/rules/installation-options.ts'
import { parseAddress } from '../shared/runtime/address.ts'
import { Health } from '../shared/runtime/health.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import { accessReviews } from './admission/access.ts'
import { clusterKnowledge, rightsOnly } from './admission/known.ts'
import { declareAdmissionMetrics } from './admission/metrics.ts'
import { liveObjects } from './admission/objects.ts'
import { KnownPolicies } from './admission/policies.ts'
import { admissionRoutes } from './admission/routes.ts'
import { servedNames, TARGETS } from './certificates.ts'
import { WEBHOOK_OPTIONS, type WebhookOptions } from './options.ts'
import { clockRemark } from '../shared/kube/server-clock.ts'
import { AdmissionServer, type KeyPair } from './server.ts'

/** Below the 30 s that a pod has. */
const STOP_TIMEOUT = seconds(25)

/** Runs until it is asked to stop; answers the exit code. */
export const runWebhook = (argv: readonly string[], env: ProgramEnvironment): Promise<number> =>
  runProgram({ name: 'webhook', options: WEBHOOK_OPTIONS, stopTimeout: STOP_TIMEOUT, build: (options, api, log) => createWebhook(options, api, log, env) }, argv, env)

function createWebhook(options: WebhookOptions, api: KubeConnection, log: Logger, env: ProgramEnvironment): ProgramParts {
  const { clock, timers, random, metrics } = env
  const livez = new Health()
  const readyz = new Health()
  const policies = new KnownPolicies({ api, timers, random, log, metrics: declareReflectorMetrics(metrics) })
  const access = accessReviews({ api, timers, log })
  const app = admissionRoutes({
    installation: toInstallation(options),
    ask: clusterKnowledge({ access, cluster: api, timers, around: (policy) => policies.around(policy), objects: liveObjects({ api, timers, log }) }),
    askRights: rightsOnly({ access }),
    metrics: declareAdmissionMetrics(metrics),
    clock,
    timers,
    log,
  })
  const server = new AdmissionServer({ app, ...parseAddress(options['webhook.bindAddress']), timers, log, quietPeriod: options['webhook.quietPeriod'] })
  const shared = { api, clock, log, secret: { namespace: options.namespace, name: WEBHOOK_TLS_SECRET }, targets: TARGETS, serve: (pair: KeyPair) => server.serve(pair) }
  const certificates: Certificates = options['webhook.certificates'] === 'own' ? new OwnCertificates({ ...shared, names: servedNames(options.namespace) }) : new ProvidedCertificates(shared)
  const keeper = new CertificateKeeper({ certificates, clock, timers, log })
  declareReflectorAges(metrics, [policies.reflector])
  declareCertificateMetrics(metrics, keeper)
  livez.add('ping', () => undefined)
  // What judges has to be trusted. Without what adds defaults reviews go on, and a door that is shut for it would refuse them all.
  readyz.add('validating configuration', () => keeper.problem)
  readyz.add('mutating configuration', () => keeper.remark, 'Warns')
  readyz.add('policies', () => policies.problem)
  readyz.add('watch healingpolicies', () => policies.remark, 'Warns')
  readyz.add('clock', () => clockRemark(clock.now(), api.serverTime()), 'Warns')
  readyz.add('admission server', () => (server.listening ? undefined : 'not listening'))
  readyz.add('shutdown', () => (server.stopping ? 'shutting down' : undefined))
  return { livez, readyz, components: [server.address, policies, keeper, server] }
}
