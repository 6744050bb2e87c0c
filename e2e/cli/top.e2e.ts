/** `kubeskippy top` on a real API server: in a pipe, and in a terminal until it is asked to end. */
import { expect } from 'chai'
import { fileURLToPath } from 'node:url'
import { systemClock, systemTimers } from '../../shared/adapters/system-clock.ts'
import { connect } from '../../shared/kube/transport.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { seconds } from '../../shared/lib/time.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { foldersOf } from '../../cli/testing/bench.ts'
import { runCli } from '../../cli/program.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { kubectl, kubeskippy } from './access.ts'

const CRDS = fileURLToPath(new URL('../../config/crd/bases', import.meta.url))

describe('kubeskippy top', function () {
  this.timeout(300_000)
  let cluster: Cluster

  before(async () => {
    cluster = await startCluster({ node: false })
    await kubectl(cluster, ['apply', '--server-side', '-f', CRDS])
    await kubectl(cluster, ['wait', '--for=condition=Established', '--timeout=120s', '-f', CRDS])
    const { apiVersion, kind, spec } = buildPolicy()
    await eventually(() => kubectl(cluster, ['apply', '-f', '-'], { apiVersion, kind, metadata: { name: 'cart', namespace: 'default' }, spec }), seconds(60))
  })

  after(async () => {
    await cluster?.stop()
  })

  const decide = (reason: string): Promise<string> =>
    kubectl(cluster, ['patch', 'hp', 'cart', '-n', 'default', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status: { observedGeneration: 1, lastDecision: { kind: 'Blocked', reason, message: 'why', time: '2026-01-01T00:00:00Z' } } })])

  it('is a table in a pipe', async () => {
    const { code, stdout, stderr } = await kubeskippy(cluster, 'top')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(stdout).to.match(/^1 policy: 1 Unseen\nNAMESPACE .*\ndefault +cart +automatic +Unseen/)
  })

  it('shows in a terminal what changes, and ends when it is asked to', async () => {
    const stop = new AbortController()
    let shown = ''
    const running = runCli(['top', '-A'], {
      stdout: (text) => void (shown += text),
      stderr: (text) => void (shown += text),
      terminal: { size: () => ({ columns: 160, rows: 24 }), colour: true },
      readFile: () => Promise.reject(new Error('none')),
      folders: foldersOf({}),
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
      stop: stop.signal,
      version: 'e2e',
      defaultKubeconfig: () => cluster.kubeconfig,
      defaultNamespace: () => Promise.resolve('default'),
      nameOfCluster: () => Promise.resolve('e2e'),
      connect: (access) => Promise.resolve(connect({ ...access, userAgent: 'kubeskippy-e2e', timers: systemTimers, log: silentLogger })),
      programs: { controller: () => Promise.resolve(1), webhook: () => Promise.resolve(1) },
    })
    const frame = (): string => shown.split('\u001b[H').at(-1) ?? ''
    await eventually(() => expect(frame()).to.contain('1 Unseen'), seconds(60))
    await decide('PendingApproval')
    await eventually(() => expect(frame()).to.contain('1 Approval').and.to.contain('\u001b[31mApproval'), seconds(60))
    await kubectl(cluster, ['delete', 'hp', 'cart', '-n', 'default'])
    await eventually(() => expect(frame()).to.contain('no policies'), seconds(60))
    stop.abort()
    expect(await running).to.equal(0)
    expect(shown.endsWith('\u001b[?25h\u001b[?1049l')).to.equal(true)
  })
})
