/** `kubeskippy simulate` against a real API server: what it says, and that it only reads. */
import { expect } from 'chai'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { install, type Installation } from '../installation/installation.ts'
import { policy } from '../healing/fixture.ts'
import { startPrometheus } from '../monitoring/prometheus.ts'
import { kubectl, kubeskippy } from './access.ts'

interface Entry {
  readonly verb: string
  readonly userAgent?: string
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string }
}

describe('kubeskippy simulate', function () {
  this.timeout(600_000)
  let cluster: Cluster
  let installation: Installation | undefined
  let folder = ''

  before(async () => {
    cluster = await startCluster({ node: false })
    folder = mkdtempSync(join(tmpdir(), 'kubeskippy-simulate-'))
    // No controller: nothing but the simulation looks at policies.
    installation = await install(cluster, { controller: false })
    await kubectl(cluster, ['create', 'namespace', 'shop'])
    await eventually(() => kubectl(cluster, ['get', 'serviceaccount', 'default', '-n', 'shop']), seconds(60))
    const app = { app: 'cart' }
    await kubectl(cluster, ['apply', '-f', '-'], {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop', labels: app },
      spec: { replicas: 1, selector: { matchLabels: app }, template: { metadata: { labels: app }, spec: { containers: [{ name: 'app', image: 'none.invalid/none' }] } } },
    })
    const pod = await eventually(async () => {
      const name = (await kubectl(cluster, ['get', 'pods', '-n', 'shop', '-o', 'jsonpath={.items[0].metadata.name}'])).trim()
      expect(name).not.to.equal('')
      return name
    }, seconds(60))
    // What a kubelet would say of a pod that crashes.
    const status = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [{ name: 'app', image: 'x', imageID: 'x', ready: false, restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 7, reason: 'Error', startedAt: '2030-01-01T00:00:00Z', finishedAt: '2030-01-01T00:00:00Z' } } }],
    }
    await kubectl(cluster, ['patch', 'pod', pod, '-n', 'shop', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })])
  })

  after(async () => {
    if (folder !== '') rmSync(folder, { recursive: true })
    await installation?.stopWebhook()
    await cluster?.stop()
  })

  const file = (...documents: readonly object[]): string => {
    const path = join(folder, 'policies.json')
    writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents }))
    return path
  }
  const audit = (): readonly Entry[] => readFileSync(cluster.auditLog, 'utf8').split('\n').filter((line) => line.includes('(cli)')).map((line) => JSON.parse(line) as Entry)

  it('says that nothing would be done without the consent of the namespace', async () => {
    const { code, stdout, stderr } = await kubeskippy(cluster, 'simulate', file(policy('shop', { app: 'cart' })))
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(stdout).to.contain('HealingPolicy shop/heal: new to the cluster').and.to.match(/If nothing changes for [0-9]+s\n {2}decision +HealerMissing/)
  })

  it('says what would be done with it, and only reads', async () => {
    await installation?.enable('shop')
    const before = audit().length
    const { stdout } = await kubeskippy(cluster, 'simulate', file(policy('shop', { app: 'cart' })))
    expect(stdout).to.match(/decision +Pending/).and.to.match(/If nothing changes for [0-9]+s\n {2}decision +Decided[^]*restart \(restart\) of Pod\/cart-[^]*set by eviction/)
    const calls = audit().slice(before)
    expect(calls.filter(({ verb }) => verb === 'list').length).to.be.greaterThan(5)
    expect(calls.filter(({ verb, objectRef }) => verb !== 'get' && verb !== 'list' && objectRef?.resource !== 'subjectaccessreviews')).to.deep.equal([])
    // Of other namespaces nothing is read but our own state.
    expect(new Set(calls.map(({ objectRef }) => objectRef?.namespace ?? ''))).to.deep.equal(new Set(['', 'shop', 'kubeskippy-system']))
    expect(await kubectl(cluster, ['get', 'hp,ha', '-A', '--ignore-not-found'])).to.equal('')
  })

  it('refuses, and exits 1, exactly where the API server does', async () => {
    const bad = policy('shop', { app: 'cart', safetyRules: { maxActionsPerHour: 0 } })
    const { code, stdout } = await kubeskippy(cluster, 'simulate', file(bad, policy('shop', { app: 'cart', name: 'fine', mode: 'monitor' })))
    expect(code).to.equal(1)
    expect(stdout).to.match(/Would be refused\n {2}spec\.safetyRules\.maxActionsPerHour/).and.to.contain('HealingPolicy shop/fine: new to the cluster')
    const { code: theirs } = await cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], { input: JSON.stringify(bad) })
    expect(theirs).not.to.equal(0)
  })

  it('knows a policy that is there', async () => {
    await kubectl(cluster, ['apply', '-f', '-'], policy('shop', { app: 'cart', mode: 'monitor' }))
    const path = join(folder, 'stored.yaml')
    writeFileSync(path, await kubectl(cluster, ['get', 'hp', 'heal', '-n', 'shop', '-o', 'yaml']))
    expect((await kubeskippy(cluster, 'simulate', path)).stdout).to.contain('HealingPolicy shop/heal: as it is in the cluster')
    expect((await kubeskippy(cluster, 'simulate', file(policy('shop', { app: 'cart' })))).stdout).to.contain('changes what is in the cluster')
  })

  it('replays what a real Prometheus computes for the last hours', async () => {
    const prometheus = await startPrometheus(cluster)
    try {
      const config = join(folder, 'controller.yaml')
      writeFileSync(config, JSON.stringify({ prometheus: { sources: [{ name: 'main', url: prometheus.url }] } }))
      // Bad for five minutes in every twenty, at any time that one asks about.
      const query = 'label_replace(label_replace(minute() % 20, "namespace", "shop", "", ""), "deployment", "cart", "", "")'
      const slow = {
        apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name: 'slow', namespace: 'shop' },
        spec: {
          mode: 'automatic',
          selector: { resources: [{ apiVersion: 'apps/v1', kind: 'Deployment', names: ['cart'] }] },
          triggers: [{ name: 'slow', type: 'metric', cooldownPeriod: '5m', metricTrigger: { query, operator: '<', threshold: 5, duration: '2m' } }],
          actions: [{ name: 'restart', type: 'restart', target: 'Workload', restartAction: { strategy: 'rolling' } }],
        },
      }
      const before = audit().length
      const { stdout, stderr } = await kubeskippy(cluster, 'simulate', file(slow), '--config', config, '--last', '2h', '-o', 'json')
      expect(stderr).to.equal('')
      const [told] = JSON.parse(stdout) as [{ refusals: string[]; past: { fired: number; acts: number; moments: { what: string }[] } }]
      expect(told.refusals).to.deep.equal([])
      // Six times in two hours, or a seventh cut by an end of them.
      expect(told.past.fired, stdout).to.be.within(5, 7)
      expect(told.past.acts).to.be.within(1, told.past.fired)
      expect(told.past.moments.some(({ what }) => what === 'would act: restart of Deployment/cart, rung 1')).to.equal(true)
      expect(audit().slice(before).filter(({ verb, objectRef }) => verb !== 'get' && verb !== 'list' && objectRef?.resource !== 'subjectaccessreviews')).to.deep.equal([])
      const { stdout: text } = await kubeskippy(cluster, 'simulate', file(slow), '--config', config, '--last', '1h')
      expect(text).to.match(/The last 1h, with the objects of today.*\n {2}fired [2-4] times, would have acted/)
    } finally {
      await prometheus.stop()
    }
  })

  it('is for people of one namespace too', async () => {
    await kubectl(cluster, ['create', 'role', 'reader', '-n', 'shop', '--verb=get,list', '--resource=pods,replicasets.apps,deployments.apps,statefulsets.apps,daemonsets.apps,healingpolicies.kubeskippy.io,healingactions.kubeskippy.io,poddisruptionbudgets.policy'])
    await kubectl(cluster, ['create', 'serviceaccount', 'ann', '-n', 'shop'])
    await kubectl(cluster, ['create', 'rolebinding', 'reader', '-n', 'shop', '--role=reader', '--serviceaccount=shop:ann'])
    const token = (await kubectl(cluster, ['create', 'token', 'ann', '-n', 'shop'])).trim()
    const kubeconfig = join(folder, 'ann.json')
    writeFileSync(kubeconfig, JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'c',
      clusters: [{ name: 'c', cluster: { server: cluster.server, 'certificate-authority': cluster.caFile } }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
    }))
    // What the API server goes by follows what is stored.
    await eventually(async () => {
      const { code, stdout, stderr } = await kubeskippy(cluster, 'simulate', file(policy('shop', { app: 'cart', name: 'other' })), '--kubeconfig', kubeconfig)
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).to.contain('Not seen\n').and.to.contain('you may not read ledgers').and.to.match(/decision +Decided/)
    }, seconds(60))
  })
})

