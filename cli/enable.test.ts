import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { NAMESPACES, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from '../shared/kube/resources.ts'
import { ConfigError } from '../shared/lib/errors.ts'
import { healerObjects } from './healer.ts'
import { noCluster } from './testing/bench.ts'
import { KEY, KINDS, setUp } from './testing/healer-bench.ts'

const LOGS = { namespace: 'shop', name: 'kubeskippy-healer-logs' }

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

  it('says all that keeps it from being done at once, and makes nothing', async () => {
    const { cluster, run } = setUp()
    const { code, err } = await run('enable -n shop --consent-to gone --consent-to lost --scale widgets.example.com --scale zzzzzzzzzzzz.example.com')
    expect({ code, writes: cluster.journal.writes }).to.deep.equal({ code: 1, writes: [] })
    expect(err.trim().split('\n').map((line) => line.replace(/^error: /, '').split(':')[0])).to.deep.equal(['namespace gone does not exist', 'namespace lost does not exist', 'widgets.example.com has no scale subresource', 'the API server has no zzzzzzzzzzzz.example.com'])
    expect((await run('enable -n kube-system --consent-to kube-public')).err.match(/is protected/g)).to.have.length(2)
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

  it('prints with --print what it would make, without a cluster', async () => {
    const { run } = setUp()
    const { code, out } = await run('enable -n shop --print', noCluster)
    expect(code).to.equal(0)
    expect(parseAllDocuments(out).map((document) => document.toJS() as unknown)).to.deep.equal(healerObjects('shop').map(({ manifest }) => manifest))
  })

  it('names every problem of the kubeconfig, a line each', async () => {
    const connect = () => {
      throw new ConfigError(['one', 'two'])
    }
    expect(await setUp().run('enable -n shop', { connect })).to.deep.include({ code: 2, err: 'error: one\nerror: two\n' })
  })
})
