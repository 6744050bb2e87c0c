/** A control plane with simulated nodes: what needs no root and no container, healed by a controller beside it. */
import { expect } from 'chai'
import { join } from 'node:path'
import type { KubeObject } from '../../shared/kube/api.ts'
import { DEPLOYMENTS, HEALING_ACTIONS, HEALING_POLICIES, NAMESPACES, NODES, PODS } from '../../shared/kube/resources.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import { connect, type KubeConnection } from '../../shared/kube/transport.ts'
import { seconds } from '../../shared/lib/time.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, stopCluster, type Cluster } from '../cluster/cluster.ts'
import { exec } from '../cluster/exec.ts'
import { callerEnv } from '../cluster/paths.ts'
import { simulateNodes } from '../cluster/simulated.ts'
import { install, type Installation } from '../installation/installation.ts'

const LABELS = { app: 'web' }
const DEPLOYMENT = {
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' },
  spec: { replicas: 6, selector: { matchLabels: LABELS }, template: { metadata: { labels: LABELS }, spec: { automountServiceAccountToken: false, topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: LABELS } }], containers: [{ name: 'app', image: 'example.invalid/app:1' }] } } },
}
const POLICY = {
  apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name: 'heal', namespace: 'shop' },
  spec: {
    mode: 'automatic', selector: { labelSelector: { matchLabels: LABELS } },
    triggers: [{ name: 'crash', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '1s' } }],
    actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
    safetyRules: { stabilizationWindow: '2s' },
  },
}
const CRASHING = { status: { containerStatuses: [{ name: 'app', image: 'x', imageID: '', ready: false, restartCount: 5, state: { waiting: { reason: 'CrashLoopBackOff' } } }], conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' }] } }

type Pod = KubeObject & { readonly spec: { readonly nodeName?: string }; readonly status?: { readonly phase?: string } }

describe('a control plane with simulated nodes', function () {
  this.timeout(480_000)
  let cluster: Cluster
  let installation: Installation
  let api: KubeConnection
  const pods = async (): Promise<readonly Pod[]> => (await api.list<Pod>(PODS, { namespace: 'shop' })).items

  before('start it', async () => {
    cluster = await startCluster({ node: false })
    await simulateNodes(cluster, 3, { log: () => {} })
    api = connect({ kubeconfig: cluster.kubeconfig, userAgent: 'e2e', timers: systemTimers, log: silentLogger })
  })
  after(async () => {
    await api?.close()
    await cluster?.stop()
  })

  it('has pods that the scheduler spreads, and that are Ready', async () => {
    await api.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
    await api.create(DEPLOYMENTS, DEPLOYMENT)
    await eventually(async () => {
      const running = (await pods()).filter(({ status }) => status?.phase === 'Running')
      expect(running.map(({ spec }) => spec.nodeName ?? '').toSorted()).to.deep.equal(['simulated-0', 'simulated-0', 'simulated-1', 'simulated-1', 'simulated-2', 'simulated-2'])
    }, seconds(90))
  })

  it('heals one that is said to crash: it is evicted and goes, and another one comes', async () => {
    installation = await install(cluster, { webhook: false })
    await installation.enable('shop')
    await api.create(HEALING_POLICIES, POLICY)
    const [victim] = await pods()
    if (victim === undefined) throw new Error('there are no pods')
    await api.patch(PODS, { namespace: 'shop', name: victim.metadata.name }, { type: 'merge', body: CRASHING }, { subresource: 'status' })
    await eventually(async () => {
      const [action] = (await api.list<HealingAction>(HEALING_ACTIONS, { namespace: 'shop' })).items
      expect(action?.status?.outcome).to.equal('Effective')
    }, seconds(180))
    await eventually(async () => {
      const names = (await pods()).map(({ metadata }) => metadata.name)
      expect(names).to.have.length(6)
      expect(names).to.not.include(victim.metadata.name)
    }, seconds(60))
  })

  it('refuses more nodes than can be, and those of a cluster that has its own', async () => {
    const said = (making: Promise<unknown>): Promise<string> => making.then(() => 'nothing', (error: Error) => error.message)
    expect(await said(simulateNodes(cluster, 0, { log: () => {} }))).to.contain('write 1 to 200')
    expect(await said(simulateNodes({ ...cluster, node: true }, 1, { log: () => {} }))).to.contain('has a real node')
  })

  it('comes up by the command without any capability of root', async () => {
    const name = `sim${process.pid}`
    const program = join(import.meta.dirname, '../cluster/main.ts')
    try {
      const { code, stdout, stderr } = await exec('setpriv', ['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', process.execPath, program, 'up', '--name', name, '--simulated-nodes', '2'], { env: callerEnv() })
      expect(code, stderr).to.equal(0)
      expect(stderr).to.contain('2 simulated nodes are Ready')
      const kubeconfig = /KUBECONFIG=(\S+)/.exec(stdout)?.[1]
      if (kubeconfig === undefined) throw new Error(stdout)
      const other = connect({ kubeconfig, userAgent: 'e2e', timers: systemTimers, log: silentLogger })
      expect((await other.list(NODES)).items.map(({ metadata }) => metadata.name).toSorted()).to.deep.equal(['simulated-0', 'simulated-1'])
      await other.close()
    } finally {
      await stopCluster(name)
    }
  })
})
