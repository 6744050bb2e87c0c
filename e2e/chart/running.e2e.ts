/** The chart with the real image on a real node: both programs run, are upgraded under load, and go. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseTarGzip } from 'nanotar'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubectl, kubeskippy } from '../cli/access.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { ensureChartParts } from '../cluster/parts.ts'
import { policy } from '../healing/fixture.ts'
import { helmMust } from './helm.ts'
import { assertVacant, installedImage, loadProduct, release } from './release.ts'

const REPORT = { log: (line: string) => { console.log(line) } }
const POLICY = {
  apiVersion: 'kubeskippy.io/v1alpha1',
  kind: 'HealingPolicy',
  metadata: { name: 'written', namespace: 'shop' },
  spec: {
    selector: { labelSelector: { matchLabels: { app: 'cart' } } },
    triggers: [{ name: 'crashing', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff' } }],
    actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
  },
}

describe('the chart with its pods running', function () {
  this.timeout(900_000)
  let cluster: Cluster
  /** From then on all that has our name there has been made here. */
  let isOurs = false
  const k = (...args: readonly string[]): Promise<string> => kubectl(cluster, args)
  const pods = async (): Promise<string[]> => (await k('get', 'pods', '-n', OPERATOR_NAMESPACE, '--field-selector=status.phase=Running', '-o', 'jsonpath={range .items[*]}{.metadata.labels.app\\.kubernetes\\.io/component} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}')).trim().split('\n').toSorted()

  before(async () => {
    await ensureChartParts(REPORT)
    cluster = await startCluster({ anywhere: true, log: REPORT.log })
    await loadProduct(cluster, REPORT)
    await assertVacant(cluster)
    isOurs = true
    for (const namespace of [OPERATOR_NAMESPACE, 'shop']) await k('create', 'namespace', namespace)
    await k('label', 'namespace', OPERATOR_NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted')
  })
  after(async () => {
    if (isOurs && !cluster.isOwn) {
      await kubeskippy(cluster, 'uninstall', '--delete-policies', '--yes')
      await k('delete', 'namespace', 'shop', '--ignore-not-found')
    }
    await cluster?.stop()
  })

  it('has two of each ready after helm install --wait', async () => {
    const notes = await release(cluster, 'install', { healers: { namespaces: ['shop'] } })
    expect(notes).to.contain('kubeskippy check').and.to.contain('consent: shop')
    expect(await pods()).to.deep.equal(['controller True', 'controller True', 'webhook True', 'webhook True'])
  })

  it('finds nothing wrong with itself', async () => {
    // One of the two takes the lease when its watches are complete.
    await eventually(async () => {
      const { stdout, code } = await kubeskippy(cluster, 'check')
      expect(code, stdout).to.equal(0)
    }, seconds(90))
  })

  it('puts what each of its pods logs and answers into a bundle', async () => {
    const file = join(cluster.dir, 'bundle.tar.gz')
    const { code, stdout } = await kubeskippy(cluster, 'bundle', '-f', file)
    expect(code, stdout).to.equal(0)
    expect(stdout).to.not.contain('not in it')
    const archive = await parseTarGzip(readFileSync(file))
    const part = (name: string): string => archive.find(({ name: path }) => path.endsWith(`/programs/${name}`))?.text ?? ''
    // Two addresses of the webhook, and the event of their pods.
    expect(part('endpoint-slices.json')).to.contain('"kubernetes.io/service-name": "kubeskippy-webhook"')
    for (const kind of ['replica-sets', 'disruption-budgets', 'services']) expect(part(`${kind}.json`), kind).to.contain('"name": "kubeskippy-webhook')
    expect(part('events.json')).to.contain('"reason": "Scheduled"')
    expect(part('configs.json')).to.contain('"name": "kubeskippy-config-')
    const files = archive.map(({ name, text }) => [name.replace(/^[^/]+\/programs\/(controller-manager|webhook)-[^/]+\//, '$1 '), text] as const)
    for (const [program, container] of [['controller-manager', 'controller'], ['webhook', 'webhook']]) {
      const of = (name: string): readonly string[] => files.flatMap(([path, text]) => (path === `${program} ${name}` ? [text] : []))
      for (const log of of(`${container}.log`)) expect(log).to.contain('"msg":"')
      for (const metrics of of('metrics.txt')) expect(metrics).to.contain('kubeskippy_ready{')
      for (const answer of of('readyz.txt')) expect(answer).to.contain('[+]').and.not.contain('[-]')
      for (const name of [`${container}.log`, 'metrics.txt', 'readyz.txt', 'livez.txt']) expect(of(name), `${program} ${name}`).to.have.length(2)
    }
  })

  it('judges policies', async () => {
    const bad = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify({ ...POLICY, spec: { ...POLICY.spec, mode: 'automatic', safetyRules: { maxActionsPerHour: 99 } } }) })
    expect(bad.stderr).to.contain('[KS')
    await kubectl(cluster, ['apply', '-f', '-'], POLICY)
  })

  it('is upgraded, configuration and all, while every write of a policy is judged', async () => {
    const done = new AbortController()
    const refused: string[] = []
    let written = 0
    const writing = (async () => {
      while (!done.signal.aborted) {
        // It changes the spec, so that no condition of the webhook lets it by.
        const { code, stderr } = await cluster.kubectl(['patch', 'hp', 'written', '-n', 'shop', '--type=merge', '-p', JSON.stringify({ spec: { safetyRules: { maxActionsPerHour: 1 + (written % 5) } } })])
        if (code === 0) written += 1
        else refused.push(stderr)
      }
    })()
    const before = await k('get', 'pods', '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.items[*].metadata.uid}')
    try {
      await release(cluster, 'upgrade', { healers: { namespaces: ['shop'] }, policies: { recommended: { enabled: true } }, config: { log: { level: 'debug' }, ceiling: { maxActionsPerHour: 30 } } })
    } finally {
      done.abort()
      await writing
    }
    expect(refused).to.deep.equal([])
    expect(written).to.be.greaterThan(5)
    // The earlier ones answer until no review comes any more.
    await eventually(async () => {
      const after = (await k('get', 'pods', '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.items[*].metadata.uid}')).split(' ')
      expect(after.filter((uid) => before.includes(uid))).to.deep.equal([])
    }, seconds(180))
    expect(await k('get', 'hp', '-n', 'shop', 'recommended-crash-loop', '-o', 'jsonpath={.spec.mode}')).to.equal('dryrun')
  })

  it('heals what breaks in a namespace that consents', async () => {
    // What every node has here, whoever runs the cluster, is our own image.
    const container = { name: 'app', image: installedImage(), imagePullPolicy: 'IfNotPresent', command: ['/usr/local/bin/node', '-e', 'process.exit(7)'] }
    const made = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'basket', namespace: 'shop' }, spec: { selector: { matchLabels: { app: 'basket' } }, template: { metadata: { labels: { app: 'basket' } }, spec: { containers: [container] } } } }
    await kubectl(cluster, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: [policy('shop', { app: 'basket' }), made] })
    const uids = async (): Promise<string> => k('get', 'pods', '-n', 'shop', '-l', 'app=basket', '-o', 'jsonpath={.items[*].metadata.uid}')
    const [broken = ''] = await eventually(async () => {
      const found = await uids()
      expect(found).to.not.equal('')
      return found.split(' ')
    }, seconds(60))
    await eventually(async () => expect(await uids()).to.not.contain(broken), seconds(240))
    const told = JSON.parse(await k('get', 'ha', '-n', 'shop', '-o', 'json')) as { items: HealingAction[] }
    expect(told.items.filter(({ spec: { targetResource, dryRun } }) => targetResource.uid === broken && !dryRun).map(({ spec }) => spec.action.type)).to.deep.equal(['restart'])
    await k('delete', 'hp/heal', 'deployment/basket', '-n', 'shop')
  })

  it('goes with the release', async () => {
    await helmMust(['uninstall', 'kubeskippy', '--wait'], { kubeconfig: cluster.kubeconfig })
    expect((await k('get', 'deployments,services', '-n', OPERATOR_NAMESPACE, '-o', 'name')).trim()).to.equal('')
    await k('delete', 'namespace', OPERATOR_NAMESPACE, '--timeout=330s').catch(async (error: unknown) => {
      throw new Error(await k('get', 'namespace', OPERATOR_NAMESPACE, '-o', 'jsonpath={.status}'), { cause: error })
    })
    expect((await cluster.kubectl(['delete', 'hp', 'written', '-n', 'shop'])).code).to.equal(0)
  })
})
