import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { HEALER_ACCOUNT } from '../shared/api/v1alpha1/names.ts'
import { NAMESPACES, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from '../shared/kube/resources.ts'
import { ConfigError } from '../shared/lib/errors.ts'
import { healerRules } from '../controller/permissions.ts'
import { consentObjects, healerObjects } from './healer.ts'
import { noCluster, setUpCli } from './testing/bench.ts'

const LOGS = { namespace: 'shop', name: 'kubeskippy-healer-logs' }
const KEY = { namespace: 'shop', name: HEALER_ACCOUNT }
const KINDS = [SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS]
function setUp({ healerMay = () => false }: { readonly healerMay?: () => boolean } = {}) {
  const { cluster, run } = setUpCli({ may: healerMay })
  for (const name of ['ops', 'till']) cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const paths = { spec: ['spec', 'replicas'], status: ['status', 'replicas'] }
  cluster.definitions.define({ group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', plural: 'rollouts', namespaced: true }, paths)
  cluster.definitions.define({ group: 'example.com', version: 'v1', kind: 'Cache', plural: 'caches', namespaced: true }, paths)
  cluster.definitions.define({ group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true })
  const there = (): boolean[] => KINDS.map((kind) => cluster.peek(kind, KEY) !== undefined)
  return { cluster, run, there }
}

describe('kubeskippy enable', () => {
  it('makes the account, its Role and its binding, and says so', async () => {
    const { run, there } = setUp()
    const { code, out, err } = await run('enable -n shop')
    expect({ code, err }).to.deep.equal({ code: 0, err: '' })
    expect(out.trim().split('\n')).to.deep.equal([
      'serviceaccount/kubeskippy-healer in shop: created',
      'role/kubeskippy-healer in shop: created',
      'rolebinding/kubeskippy-healer in shop: created',
    ])
    expect(there()).to.deep.equal([true, true, true])
  })

  it('writes nothing when all is as it should be', async () => {
    const { cluster, run } = setUp()
    await run('enable -n shop')
    const before = cluster.journal.writes.length
    const { code, out } = await run('enable -n shop')
    expect({ code, writes: cluster.journal.writes.length }).to.deep.equal({ code: 0, writes: before })
    expect(out.match(/unchanged/g)).to.have.length(3)
  })

  it('takes back what was added to the Role', async () => {
    const { cluster, run } = setUp()
    await run('enable -n shop')
    const rules = (cluster.peek(ROLES, KEY) as { rules?: unknown } | undefined)?.rules
    cluster.change(ROLES, KEY, (role) => ({ ...role, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }))
    expect((await run('enable -n shop')).out).to.contain('role/kubeskippy-healer in shop: updated')
    expect((cluster.peek(ROLES, KEY) as { rules?: unknown } | undefined)?.rules).to.deep.equal(rules)
  })

  it('makes a binding anew that leads to another role', async () => {
    const { cluster, run } = setUp()
    await run('enable -n shop')
    const { uid } = cluster.must(ROLE_BINDINGS, KEY).metadata
    cluster.change(ROLE_BINDINGS, KEY, (binding) => ({ ...binding, roleRef: { apiGroup: ROLES.group, kind: 'ClusterRole', name: 'admin' } }))
    expect((await run('enable -n shop')).out).to.contain('rolebinding/kubeskippy-healer in shop: made anew')
    expect(cluster.must(ROLE_BINDINGS, KEY).metadata.uid).not.to.equal(uid)
  })

  for (const kind of KINDS) {
    it(`does nothing at all when a ${kind.kind} of that name is somebody else's`, async () => {
      const { cluster, run } = setUp()
      const manifest = healerObjects('shop').find(({ resource }) => resource === kind)?.manifest
      if (manifest === undefined) throw new Error('no such kind')
      cluster.seed(kind, { ...manifest, metadata: { ...KEY, labels: { 'app.kubernetes.io/part-of': 'kubeskippy' } } })
      const { code, err } = await run('enable -n shop')
      expect(code).to.equal(1)
      expect(err).to.contain(`${kind.kind.toLowerCase()}/kubeskippy-healer in shop was not made by KubeSkippy`)
      expect(cluster.journal.writes).to.deep.equal([])
    })
  }

  it('lets logs be read only when asked, beside what is there, and takes it back with the rest', async () => {
    const { cluster, run } = setUp()
    await run('enable -n shop')
    expect(cluster.peek(ROLES, LOGS)).to.equal(undefined)
    const { out } = await run('enable -n shop --logs')
    expect(out.split('\n').slice(0, -1)).to.deep.equal([
      'serviceaccount/kubeskippy-healer in shop: updated',
      'role/kubeskippy-healer in shop: unchanged',
      'rolebinding/kubeskippy-healer in shop: unchanged',
      'role/kubeskippy-healer-logs in shop: created',
      'rolebinding/kubeskippy-healer-logs in shop: created',
    ])
    expect(cluster.must(SERVICE_ACCOUNTS, KEY).metadata.annotations).to.deep.equal({ 'kubeskippy.io/logs': 'true' })
    expect((cluster.must(ROLES, LOGS) as { rules?: unknown }).rules).to.deep.equal([{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }])
    expect((await run('enable -n shop --logs')).out).not.to.match(/updated|created/)
    // Without the flag it stays as it was.
    await run('enable -n shop')
    expect(cluster.must(SERVICE_ACCOUNTS, KEY).metadata.annotations).to.deep.equal({ 'kubeskippy.io/logs': 'true' })
    expect((await run('disable -n shop')).code).to.equal(0)
    expect([cluster.peek(ROLES, LOGS), cluster.peek(ROLE_BINDINGS, LOGS), cluster.peek(SERVICE_ACCOUNTS, KEY)]).to.deep.equal([undefined, undefined, undefined])
  })

  const SCALE = { namespace: 'shop', name: 'kubeskippy-healer-scale' }
  const scales = (...resources: readonly (readonly [string, string])[]) => resources.map(([group, plural]) => ({ apiGroups: [group], resources: [`${plural}/scale`], verbs: ['patch'] }))

  it('lets other kinds be scaled only when asked, one beside the other, and takes it back with the rest', async () => {
    const { cluster, run } = setUp()
    await run('enable -n shop')
    expect(cluster.peek(ROLES, SCALE)).to.equal(undefined)
    const { out } = await run('enable -n shop --scale rollouts.argoproj.io --scale replicationcontrollers')
    expect(out.split('\n').slice(3, -1)).to.deep.equal(['role/kubeskippy-healer-scale in shop: created', 'rolebinding/kubeskippy-healer-scale in shop: created'])
    expect((cluster.must(ROLES, SCALE) as { rules?: unknown }).rules).to.deep.equal(scales(['', 'replicationcontrollers'], ['argoproj.io', 'rollouts']))
    expect((await run('enable -n shop --scale caches.example.com')).out).to.include('role/kubeskippy-healer-scale in shop: updated')
    const all = scales(['example.com', 'caches'], ['', 'replicationcontrollers'], ['argoproj.io', 'rollouts'])
    expect((cluster.must(ROLES, SCALE) as { rules?: unknown }).rules).to.deep.equal(all)
    expect((await run('enable -n shop --scale rollouts.argoproj.io')).out).not.to.match(/updated|created/)
    await run('enable -n shop')
    expect((cluster.must(ROLES, SCALE) as { rules?: unknown }).rules).to.deep.equal(all)
    expect((await run('disable -n shop')).code).to.equal(0)
    expect([cluster.peek(ROLES, SCALE), cluster.peek(ROLE_BINDINGS, SCALE)]).to.deep.equal([undefined, undefined])
  })

  it('refuses to let be scaled what the API server has no scale of, and makes nothing', async () => {
    const { run, there } = setUp()
    for (const [resource, why] of [
      ['cahces.example.com', 'the API server has no cahces.example.com: did you mean caches.example.com?'],
      ['zzzzzzzzzzzz.example.com', 'the API server has no zzzzzzzzzzzz.example.com\n'],
      ['widgets.example.com', 'widgets.example.com has no scale subresource'],
    ] as const) {
      const { code, err } = await run(`enable -n shop --scale ${resource}`)
      expect([code, err.includes(why)], err).to.deep.equal([1, true])
    }
    expect(there()).to.deep.equal([false, false, false])
  })

  it('lets be scaled what a group will have that is not there yet, and says so', async () => {
    const { code, out } = await setUp().run('enable -n shop --scale caches.later.example.com')
    expect(code).to.equal(0)
    expect(out).to.contain('caches.later.example.com: the API server has no group later.example.com yet').and.to.contain('role/kubeskippy-healer-scale in shop: created')
  })

  it('takes nothing over from that Role but scales of one kind each', async () => {
    const { cluster, run } = setUp()
    await run('enable -n shop --scale caches.example.com')
    cluster.change(ROLES, SCALE, (role) => ({ ...role, rules: [...scales(['example.com', 'caches']), { apiGroups: ['*'], resources: ['*/scale', 'pods', 'x/scale'], verbs: ['*'] }, 7] }))
    await run('enable -n shop --scale rollouts.argoproj.io')
    expect((cluster.must(ROLES, SCALE) as { rules?: unknown }).rules).to.deep.equal(scales(['example.com', 'caches'], ['argoproj.io', 'rollouts']))
  })

  for (const [resource, why] of [
    ['CacheCluster', 'write its plural and its group'],
    ['caches.example.com/scale', 'write its plural and its group'],
    ['*.example.com', 'write its plural and its group'],
    ['deployments.apps', 'may be scaled without it'],
    ['daemonsets.apps', 'has no scale'],
    ['secrets', 'has no scale'],
  ] as const) {
    it(`does not take ${resource} for a kind to be scaled`, async () => {
      const { run } = setUp()
      const { code, err } = await run(`enable -n shop --scale ${resource}`, noCluster)
      expect(code).to.equal(2)
      expect(err).to.include('--scale').and.to.include(why)
    })
  }

  it('writes nothing in a dry run', async () => {
    const { run, there } = setUp()
    const { code, out } = await run('enable -n shop --dry-run')
    expect(code).to.equal(0)
    expect(out).to.contain('created (dry run)')
    expect(there()).to.deep.equal([false, false, false])
  })

  for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease', 'kubeskippy-system']) {
    it(`refuses ${namespace}`, async () => {
      const { cluster, run } = setUp()
      const { code, err } = await run(`enable -n ${namespace}`)
      expect(code).to.equal(1)
      expect(err).to.contain(`namespace ${namespace} is protected`)
      expect(cluster.journal.entries).to.deep.equal([])
    })
  }

  it('does the other namespaces when one is not there', async () => {
    const { run, there } = setUp()
    const { code, err } = await run('enable -n nowhere -n shop')
    expect({ code, err }).to.deep.equal({ code: 1, err: 'error: namespace nowhere does not exist\n' })
    expect(there()).to.deep.equal([true, true, true])
  })

  it('leaves a namespace alone that is being deleted', async () => {
    const { cluster, run } = setUp()
    cluster.change(NAMESPACES, { name: 'shop' }, (place) => ({ ...place, metadata: { ...place.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } }))
    expect(await run('enable -n shop')).to.deep.include({ code: 1, err: 'error: namespace shop is being deleted\n' })
  })

  it('prints with -o yaml what it would make, without a cluster', async () => {
    const { run } = setUp()
    const { code, out } = await run('enable -n shop -o yaml', noCluster)
    expect(code).to.equal(0)
    expect(parseAllDocuments(out).map((document) => document.toJS() as unknown)).to.deep.equal(healerObjects('shop').map(({ manifest }) => manifest))
  })

  it('names every problem of the kubeconfig, a line each', async () => {
    const connect = () => {
      throw new ConfigError(['one', 'two'])
    }
    expect(await setUp().run('enable -n shop', { connect })).to.deep.include({ code: 1, err: 'error: one\nerror: two\n' })
  })
})

describe('kubeskippy disable', () => {
  it('takes the right away first', async () => {
    const { cluster, run, there } = setUp()
    await run('enable -n shop')
    const { code, out } = await run('disable -n shop')
    expect(code).to.equal(0)
    expect(out.split('\n')[0]).to.equal('rolebinding/kubeskippy-healer in shop: removed')
    const removed = cluster.journal.effects.filter(({ call }) => call.verb === 'delete').map(({ call }) => call.resource.kind)
    expect(removed).to.deep.equal(['RoleBinding', 'Role', 'ServiceAccount'])
    expect(there()).to.deep.equal([false, false, false])
  })

  it('is content when nothing is there', async () => {
    const { code, out } = await setUp().run('disable -n shop')
    expect(code).to.equal(0)
    expect(out.match(/was not there/g)).to.have.length(3)
  })

  it("leaves somebody else's objects, removes ours, and fails", async () => {
    const { cluster, run, there } = setUp()
    await run('enable -n shop')
    cluster.change(ROLES, KEY, (role) => ({ ...role, metadata: { ...role.metadata, labels: {} } }))
    const { code, err } = await run('disable -n shop')
    expect(code).to.equal(1)
    expect(err).to.contain('role/kubeskippy-healer in shop was not made by KubeSkippy')
    expect(there()).to.deep.equal([false, true, false])
  })

  it('removes a binding that was changed between the look and the removal', async () => {
    const { cluster, run, there } = setUp()
    await run('enable -n shop')
    let touched = false
    cluster.faults.add(({ verb, resource }) => {
      if (verb !== 'delete' || resource !== ROLE_BINDINGS || touched) return undefined
      touched = true
      cluster.change(ROLE_BINDINGS, KEY, (binding) => ({ ...binding, metadata: { ...binding.metadata, annotations: { touched: 'yes' } } }))
      return undefined
    })
    expect((await run('disable -n shop')).code).to.equal(0)
    expect({ touched, there: there() }).to.deep.equal({ touched: true, there: [false, false, false] })
  })

  it('fails when the healer may act even so', async () => {
    const { run } = setUp({ healerMay: () => true })
    await run('enable -n shop')
    const { code, err } = await run('disable -n shop')
    expect(code).to.equal(1)
    expect(err).to.contain('the healer of shop may still act')
  })

  it('waits for authorizers that have not heard of it yet', async () => {
    // Every right is asked about in each look.
    let asked = 0
    const { run } = setUp({ healerMay: () => (asked += 1) <= 2 * healerRules.length })
    await run('enable -n shop')
    expect((await run('disable -n shop')).code).to.equal(0)
    expect(asked).to.equal(3 * healerRules.length)
  })

  it('removes nothing in a dry run', async () => {
    const { run, there } = setUp()
    await run('enable -n shop')
    expect((await run('disable -n shop --dry-run')).code).to.equal(0)
    expect(there()).to.deep.equal([true, true, true])
  })
})

describe('consent to policies of another namespace', () => {
  const CONSENT = { namespace: 'shop', name: 'kubeskippy-consent-ops' }
  const lines = (out: string): string[] => out.trim().split('\n')

  it('is a Role and a binding that give the verb heal to the account of the other namespace, beside the healer', async () => {
    const { cluster, run } = setUp()
    const { code, out } = await run('enable -n shop --consent-to ops')
    expect(code).to.equal(0)
    expect(lines(out).slice(3)).to.deep.equal(['role/kubeskippy-consent-ops in shop: created', 'rolebinding/kubeskippy-consent-ops in shop: created'])
    expect(cluster.must(ROLES, CONSENT)).to.deep.include({ rules: [{ apiGroups: ['kubeskippy.io'], resources: ['healingpolicies'], verbs: ['heal'] }] })
    expect(cluster.must(ROLE_BINDINGS, CONSENT)).to.deep.include({ subjects: [{ kind: 'ServiceAccount', name: HEALER_ACCOUNT, namespace: 'ops' }] })
  })

  it('is given once, stays without the flag, and is printed with -o yaml', async () => {
    const { cluster, run } = setUp()
    await run('enable -n shop --consent-to ops')
    const before = cluster.journal.writes.length
    expect((await run('enable -n shop --consent-to ops')).out.match(/unchanged/g)).to.have.length(5)
    await run('enable -n shop')
    expect(cluster.journal.writes).to.have.length(before)
    expect(cluster.peek(ROLE_BINDINGS, CONSENT)).not.to.equal(undefined)
    const { out } = await run('enable -n shop --consent-to ops --consent-to till -o yaml', noCluster)
    expect(parseAllDocuments(out).map((document) => document.toJS() as unknown)).to.deep.equal([...healerObjects('shop'), ...consentObjects('shop', 'ops'), ...consentObjects('shop', 'till')].map(({ manifest }) => manifest))
  })

  it('is given to one namespace and not to another, and taken back alone', async () => {
    const { cluster, run, there } = setUp()
    await run('enable -n shop --consent-to ops --consent-to till')
    const { code, out } = await run('disable -n shop --consent-to ops')
    expect(code).to.equal(0)
    expect(lines(out)).to.deep.equal(['rolebinding/kubeskippy-consent-ops in shop: removed', 'role/kubeskippy-consent-ops in shop: removed'])
    expect(there()).to.deep.equal([true, true, true])
    expect(cluster.peek(ROLE_BINDINGS, { ...CONSENT, name: 'kubeskippy-consent-till' })).not.to.equal(undefined)
  })

  it('goes with the rest, whoever was let in', async () => {
    const { cluster, run } = setUp()
    await run('enable -n shop --consent-to ops --consent-to till')
    const { out } = await run('disable -n shop')
    expect(lines(out).filter((line) => line.endsWith(': removed'))).to.have.length(7)
    expect([...cluster.all(ROLES), ...cluster.all(ROLE_BINDINGS)]).to.deep.equal([])
  })

  it('is not given and not taken in a dry run', async () => {
    const { cluster, run } = setUp()
    expect((await run('enable -n shop --consent-to ops --dry-run')).out).to.contain('rolebinding/kubeskippy-consent-ops in shop: created (dry run)')
    expect(cluster.all(ROLE_BINDINGS)).to.deep.equal([])
    await run('enable -n shop --consent-to ops')
    expect((await run('disable -n shop --consent-to ops --dry-run')).out).to.contain('removed (dry run)')
    expect(cluster.all(ROLE_BINDINGS)).to.have.length(2)
  })

  it('that somebody else gives as well is said', async () => {
    const { run } = setUp({ healerMay: () => true })
    await run('enable -n shop --consent-to ops')
    const { code, err } = await run('disable -n shop --consent-to ops')
    expect(code).to.equal(1)
    expect(err).to.contain('shop still consents to policies of ops')
  })

  it("leaves somebody else's binding of that name", async () => {
    const { cluster, run } = setUp()
    cluster.seed(ROLE_BINDINGS, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { ...CONSENT } })
    for (const line of ['enable -n shop --consent-to ops', 'disable -n shop --consent-to ops']) {
      const { code, err } = await run(line)
      expect(code).to.equal(1)
      expect(err).to.contain('rolebinding/kubeskippy-consent-ops in shop was not made by KubeSkippy').and.to.contain('app.kubernetes.io/component=consent')
    }
    expect(cluster.peek(ROLE_BINDINGS, CONSENT)).not.to.equal(undefined)
  })

  it('to a namespace that does not exist, or is going, is refused: whoever makes one of that name would be let in', async () => {
    const { cluster, run, there } = setUp()
    const gone = await run('enable -n shop --consent-to gone')
    expect([gone.code, gone.err]).to.satisfy(() => gone.code === 1 && gone.err.includes('namespace gone does not exist'), gone.err)
    cluster.change(NAMESPACES, { name: 'till' }, (object) => ({ ...object, metadata: { ...object.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } }))
    expect((await run('enable -n shop --consent-to till')).err).to.contain('namespace till is being deleted')
    expect(there()).to.deep.equal([false, false, false])
  })

  it('is given by somebody who may look at his own namespace only', async () => {
    const { cluster, run } = setUpCli({ deny: ({ resource, name }) => (resource === NAMESPACES && name === 'ops' ? 'not yours' : undefined) })
    const { code, out } = await run('enable -n shop --consent-to ops')
    expect(code).to.equal(0)
    expect(out).to.contain('namespace ops: you may not look whether it exists')
    expect(cluster.peek(ROLE_BINDINGS, CONSENT)).not.to.equal(undefined)
  })

  it('to a protected namespace is refused: nothing acts from there', async () => {
    const { code, err } = await setUp().run('enable -n shop --consent-to kube-system')
    expect(code).to.equal(1)
    expect(err).to.contain('namespace kube-system is protected')
  })
})

describe('the command line', () => {
  const misuses = ['enabel', 'enable', 'enable -n Shop', 'enable -n shop/cart', 'enable shop', 'enable -n shop till', 'disable shop -o yaml', 'enable -n shop --force', 'enable -n shop --consent-to', 'enable -n shop --consent-to Ops', 'enable -n shop --consent-to shop', 'disable -n shop --consent-to shop', 'enable --consent-to ops', 'enable -n shop -o json', 'disable -n shop -o yaml', 'version now and then']
  for (const line of misuses) {
    it(`exits 2 for: ${line}`, async () => {
      const { code, err } = await setUp().run(line, noCluster)
      expect(code).to.equal(2)
      expect(err).to.match(/^error: /)
    })
  }

  for (const line of ['', 'help', '--help', 'enable --help']) {
    it(`helps, and exits 0, for: ${line === '' ? 'nothing' : line}`, async () => {
      const { code, out } = await setUp().run(line, noCluster)
      expect(code).to.equal(0)
      expect(out).to.contain('Usage: kubeskippy')
    })
  }

  it('prints the version', async () => {
    for (const line of ['version', '--version']) expect(await setUp().run(line, noCluster)).to.deep.equal({ code: 0, out: '1.2.3\n', err: '' })
  })

  it('says where the name of a namespace belongs', async () => {
    expect((await setUp().run('enable default', noCluster)).err).to.equal('error: unexpected "default": did you mean -n default?\n')
    expect((await setUp().run('disable', noCluster)).err).to.equal('error: -n, --namespace is missing: in which namespace?\n')
  })

  it('hands the flags of a program on as they are', async () => {
    const given: string[][] = []
    const controller = (argv: readonly string[]): Promise<number> => (given.push([...argv]), Promise.resolve(7))
    const { code } = await setUp().run('controller --help --config a -x', { programs: { controller, webhook: controller } })
    expect({ code, given }).to.deep.equal({ code: 7, given: [['--help', '--config', 'a', '-x']] })
  })

  it('says that the API server does not answer', async () => {
    const { cluster, run } = setUp()
    cluster.faults.add(() => ({ when: 'before', answer: 'reset' }))
    const { code, err } = await run('enable -n shop')
    expect(code).to.equal(1)
    expect(err).to.match(/^error: .*the API server does not answer.*\n$/)
  })
})
