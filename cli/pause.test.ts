import { expect } from 'chai'
import { KILL_SWITCH, OPERATOR_NAMESPACE, PAUSE_ANNOTATION } from '../shared/api/v1alpha1/names.ts'
import { CONFIG_MAPS, HEALING_POLICIES, NAMESPACES } from '../shared/kube/resources.ts'
import { buildPolicy } from '../shared/testing/builders/objects.ts'
import { noCluster, setUpCli, type BenchOptions } from './testing/bench.ts'

const POLICY = { namespace: 'shop', name: 'cart' }
const SHOP = { name: 'shop' }
const SWITCH = { namespace: OPERATOR_NAMESPACE, name: KILL_SWITCH }

function setUp(options: BenchOptions = {}) {
  const bench = setUpCli(options)
  const { cluster } = bench
  cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR_NAMESPACE } })
  const { apiVersion, kind, spec } = buildPolicy()
  cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { ...POLICY, annotations: { team: 'shop' } }, spec })
  return { ...bench, annotations: () => cluster.must(HEALING_POLICIES, POLICY).metadata.annotations, place: () => cluster.must(NAMESPACES, SHOP).metadata.annotations?.[PAUSE_ANNOTATION] }
}

describe('kubeskippy pause and resume', () => {
  it('of a policy writes and removes one annotation, and no other', async () => {
    const { run, annotations } = setUp()
    expect(await run('pause cart --reason release')).to.deep.equal({ code: 0, out: 'healingpolicy/cart in shop: paused\n', err: '' })
    expect(annotations()).to.deep.equal({ team: 'shop', [PAUSE_ANNOTATION]: 'release' })
    expect(await run('resume cart')).to.deep.equal({ code: 0, out: 'healingpolicy/cart in shop: resumed\n', err: '' })
    expect(annotations()).to.deep.equal({ team: 'shop' })
  })

  for (const name of ['hp/cart', 'healingpolicy/cart', 'healingpolicies/cart', 'healingpolicy.kubeskippy.io/cart']) {
    it(`takes the name as kubectl prints it: ${name}`, async () => expect((await setUp().run(`pause ${name}`)).out).to.equal('healingpolicy/cart in shop: paused\n'))
  }

  it('writes nothing when it is so already, and replaces another reason', async () => {
    const { cluster, run, annotations } = setUp()
    await run('pause cart --reason release')
    const writes = cluster.journal.writes.length
    expect((await run('pause cart --reason release')).out).to.equal('healingpolicy/cart in shop: is paused already\n')
    expect(cluster.journal.writes).to.have.length(writes)
    expect((await run('pause cart --reason audit')).out).to.contain('its reason was "release"')
    expect(annotations()?.[PAUSE_ANNOTATION]).to.equal('audit')
  })

  it('always gives a reason: an empty one would not say that it is meant', async () => {
    const { run, annotations } = setUp()
    await run('pause cart')
    expect(annotations()?.[PAUSE_ANNOTATION]).to.equal('by kubeskippy pause')
  })

  it('keeps control characters out of the reason', async () => {
    const { run, annotations } = setUp()
    await run('pause cart --reason a\u001b[31mb')
    expect(annotations()?.[PAUSE_ANNOTATION]).to.equal('a[31mb')
  })

  it('with -n alone is of the namespace', async () => {
    const { run, place, annotations } = setUp()
    expect((await run('pause -n shop --reason release')).out).to.equal('namespace/shop: paused\n')
    expect([place(), annotations()?.[PAUSE_ANNOTATION]]).to.deep.equal(['release', undefined])
    expect((await run('resume -n shop')).out).to.equal('namespace/shop: resumed\n')
    expect(place()).to.equal(undefined)
  })

  it('--all makes and removes the kill switch', async () => {
    const { cluster, run } = setUp()
    expect((await run('pause --all --reason fire')).out).to.contain('configmap/kubeskippy-kill-switch in kubeskippy-system: created')
    expect(cluster.must(CONFIG_MAPS, SWITCH)['data']).to.deep.equal({ reason: 'fire' })
    expect((await run('pause --all')).out).to.contain('is there already')
    expect((await run('resume --all')).out).to.contain('removed; policies act again')
    expect(cluster.peek(CONFIG_MAPS, SWITCH)).to.equal(undefined)
    expect((await run('resume --all')).out).to.contain('was not there')
  })

  it('says what else still keeps the policy from acting', async () => {
    const { cluster, run } = setUp()
    for (const line of ['pause cart', 'pause -n shop --reason audit', 'pause --all']) await run(line)
    cluster.change(HEALING_POLICIES, POLICY, (policy) => ({ ...policy, spec: { ...(policy['spec'] as object), suspend: true } }))
    expect((await run('resume cart')).out.trim().split('\n')).to.deep.equal([
      'healingpolicy/cart in shop: resumed',
      'still suspended by spec.suspend',
      'still paused with its namespace ("audit"): kubeskippy resume -n shop',
      'still stopped by the kill switch: kubeskippy resume --all',
    ])
  })

  it('resumes also where the rest may not be read', async () => {
    const { run } = setUp({ deny: ({ resource }) => (resource === HEALING_POLICIES ? undefined : 'no') })
    await run('pause cart')
    expect(await run('resume cart')).to.deep.equal({ code: 0, out: 'healingpolicy/cart in shop: resumed\n', err: '' })
  })

  it('writes nothing in a dry run', async () => {
    const { cluster, run, annotations } = setUp()
    expect((await run('pause cart --dry-run')).out).to.equal('healingpolicy/cart in shop: paused (dry run)\n')
    await run('pause --all --dry-run')
    expect(annotations()).to.deep.equal({ team: 'shop' })
    expect(cluster.peek(CONFIG_MAPS, SWITCH)).to.equal(undefined)
  })

  const failures: readonly (readonly [line: string, says: string])[] = [
    ['pause none', 'error: healingpolicy/none in shop does not exist\n'],
    ['resume none', 'error: healingpolicy/none in shop does not exist\n'],
    ['pause -n nowhere', 'error: namespace/nowhere does not exist\n'],
  ]
  for (const [line, says] of failures) it(`fails for: ${line}`, async () => expect(await setUp().run(line)).to.deep.equal({ code: 1, out: '', err: says }))

  it('names what is forbidden', async () => {
    const { run } = setUp({ deny: ({ verb }) => (verb === 'patch' ? 'cannot patch resource "healingpolicies"' : undefined) })
    const { code, err } = await run('pause cart')
    expect(code).to.equal(1)
    expect(err).to.contain('PATCH healingpolicies shop/cart: Forbidden').and.to.contain('cannot patch resource')
  })

  it('says that KubeSkippy is not installed when there is no place for the kill switch', async () => {
    const { code, err } = await setUpCli().run('pause --all')
    expect({ code, err }).to.deep.equal({ code: 1, err: 'error: namespace kubeskippy-system does not exist: KubeSkippy is not installed in this cluster\n' })
  })

  for (const line of ['pause', 'resume', 'pause cart --all', 'pause --all -n shop', 'resume -n Shop', 'pause cart till', 'resume cart --reason why']) {
    it(`exits 2 for: ${line}`, async () => expect((await setUp().run(line, noCluster)).code).to.equal(2))
  }
})
