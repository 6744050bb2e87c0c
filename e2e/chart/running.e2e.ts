/** The chart with the real image on a real node: both programs run, are upgraded under load, and go. */
import { expect } from 'chai'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubectl, kubeskippy } from '../cli/access.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { ensureChartParts } from '../cluster/parts.ts'
import { PRODUCT_IMAGE, productImage } from '../image/product.ts'
import { CHART, helmMust } from './helm.ts'

const REPORT = { log: (line: string) => { console.log(line) } }
const [repository = '', tag = ''] = PRODUCT_IMAGE.split(/:(?=[^/]*$)/)
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
  this.timeout(300_000)
  let cluster: Cluster
  const k = (...args: readonly string[]): Promise<string> => kubectl(cluster, args)
  const release = async (verb: 'install' | 'upgrade', values: object = {}): Promise<string> =>
    helmMust([verb, 'kubeskippy', CHART, '--wait', '--timeout', '3m'], { kubeconfig: cluster.kubeconfig, values: { image: { repository, tag, pullPolicy: 'Never' }, ...values } })
  const pods = async (): Promise<string[]> => (await k('get', 'pods', '-n', OPERATOR_NAMESPACE, '--field-selector=status.phase=Running', '-o', 'jsonpath={range .items[*]}{.metadata.labels.app\\.kubernetes\\.io/component} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}')).trim().split('\n').toSorted()

  before(async () => {
    await ensureChartParts(REPORT)
    const image = await productImage(REPORT)
    cluster = await startCluster({ log: REPORT.log })
    await cluster.loadImage(image.archive)
    for (const namespace of [OPERATOR_NAMESPACE, 'shop']) await k('create', 'namespace', namespace)
    await k('label', 'namespace', OPERATOR_NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted')
  })
  after(async () => cluster?.stop())

  it('has two of each ready after helm install --wait', async () => {
    const notes = await release('install', { healers: { namespaces: ['shop'] } })
    expect(notes).to.contain('kubeskippy check').and.to.contain('consent: shop')
    expect(await pods()).to.deep.equal(['controller True', 'controller True', 'webhook True', 'webhook True'])
  })

  it('finds nothing wrong with itself', async () => {
    const { stdout, code } = await kubeskippy(cluster, 'check')
    expect(code, stdout).to.equal(0)
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
      await release('upgrade', { healers: { namespaces: ['shop'] }, policies: { recommended: { enabled: true } }, config: { log: { level: 'debug' }, ceiling: { maxActionsPerHour: 30 } } })
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
    }, seconds(60))
    expect(await k('get', 'hp', '-n', 'shop', 'recommended-crash-loop', '-o', 'jsonpath={.spec.mode}')).to.equal('dryrun')
  })

  it('goes with the release', async () => {
    await helmMust(['uninstall', 'kubeskippy', '--wait'], { kubeconfig: cluster.kubeconfig })
    expect((await k('get', 'deployments,services', '-n', OPERATOR_NAMESPACE, '-o', 'name')).trim()).to.equal('')
    await k('delete', 'namespace', OPERATOR_NAMESPACE, '--timeout=120s').catch(async (error: unknown) => {
      throw new Error(await k('get', 'namespace', OPERATOR_NAMESPACE, '-o', 'jsonpath={.status}'), { cause: error })
    })
    expect((await cluster.kubectl(['delete', 'hp', 'written', '-n', 'shop'])).code).to.equal(0)
  })
})
