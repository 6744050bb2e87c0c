/** Both programs as they are, on a fake cluster, with what Prometheus would get of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runController } from '../../controller/program.ts'
import { promMetrics } from '../../shared/adapters/prom-metrics.ts'
import { systemClock, systemTimers } from '../../shared/adapters/system-clock.ts'
import type { ProgramEnvironment } from '../../shared/kube/program.ts'
import { HEALING_POLICIES, MUTATING_WEBHOOKS, NAMESPACES, VALIDATING_WEBHOOKS } from '../../shared/kube/resources.ts'
import type { ProgramName } from '../../shared/runtime/metric-table.ts'
import type { Metrics } from '../../shared/runtime/metrics.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { TARGETS } from '../../webhook/certificates.ts'
import { runWebhook } from '../../webhook/program.ts'

export interface RunningPrograms {
  exposition(program: ProgramName): Promise<string>
  /** What they declared, by name, to count what a test cannot bring about. */
  readonly counters: ReadonlyMap<string, ReturnType<Metrics['counter']>>
  stop(): Promise<void>
}

export async function startPrograms(policies: number): Promise<RunningPrograms> {
  const cluster = new FakeCluster({ clock: systemClock, timers: systemTimers, post: () => ({ status: { allowed: true } }) })
  cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: DEFAULT_INSTALLATION.operatorNamespace } })
  for (const { resource, name, webhooks } of TARGETS) {
    const kind = resource === VALIDATING_WEBHOOKS ? 'ValidatingWebhookConfiguration' : resource === MUTATING_WEBHOOKS ? 'MutatingWebhookConfiguration' : ''
    cluster.seed(resource, { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name }, webhooks: webhooks.map((each) => ({ name: each, clientConfig: { url: 'https://127.0.0.1' } })) })
  }
  for (let i = 0; i < policies; i++) {
    const namespace = `shop-${i % 50}`
    if (i < 50) cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    const { apiVersion, kind, spec } = buildPolicy({})
    cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { name: `policy-${i}`, namespace, generation: 1 }, spec: { ...spec as object, objectives: { timeToHeal: '5m' } } })
  }
  const folder = mkdtempSync(join(tmpdir(), 'kubeskippy-metrics-'))
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, 'a-token-of-some-length\n')
  const end = new AbortController()
  const counters = new Map<string, ReturnType<Metrics['counter']>>()
  const expositions = { controller: promMetrics(), webhook: promMetrics() }
  const idle = { name: 'idle', start: () => {}, stop: () => {} }
  const environment = (program: ProgramName): ProgramEnvironment => {
    const prom = expositions[program]
    const metrics: Metrics = {
      ...prom,
      counter: (definition) => {
        const counter = prom.counter(definition)
        counters.set(definition.name, counter)
        return counter
      },
    }
    return {
      version: '1.2.3', instance: 'here', clock: systemClock, timers: systemTimers, random: Math.random, stop: end.signal, metrics,
      createLog: (level) => ({ ...silentLogger, level }),
      connect: () => Object.assign(cluster.client(program), { close: () => Promise.resolve() }),
      probeServer: () => idle, metricsServer: () => idle,
      readFile: () => '',
      stdout: () => {}, stderr: (text) => { throw new Error(text) },
    }
  }
  const running = Promise.all([
    runController(['--alerts-bind-address=127.0.0.1:0', `--alerts-token-file=${tokenFile}`], environment('controller')),
    runWebhook(['--bind-address=127.0.0.1:0', '--quiet-period=100ms'], environment('webhook')),
  ])
  return {
    counters,
    exposition: async (program) => (await expositions[program].exposition()).text,
    stop: async () => {
      end.abort()
      await running
      rmSync(folder, { recursive: true })
    },
  }
}
