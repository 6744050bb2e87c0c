import { expect } from 'chai'
import { parse } from 'yaml'
import { PAUSE_ANNOTATION } from '../shared/api/v1alpha1/names.ts'
import { apiVersionOf, CLUSTER_ROLE_BINDINGS, CONFIG_MAPS, DEPLOYMENTS, HEALING_ACTIONS, HEALING_POLICIES, NAMESPACES, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from '../shared/kube/resources.ts'
import { buildHealingAction, buildPolicy } from '../shared/testing/builders/objects.ts'
import type { Deed } from './deeds.ts'
import { noCluster, setUpCli, type Bench, type BenchOptions } from './testing/bench.ts'

const OURS = { 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/part-of': 'kubeskippy' }
const ACTION = 'cart-restart-aaaaaaaaaaaaaaaa'

interface Told {
  readonly dryRun: boolean
  readonly objects: readonly Deed[]
  readonly notes?: readonly string[]
  readonly cluster?: string
  readonly about?: unknown
}

function setUp(options?: BenchOptions): Bench & { readonly data: (line: string) => Promise<Told> } {
  const bench = setUpCli(options)
  const { cluster, run } = bench
  for (const name of ['kubeskippy-system', 'till']) cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const policy = buildPolicy()
  cluster.seed(HEALING_POLICIES, { apiVersion: policy.apiVersion, kind: policy.kind, metadata: { namespace: 'shop', name: 'cart' }, spec: policy.spec })
  const action = buildHealingAction({ spec: { approvalRequired: true, approvalDeadline: '2030-01-01T01:00:00Z', changes: [{ field: 'metadata.uid', oldValue: 'uid-cart-0', newValue: 'of a new pod' }] } })
  cluster.seed(HEALING_ACTIONS, { apiVersion: action.apiVersion, kind: action.kind, metadata: { namespace: 'shop', name: ACTION }, spec: action.spec })
  for (const resource of [DEPLOYMENTS, CLUSTER_ROLE_BINDINGS]) cluster.seed(resource, { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name: 'kubeskippy', ...(resource.namespaced ? { namespace: 'kubeskippy-system' } : {}), labels: OURS } })
  const data = async (line: string): Promise<Told> => {
    const { code, out, err } = await run(`${line} -o json`)
    expect({ code, err }, line).to.deep.equal({ code: 0, err: '' })
    return JSON.parse(out) as Told
  }
  return { ...bench, data }
}
const words = ({ objects }: Told): string[] => objects.map(({ change, kind, namespace, name }) => [change, kind, ...(namespace === undefined ? [] : [namespace]), name].join(' '))

/** Each does something in a cluster as `setUp` makes it. */
const VERBS = ['pause cart', 'pause -n shop', 'pause --all', 'resume cart', 'resume --all', `approve ${ACTION} --reason seen`, `reject ${ACTION}`, 'enable -n shop -n till', 'disable -n shop', 'certs ensure', 'uninstall', 'uninstall --dry-run --delete-policies']

describe('what a command that writes has done', () => {
  for (const verb of VERBS) {
    it(`is a table by default, one document of JSON, and the same as YAML: ${verb}`, async () => {
      const [plain, table, json, yaml] = await Promise.all(['', ' -o table', ' -o json', ' -o yaml'].map((output) => setUp().run(verb + output)))
      expect(plain).to.deep.equal(table)
      expect(plain?.out).not.to.equal('')
      expect(() => JSON.parse(plain?.out ?? '') as unknown).to.throw()
      expect([json?.code, yaml?.code]).to.deep.equal([plain?.code, plain?.code])
      expect([json?.err, yaml?.err]).to.deep.equal([plain?.err, plain?.err])
      const told = JSON.parse(json?.out ?? '') as Told
      expect(told.objects).not.to.deep.equal([])
      expect(parse(yaml?.out ?? '')).to.deep.equal(told)
    })
  }

  it('is told by every command that talks to a cluster', async () => {
    const { run } = setUp()
    const { out } = await run('help', noCluster)
    const verbs = [...out.slice(out.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help' && name !== 'certs')
    const helps = await Promise.all([...verbs, 'certs show', 'certs ensure'].map(async (verb) => ({ verb, help: (await run(`${verb} --help`, noCluster)).out })))
    const connected = helps.filter(({ help }) => help.includes('--kubeconfig'))
    expect(connected.map(({ verb }) => verb)).to.include.members(['check', 'pause', 'approve', 'disable', 'uninstall', 'bundle', 'certs ensure'])
    const without = connected.filter(({ help }) => !/-o, --output <format>[^]*"table",\s+"json",\s+"yaml"/.test(help)).map(({ verb }) => verb)
    // Its formats are its own.
    expect(without).to.deep.equal(['lint'])
  })

  it('names objects by kind, name and uid, with what changed', async () => {
    const { cluster, data } = setUp()
    const { metadata } = cluster.must(HEALING_POLICIES, { namespace: 'shop', name: 'cart' })
    const deed = { apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', namespace: 'shop', name: 'cart', uid: metadata.uid }
    const field = `metadata.annotations["${PAUSE_ANNOTATION}"]`
    expect(await data('pause cart --reason a')).to.deep.equal({ dryRun: false, objects: [{ ...deed, change: 'updated', fields: [{ field, newValue: 'a' }] }] })
    expect((await data('pause cart --reason b')).objects).to.deep.equal([{ ...deed, change: 'updated', fields: [{ field, oldValue: 'a', newValue: 'b' }] }])
    expect((await data('pause cart --reason b')).objects).to.deep.equal([{ ...deed, change: 'unchanged' }])
    await data('pause -n shop --reason c')
    const resumed = await data('resume cart')
    expect(resumed.objects).to.deep.equal([{ ...deed, change: 'updated', fields: [{ field, oldValue: 'b' }] }])
    expect(resumed.notes).to.deep.equal(['still paused with its namespace ("c"): kubeskippy resume -n shop'])
  })

  it('is by the kill switch that was made and removed', async () => {
    const { cluster, data } = setUp()
    const [made] = (await data('pause --all --reason fire')).objects
    expect(made).to.deep.equal({ change: 'created', apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kubeskippy-system', name: 'kubeskippy-kill-switch', uid: cluster.all(CONFIG_MAPS)[0]?.metadata.uid, fields: [{ field: 'data.reason', newValue: 'fire' }] })
    const all = [await data('pause --all'), await data('resume --all'), await data('resume --all')]
    expect(all.map(({ objects }) => objects[0]?.change)).to.deep.equal(['unchanged', 'removed', 'absent'])
  })

  it('says what a decision is about', async () => {
    const { cluster, data } = setUp()
    const { uid } = cluster.must(HEALING_ACTIONS, { namespace: 'shop', name: ACTION }).metadata
    const told = await data(`approve ${ACTION} --reason seen`)
    expect(told.about).to.deep.include({ action: 'restart', trigger: 'crashing', changes: [{ field: 'metadata.uid', oldValue: 'uid-cart-0', newValue: 'of a new pod' }] })
    expect(told.objects).to.deep.equal([{
      change: 'updated', apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingAction', namespace: 'shop', name: ACTION, uid,
      fields: [{ field: 'spec.approval.decision', newValue: 'Approved' }, { field: 'spec.approval.reason', newValue: 'seen' }],
    }])
    expect((await data(`approve ${ACTION}`)).objects[0]).to.include({ change: 'unchanged', uid })
  })

  it('is every object of consent, and which fields were brought back', async () => {
    const { cluster, data } = setUp()
    const key = { namespace: 'shop', name: 'kubeskippy-healer' }
    const made = await data('enable -n shop')
    expect(made.objects.map(({ change, uid }) => [change, uid])).to.deep.equal([SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS].map((resource) => ['created', cluster.must(resource, key).metadata.uid]))
    cluster.change(ROLES, key, (role) => ({ ...role, rules: [] }))
    const [, role] = (await data('enable -n shop')).objects
    expect(role).to.include({ change: 'updated', kind: 'Role' })
    expect(role?.fields).to.deep.equal([{ field: 'rules', oldValue: [], newValue: (cluster.must(ROLES, key) as { rules?: unknown }).rules }])
    expect(words(await data('disable -n shop'))).to.deep.equal(['removed RoleBinding shop kubeskippy-healer', 'removed Role shop kubeskippy-healer', 'removed ServiceAccount shop kubeskippy-healer'])
  })

  it('has no uid of what a dry run only would make', async () => {
    const { objects, dryRun } = await setUp().data('enable -n shop --dry-run')
    expect(dryRun).to.equal(true)
    expect(objects.map(({ change, uid }) => [change, uid])).to.deep.equal(Array.from({ length: 3 }, () => ['created', undefined]))
  })

  it('names the cluster that was cleared, and what is kept', async () => {
    const { data } = setUp()
    const told = await data('uninstall')
    expect(told.cluster).to.equal('https://shop.invalid (context shop)')
    expect(words(told)).to.deep.equal(['removed ClusterRoleBinding kubeskippy', 'removed Deployment kubeskippy-system kubeskippy'])
    expect(told.objects.every(({ uid }) => uid !== undefined)).to.equal(true)
    expect(told.notes?.[0]).to.match(/^kept: /)
  })

  it('is told also of a part, when the rest was refused', async () => {
    const { run } = setUp()
    const { code, out, err } = await run('enable -n nowhere -n shop -o json')
    expect({ code, err }).to.deep.equal({ code: 1, err: 'error: namespace nowhere does not exist\n' })
    expect((JSON.parse(out) as Told).objects).to.have.length(3)
  })

  for (const verb of ['pause none', 'resume -n nowhere', 'approve none', 'enable -n kube-system', 'uninstall --delete-policies']) {
    it(`is nothing at all where it was refused: ${verb}`, async () => {
      const { run } = setUp()
      const { code, out, err } = await run(`${verb} -o json`)
      expect({ code, out }).to.deep.equal({ code: 1, out: '' })
      expect(err).to.match(/^error: /).and.to.equal((await run(verb)).err)
    })
  }

  it('is of an archive where it is, and what it lacks', async () => {
    const { run, files } = setUp({ deny: ({ verb, resource }) => (verb === 'list' && resource === CONFIG_MAPS ? 'no' : undefined) })
    const { code, out } = await run('bundle -f out.tar.gz -o json')
    const told = JSON.parse(out) as { file: string; bytes: number; parts: number; missing: readonly { path: string; why: string }[] }
    expect(code).to.equal(0)
    expect(told).to.deep.include({ file: 'out.tar.gz', bytes: Buffer.from(files['out.tar.gz'] ?? '', 'base64').length })
    expect(told.parts).to.be.above(0)
    expect(told.missing.map(({ why }) => why).join()).to.contain('Forbidden')
  })
})
