/** The product on two nodes: a replica of each on either, drained without a gap, and what it is worth when one of them is lost. */
import { expect } from 'chai'
import { CONTROLLER_LEASE, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { rawPolicy } from '../../shared/rules/test-policy.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubectl } from '../cli/access.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { ensureChartParts } from '../cluster/parts.ts'
import { startLoad } from '../door/load.ts'
import { deployment, inNamespace, policy } from '../healing/fixture.ts'
import { productImage } from '../image/product.ts'
import { release } from './release.ts'

const REPORT = { log: (line: string) => { console.log(line) } }
const NODES = ['node-0', 'node-1'] as const
/** With more of them at once on a busy machine each would wait for longer than a review may take. */
const MOST_OPEN = 8
const DRAIN = ['--delete-emptydir-data', '--force']
const BAD = JSON.stringify({ ...rawPolicy({ safetyRules: { maxActionsPerHour: 99 } }), metadata: { name: 'bad', namespace: 'shop' } })

interface Placed {
  readonly component: string
  readonly name: string
  readonly node: string
  readonly ready: boolean
}

interface Pod {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>>; readonly deletionTimestamp?: string }
  readonly spec: { readonly nodeName?: string }
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

describe('KubeSkippy on two nodes', function () {
  this.timeout(1_500_000)
  let cluster: Cluster
  const k = (...args: readonly string[]): Promise<string> => kubectl(cluster, args)
  /** Those that are to stay. */
  const pods = async (): Promise<readonly Placed[]> => {
    const { items } = JSON.parse(await k('get', 'pods', '-n', OPERATOR_NAMESPACE, '-o', 'json')) as { readonly items: readonly Pod[] }
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata: { name, labels = {} }, spec: { nodeName = '' }, status: { conditions = [] } }) => (
      { component: labels['app.kubernetes.io/component'] ?? '', name, node: nodeName, ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True') }))
  }
  const onBoth = (all: readonly Placed[], component: string): boolean => new Set(all.filter((pod) => pod.component === component && pod.ready).map(({ node }) => node)).size === 2
  const holder = async (): Promise<string> => k('get', 'lease', CONTROLLER_LEASE, '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.spec.holderIdentity}')
  const allReady = (): Promise<unknown> => eventually(async () => expect((await pods()).filter(({ ready }) => ready).map(({ component }) => component).toSorted()).to.deep.equal(['controller', 'controller', 'webhook', 'webhook']), seconds(240))
  const refused = async (): Promise<void> => {
    const { code, stderr } = await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], { input: BAD })
    expect({ code, said: stderr.includes('[KS401]') }, stderr).to.deep.equal({ code: 1, said: true })
  }

  before(async () => {
    await ensureChartParts(REPORT)
    const image = await productImage(REPORT)
    cluster = await startCluster({ log: REPORT.log, crashLoopSeconds: 3, nodes: 2 })
    await cluster.loadImage(image.archive)
    for (const namespace of [OPERATOR_NAMESPACE, 'shop']) await k('create', 'namespace', namespace)
    await release(cluster, 'install', { healers: { namespaces: ['shop'] } })
  })
  after(async () => cluster?.stop())

  it('has a replica of each program on either', async () => {
    for (const component of ['controller', 'webhook']) expect((await pods()).filter((pod) => pod.component === component).map(({ node }) => node).toSorted()).to.deep.equal(NODES)
  })

  it('judges every policy while one of them is drained', async () => {
    const load = await startLoad(cluster.kubeconfig, 'shop', [{ body: BAD, refusedWith: '[KS401]' }], 10, MOST_OPEN)
    try {
      await k('drain', 'node-1', ...DRAIN, '--timeout=300s')
      await allReady()
    } finally {
      await load.stop()
    }
    const problems = load.outcomes.flatMap(({ problem }) => problem ?? [])
    expect(problems, problems.join('\n')).to.deep.equal([])
    expect(new Set((await pods()).map(({ node }) => node))).to.deep.equal(new Set(['node-0']))
  })

  it('does not let a drain take the last of them', async () => {
    // One of each cannot come back anywhere, so that the other one is the last.
    await k('cordon', 'node-0')
    const [webhook, controller] = ['webhook', 'controller'].map((component) => `app.kubernetes.io/component=${component}`)
    for (const selector of [webhook, controller]) await k('delete', '-n', OPERATOR_NAMESPACE, (await k('get', 'pods', '-n', OPERATOR_NAMESPACE, '-l', selector ?? '', '-o', 'name')).split('\n')[0] ?? '')
    // Whoever counts for the budgets has seen it.
    await eventually(async () => expect(await k('get', 'pdb', '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.items[*].status.disruptionsAllowed}')).to.equal('0 0'), seconds(60))
    const { code, stderr, stdout } = await cluster.kubectl(['drain', 'node-0', ...DRAIN, '--timeout=20s'])
    expect(code).to.equal(1)
    expect(`${stdout}${stderr}`).to.contain("violate the pod's disruption budget")
    await refused()
    for (const node of NODES) await k('uncordon', node)
    await allReady()
  })

  it('goes on when the node of the one that acts is lost', async () => {
    // They may all be on one by now.
    await k('rollout', 'restart', '-n', OPERATOR_NAMESPACE, 'deployment/kubeskippy-webhook', 'deployment/kubeskippy-controller-manager')
    await k('rollout', 'status', '-n', OPERATOR_NAMESPACE, '--timeout=300s', 'deployment/kubeskippy-webhook', 'deployment/kubeskippy-controller-manager')
    const acting = await eventually(async () => {
      const [name, all] = [await holder(), await pods()]
      // The scheduler is asked to spread them and does not have to: another try is what a person would give it.
      for (const component of ['controller', 'webhook']) {
        const [one] = all.filter((pod) => pod.component === component)
        if (one !== undefined && all.every(({ ready }) => ready) && !onBoth(all, component)) await k('delete', 'pod', '-n', OPERATOR_NAMESPACE, one.name)
        expect(onBoth(all, component), JSON.stringify(all)).to.equal(true)
      }
      const found = all.find((pod) => name.includes(pod.name))
      expect(found, `${name} is none of ${all.map((pod) => pod.name).join(', ')}`).not.to.equal(undefined)
      return found as Placed
    }, seconds(240))
    await cluster.loseNode(acting.node)
    await eventually(async () => expect(await k('get', 'node', acting.node, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')).to.equal('Unknown'), seconds(120))
    // The API server may have a connection to the lost one still.
    await eventually(async () => { for (let time = 0; time < 10; time += 1) await refused() }, seconds(180)).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${JSON.stringify(await pods())}\n${await k('get', 'nodes,endpointslices', '-A', '-o', 'wide')}`, { cause: error })
    })
    await eventually(async () => expect(await holder()).not.to.contain(acting.name).and.not.to.equal(''), seconds(120))
    const other = NODES.find((node) => node !== acting.node)
    const app = deployment('app', 'always') as { spec: { template: { spec: object } } }
    app.spec.template.spec = { ...app.spec.template.spec, nodeName: other }
    await kubectl(cluster, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: [policy('shop', { app: 'app' }), inNamespace('shop', app)] })
    await eventually(async () => expect(await k('get', 'ha', '-n', 'shop', '-o', 'jsonpath={.items[*].status.phase}')).to.match(/\w/), seconds(180))
  })
})
