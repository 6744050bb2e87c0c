/** `kubeskippy enable` and `disable` on a real API server. */
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { healerRules } from '../../controller/permissions.ts'
import { kubectl, kubeskippy, may, rightsOf, type Right } from './access.ts'

const SHOP_HEALER = serviceAccountUser('shop', HEALER_ACCOUNT)
const EVICT = { namespace: 'shop', verb: 'create', resource: 'pods/eviction' }
const KINDS = ['serviceaccount', 'role', 'rolebinding']

/** `verb group/resource`, sorted. */
const oneByOne = (rights: readonly Right[]): string[] =>
  [...new Set(rights.flatMap(({ verbs, apiGroups, resources }) => verbs.flatMap((verb) => apiGroups.flatMap((group) => resources.map((resource) => `${verb} ${group}/${resource}`)))))].sort()

describe('kubeskippy enable and disable', function () {
  this.timeout(300_000)
  let cluster: Cluster

  before(async () => {
    cluster = await startCluster({ node: false })
    for (const namespace of ['shop', 'taken']) await kubectl(cluster, ['create', 'namespace', namespace])
  })

  after(async () => {
    await cluster?.stop()
  })

  const versions = (): Promise<string> => kubectl(cluster, ['get', KINDS.join(','), HEALER_ACCOUNT, '-n', 'shop', '-o', 'jsonpath={.items[*].metadata.resourceVersion}'])

  it('a dry run makes nothing', async () => {
    const { code, stdout } = await kubeskippy(cluster, 'enable', '-n', 'shop', '--dry-run')
    expect(code).to.equal(0)
    expect(stdout).to.contain('created (dry run)')
    expect(await kubectl(cluster, ['get', KINDS.join(','), '-n', 'shop', '--ignore-not-found', '-l', 'app.kubernetes.io/part-of=kubeskippy'])).to.equal('')
  })

  it('enable: the healer may do what the actions need, which every editor may too, and nothing else', async () => {
    expect(await may(cluster, SHOP_HEALER, EVICT)).to.equal(false)
    const { code, stdout, stderr } = await kubeskippy(cluster, 'enable', '-n', 'shop')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(stdout.match(/: created$/gm)).to.have.length(3)
    // What the API server goes by follows what is stored.
    await eventually(async () => expect(await may(cluster, SHOP_HEALER, EVICT)).to.equal(true), seconds(30))
    expect(oneByOne(await rightsOf(cluster, SHOP_HEALER, 'shop'))).to.deep.equal(oneByOne(healerRules))
    expect(await rightsOf(cluster, SHOP_HEALER, 'default')).to.deep.equal([])
    const editor = JSON.parse(await kubectl(cluster, ['get', 'clusterrole', 'edit', '-o', 'json'])) as { readonly rules: readonly Right[] }
    expect(oneByOne(editor.rules)).to.include.members(oneByOne(healerRules))
  })

  it('--print prints what is there now', async () => {
    const { stdout } = await kubeskippy(cluster, 'enable', '-n', 'shop', '--print')
    for (const document of parseAllDocuments(stdout)) {
      const printed = document.toJS() as { kind: string; metadata: object }
      const live = JSON.parse(await kubectl(cluster, ['get', printed.kind, HEALER_ACCOUNT, '-n', 'shop', '-o', 'json'])) as { metadata: object }
      expect(live).to.deep.include({ ...printed, metadata: live.metadata })
      expect(live.metadata).to.deep.include(printed.metadata)
    }
  })

  it('kubectl finds nothing to change in it', async () => {
    const { stdout } = await kubeskippy(cluster, 'enable', '-n', 'shop', '--print')
    const before = await versions()
    await kubectl(cluster, ['apply', '--server-side', '--force-conflicts', '-f', '-'], stdout)
    expect((await kubeskippy(cluster, 'enable', '-n', 'shop')).stdout.match(/: unchanged$/gm)).to.have.length(3)
    expect((await versions()).split(' ')).to.have.length(before.split(' ').length)
  })

  it('enable again writes nothing', async () => {
    const before = await versions()
    expect((await kubeskippy(cluster, 'enable', '-n', 'shop')).code).to.equal(0)
    expect(await versions()).to.equal(before)
  })

  it('enable takes back what was added to the Role, and leads the binding back to it', async () => {
    await kubectl(cluster, ['patch', 'role', HEALER_ACCOUNT, '-n', 'shop', '--type=json', '-p', '[{"op":"replace","path":"/rules","value":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}]'])
    await kubectl(cluster, ['delete', 'rolebinding', HEALER_ACCOUNT, '-n', 'shop'])
    await kubectl(cluster, ['create', 'rolebinding', HEALER_ACCOUNT, '-n', 'shop', '--clusterrole=admin', '--serviceaccount', `shop:${HEALER_ACCOUNT}`])
    await kubectl(cluster, ['label', 'rolebinding', HEALER_ACCOUNT, '-n', 'shop', 'app.kubernetes.io/name=kubeskippy', 'app.kubernetes.io/part-of=kubeskippy', 'app.kubernetes.io/component=healer'])
    const { stdout } = await kubeskippy(cluster, 'enable', '-n', 'shop')
    expect(stdout).to.contain('role/kubeskippy-healer in shop: updated').and.to.contain('rolebinding/kubeskippy-healer in shop: made anew')
    await eventually(async () => expect(oneByOne(await rightsOf(cluster, SHOP_HEALER, 'shop'))).to.deep.equal(oneByOne(healerRules)), seconds(30))
  })

  it("does not overwrite or remove somebody else's object of that name", async () => {
    await kubectl(cluster, ['create', 'role', HEALER_ACCOUNT, '-n', 'taken', '--verb=get', '--resource=pods'])
    const before = await kubectl(cluster, ['get', 'role', HEALER_ACCOUNT, '-n', 'taken', '-o', 'json'])
    for (const command of ['enable', 'disable']) {
      const { code, stderr } = await kubeskippy(cluster, command, '-n', 'taken')
      expect(code).to.equal(1)
      expect(stderr).to.contain('role/kubeskippy-healer in taken was not made by KubeSkippy')
      expect(await kubectl(cluster, ['get', 'role', HEALER_ACCOUNT, '-n', 'taken', '-o', 'json'])).to.equal(before)
    }
    expect(await kubectl(cluster, ['get', 'serviceaccount,rolebinding', HEALER_ACCOUNT, '-n', 'taken', '--ignore-not-found'])).to.equal('')
  })

  it('disable: the healer may do nothing, and nothing is left', async () => {
    const { code, stdout } = await kubeskippy(cluster, 'disable', '-n', 'shop')
    expect(code).to.equal(0)
    expect(stdout.split('\n')[0]).to.equal('rolebinding/kubeskippy-healer in shop: removed')
    await eventually(async () => expect(await may(cluster, SHOP_HEALER, EVICT)).to.equal(false), seconds(30))
    expect(await kubectl(cluster, ['get', KINDS.join(','), HEALER_ACCOUNT, '-n', 'shop', '--ignore-not-found'])).to.equal('')
  })

  it('disable fails, and says why, when somebody else lets the healer act', async () => {
    await kubectl(cluster, ['create', 'rolebinding', 'generous', '-n', 'shop', '--clusterrole=admin', '--group=system:serviceaccounts:shop'])
    // It asks no longer once the answer has been no twice.
    await eventually(async () => expect(await may(cluster, SHOP_HEALER, EVICT)).to.equal(true), seconds(30))
    const { code, stderr } = await kubeskippy(cluster, 'disable', '-n', 'shop')
    expect(code).to.equal(1)
    expect(stderr).to.contain('may still act')
  })

  it('tells programs which objects were made and removed, and of a missing namespace that another one was meant', async () => {
    await kubectl(cluster, ['create', 'namespace', 'till'])
    const told = async (verb: string): Promise<{ readonly objects: readonly { readonly change: string; readonly kind: string; readonly uid: string }[] }> => JSON.parse((await kubeskippy(cluster, verb, '-n', 'till', '-o', 'json')).stdout) as never
    const { objects } = await told('enable')
    expect(objects.map(({ change, kind }) => `${change} ${kind}`)).to.deep.equal(['created ServiceAccount', 'created Role', 'created RoleBinding'])
    const uids = await kubectl(cluster, ['get', KINDS.join(','), HEALER_ACCOUNT, '-n', 'till', '-o', 'jsonpath={.items[*].metadata.uid}'])
    expect(objects.map(({ uid }) => uid)).to.deep.equal(uids.split(' '))
    const removed = (await told('disable')).objects
    expect(removed.map(({ change, uid }) => `${change} ${uid}`)).to.have.members(objects.map(({ uid }) => `removed ${uid}`))
    expect(await kubeskippy(cluster, 'disable', '-n', 'tlil')).to.include({ code: 1, stderr: 'error: namespace tlil does not exist\n' })
  })

  it('refuses a namespace that is protected or missing, in one line', async () => {
    for (const [namespace, why] of [['kube-system', 'is protected'], ['nowhere', 'does not exist']] as const) {
      const { code, stderr } = await kubeskippy(cluster, 'enable', '-n', namespace)
      expect(code).to.equal(1)
      expect(stderr.trim().split('\n')).to.have.length(1)
      expect(stderr).to.contain(why)
    }
  })
})
