import { expect } from 'chai'
import type { ProgramEnvironment } from '../shared/kube/program.ts'
import { silentLogger } from '../shared/runtime/logger.ts'
import { noMetrics } from '../shared/runtime/metrics.ts'
import { FakeClock } from '../shared/testing/fake-clock.ts'
import { FakeCluster } from '../shared/testing/fake-cluster/fake-cluster.ts'
import { runController } from './program.ts'

/** What it says before it gives up. */
async function problems(...argv: readonly string[]): Promise<string> {
  const clock = new FakeClock()
  const cluster = new FakeCluster({ clock, timers: clock })
  let err = ''
  const env = {
    clock, timers: clock, random: () => 0.5, metrics: noMetrics, version: '1.2.3', instance: 'here',
    createLog: () => silentLogger,
    connect: () => Object.assign(cluster.client('controller'), { close: () => Promise.resolve() }),
    stderr: (text: string) => void (err += text),
  } as unknown as ProgramEnvironment
  expect(await runController(argv, env)).to.equal(2)
  return err.trimEnd()
}

describe('the controller refuses options that do not fit together', () => {
  const cases: readonly [string, readonly string[], string][] = [
    ['a CA for certificates that are not verified', ['--kubelet-metrics', '--kubelet-ca-file=/ca', '--kubelet-insecure-skip-verify'], 'metrics.kubelet.caFile and metrics.kubelet.insecureSkipVerify exclude each other: a certificate is verified, or it is not'],
    ['alerts from anybody', ['--alerts-bind-address=:9094'], 'alerts.tokenFile (--alerts-token-file) is missing: with alerts.bindAddress anybody could say what is broken'],
    ['shards without leases', ['--shards=2', '--leader-elect=false'], 'controller.shards needs controller.leaderElect: a shard is what a lease is held for'],
    ['shards and alerts', ['--shards=2', '--alerts-bind-address=:9094', '--alerts-token-file=/token'], 'alerts.bindAddress and controller.shards above 1 exclude each other: an alert would be told to one replica, and its namespace may be the shard of another'],
    ['half of a certificate', ['--alerts-bind-address=:9094', '--alerts-token-file=/token', '--alerts-tls-cert-file=/cert'], 'alerts.tlsCertFile and alerts.tlsKeyFile go together'],
  ]
  for (const [title, argv, expected] of cases) it(title, async () => expect(await problems(...argv)).to.equal(expected))
})
