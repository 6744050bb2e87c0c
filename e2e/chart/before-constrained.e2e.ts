/** Before Kubernetes 1.36 (an API server that behaves as 1.35): the chart lets the controller be the healer of the namespaces that it names, and nobody else's. */
import { expect } from 'chai'
import { CONTROLLER_ACCOUNT, HEALER_ACCOUNT, OPERATOR_NAMESPACE, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import type { KubeConnection } from '../../shared/kube/transport.ts'
import { PODS } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { connectAs, kubectl, kubeskippy, may } from '../cli/access.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { ensureChartParts } from '../cluster/parts.ts'
import { deployment, inNamespace, policy } from '../healing/fixture.ts'
import { loadProduct, release } from './release.ts'

const REPORT = { log: (line: string) => { console.log(line) } }
const CONTROLLER = serviceAccountUser(OPERATOR_NAMESPACE, CONTROLLER_ACCOUNT)
const NAMED = 'shop'
/** Has consented by `kubeskippy enable` alone. */
const OTHER = 'bank'

describe('the chart before constrained impersonation', function () {
  this.timeout(900_000)
  let cluster: Cluster
  let controller: KubeConnection
  const k = (...args: readonly string[]): Promise<string> => kubectl(cluster, args)

  before(async () => {
    await ensureChartParts(REPORT)
    cluster = await startCluster({ log: REPORT.log, crashLoopSeconds: 3, apiServerArgs: ['--emulated-version=1.35'] })
    await loadProduct(cluster, REPORT)
    for (const namespace of [OPERATOR_NAMESPACE, NAMED, OTHER]) await k('create', 'namespace', namespace)
    await release(cluster, 'install', { rbac: { impersonation: 'legacy' }, healers: { namespaces: [NAMED] } })
    controller = await connectAs(cluster, OPERATOR_NAMESPACE, CONTROLLER_ACCOUNT)
  })
  after(async () => {
    await controller?.close()
    await cluster?.stop()
  })

  it('gives the older verb where it was told to, and the newer one nowhere', async () => {
    const older = { verb: 'impersonate', resource: 'serviceaccounts', name: HEALER_ACCOUNT }
    expect(await may(cluster, CONTROLLER, { ...older, namespace: NAMED })).to.equal(true)
    expect(await may(cluster, CONTROLLER, { ...older, namespace: OTHER })).to.equal(false)
    expect(await may(cluster, CONTROLLER, { ...older, namespace: NAMED, name: 'default' })).to.equal(false)
    expect(await may(cluster, CONTROLLER, { ...older, namespace: NAMED, verb: 'impersonate:serviceaccount', group: 'authentication.k8s.io' })).to.equal(false)
  })

  it('heals there, as the healer', async () => {
    await eventually(() => kubectl(cluster, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: [policy(NAMED, { app: 'cart' }), inNamespace(NAMED, deployment('cart', 'always'))] }), seconds(90))
    const uid = await eventually(async () => {
      const found = await k('get', 'pods', '-n', NAMED, '-o', 'jsonpath={.items[*].metadata.uid}')
      expect(found).to.match(/^\S+$/)
      return found
    }, seconds(60))
    await eventually(async () => expect(await k('get', 'pods', '-n', NAMED, '-o', 'jsonpath={.items[*].metadata.uid}')).to.not.contain(uid), seconds(180))
    await k('delete', 'hp', 'heal', '-n', NAMED)
  })

  it('does nothing where the namespace alone has consented, and says why', async () => {
    const enabled = await kubeskippy(cluster, 'enable', '-n', OTHER)
    expect(enabled.code, enabled.stderr).to.equal(0)
    expect(enabled.stdout).to.contain(`no constrained impersonation: nothing is healed in ${OTHER} unless healers.namespaces of the chart names it too`)
    await kubectl(cluster, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: [policy(OTHER, { app: 'cart' }), inNamespace(OTHER, deployment('cart', 'always'))] })
    const ended = await eventually(async () => {
      const { items } = JSON.parse(await k('get', 'ha', '-n', OTHER, '-o', 'json')) as { items: HealingAction[] }
      const found = items.find(({ status }) => ['Failed', 'Cancelled'].includes(status?.phase ?? ''))
      expect(found?.status, JSON.stringify(items.map(({ status }) => status))).to.not.equal(undefined)
      return found?.status
    }, seconds(180))
    expect(ended?.result).to.include({ reason: 'HealerForbidden', success: false })
    expect(ended?.result?.message).to.contain('or the controller to act as that healer: kubeskippy check says which')
  })

  it('leaves the controller no other way into it', async () => {
    const asHealer = { impersonate: serviceAccountUser(OTHER, HEALER_ACCOUNT), dryRun: true }
    const refused = await controller.delete(PODS, { namespace: OTHER, name: 'nobody' }, asHealer).then(() => undefined, (error: unknown) => error)
    expect(isApiError(refused, 'Forbidden'), String(refused)).to.equal(true)
  })

  it('is told apart by kubeskippy check: what may be healed, and what only has its consent', async () => {
    await kubectl(cluster, ['apply', '-f', '-'], policy(NAMED, { app: 'nothing' }))
    const { code, stdout } = await eventually(async () => {
      const answer = await kubeskippy(cluster, 'check')
      expect(answer.stdout).to.not.match(/no controller has looked/)
      return answer
    }, seconds(60))
    expect(stdout).to.match(/^warn +server +v1\.36\.\S+ as 1\.35 has no constrained impersonation/m)
    expect(stdout).to.match(new RegExp(`^ok +healers +${NAMED} may be healed`, 'm')).and.to.match(new RegExp(`^warn +healers +${OTHER}: ${CONTROLLER_ACCOUNT} may not act as ${HEALER_ACCOUNT}`, 'm'))
    expect(code, stdout).to.equal(0)
  })
})
