import { expect } from 'chai'
import { HEALING_POLICIES, ROLE_BINDINGS, ROLES } from '../../shared/kube/resources.ts'
import { ConfigError } from '../../shared/lib/errors.ts'
import { judge } from '../../shared/rules/judge.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { setUpCli, type Bench, type BenchOptions } from '../testing/bench.ts'
import { CHART } from './testing/files.ts'

const GOOD = CHART.slice(0, CHART.indexOf('---', 4))
const BAD = CHART.slice(CHART.lastIndexOf('---')).replace('    cooldwon: 5m\n', '')

/** Of an installation with a ceiling of 200, which the lint does not know. */
const door: NonNullable<BenchOptions['admit']> = (resource, object, old) => {
  if (resource !== HEALING_POLICIES) return { object }
  const { violations } = judge(object, { installation: { ...DEFAULT_INSTALLATION, ceiling: { maxActionsPerHour: 99, replicas: 1000 } }, ...(old === undefined ? {} : { old }) })
  return violations.length === 0 ? { object } : { causes: violations.map(({ rule, path, what, why, fix }) => ({ reason: 'FieldValueInvalid', field: path, message: `[${rule}] ${what} — ${why} — ${fix}` })) }
}

const setUp = (text: string, options: BenchOptions = { admit: door }): Bench => setUpCli({ files: { 'p.yaml': text }, ...options })
const findings = (out: string): unknown => (JSON.parse(out) as { findings: { rule: string; path: string; what: string }[] }).findings.map(({ rule, path, what }) => `${rule} ${path}: ${what}`)

describe('kubeskippy lint --server', () => {
  it('tells what the door says, in place of what it would have said itself', async () => {
    const { code, out, err } = await setUp(BAD).run('lint p.yaml --server --format json')
    expect({ code, err, findings: findings(out) }).to.deep.equal({ code: 1, err: '', findings: ['KS003 : the key "mode" is written twice', 'KS401 spec.safetyRules.maxActionsPerHour: 100 is above the ceiling of this installation (99)'] })
    expect(JSON.parse(out)).to.deep.include({ asked: 'server', unchecked: [] })
  })

  it('asks by dry runs alone', async () => {
    const bench = setUp(GOOD + BAD)
    await bench.run('lint p.yaml --server')
    expect(bench.cluster.all(HEALING_POLICIES)).to.deep.equal([])
  })

  it('asks for a change of what is stored, where old violations may stay', async () => {
    const bench = setUp(BAD)
    const spec = { mode: 'monitor', selector: { labelSelector: { matchLabels: { app: 'till' } } }, triggers: [{ name: 'crash-loop', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m' } }], actions: [{ name: 'new-pod', type: 'restart', restartAction: {} }], safetyRules: { maxActionsPerHour: 100 } }
    bench.cluster.seed(HEALING_POLICIES, { apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name: 'bad', namespace: 'shop' }, spec })
    const before = bench.cluster.all(HEALING_POLICIES)
    expect(findings((await bench.run('lint p.yaml --server --format json')).out)).to.deep.equal(['KS003 : the key "mode" is written twice'])
    expect(bench.cluster.all(HEALING_POLICIES)).to.deep.equal(before)
  })

  it('speaks itself where there is no door, and says so', async () => {
    const { code, out, err } = await setUp(BAD, {}).run('lint p.yaml --server --format json')
    expect(code).to.equal(1)
    expect(err).to.match(/^warning: no webhook of KubeSkippy judges healingpolicies there/)
    expect(findings(out)).to.include('KS401 spec.safetyRules.maxActionsPerHour: 100 is above the ceiling of this installation (60)')
    expect((JSON.parse(out) as { unchecked: unknown[] }).unchecked).to.not.deep.equal([])
    expect((await setUp(BAD, {}).run('lint p.yaml --server')).out).to.contain('not checked without the webhook (they need the cluster): KS')
  })

  it('leaves out which permission an exemption takes where the server was asked, which knows who sends it', async () => {
    const exempt = GOOD.replace('  name: good', "  name: good\n  annotations: {kubeskippy.io/allow: KS208}").replace('restartAction: {}', 'restartAction: {}\n  safetyRules: {stabilizationWindow: 1s}')
    for (const options of [{ admit: door }, {}]) expect((await setUp(exempt, options).run('lint p.yaml --server')).out).not.to.contain('permission')
  })

  describe('where actions wait for approval', () => {
    const MANUAL = GOOD.replace('mode: monitor', 'mode: manual')
    const rbac = 'rbac.authorization.k8s.io/v1'
    const role = { apiVersion: rbac, kind: 'Role', metadata: { name: 'approver', namespace: 'shop' }, rules: [{ apiGroups: ['kubeskippy.io'], resources: ['healingactions'], verbs: ['approve'] }] }
    const binding = { apiVersion: rbac, kind: 'RoleBinding', metadata: { name: 'approver', namespace: 'shop' }, roleRef: { apiGroup: rbac, kind: 'Role', name: 'approver' }, subjects: [{ kind: 'User', name: 'eve' }] }
    const told = async (text: string, { options = {}, approver = false }: { readonly options?: BenchOptions; readonly approver?: boolean } = {}): Promise<{ findings: unknown; unchecked: unknown; code: number }> => {
      const bench = setUp(text, { admit: door, ...options })
      if (approver) {
        bench.cluster.seed(ROLES, role)
        bench.cluster.seed(ROLE_BINDINGS, binding)
      }
      const { code, out } = await bench.run('lint p.yaml --server --format json')
      return { findings: findings(out), unchecked: (JSON.parse(out) as { unchecked: unknown }).unchecked, code }
    }
    it('warns where nobody may give it (KS405)', async () => {
      expect(await told(MANUAL)).to.deep.equal({ findings: ['KS405 spec.mode: actions wait for approval in shop, and nobody but system:masters may give it'], unchecked: [], code: 0 })
      const recreate = GOOD.replace('mode: monitor', 'mode: automatic').replace('    restartAction: {}', '    requiresApproval: true\n    restartAction: {}')
      expect((await told(recreate)).findings).to.deep.equal(['KS405 spec.actions[0]: actions wait for approval in shop, and nobody but system:masters may give it'])
    })
    it('says nothing where somebody may, or nothing waits', async () => {
      expect((await told(MANUAL, { approver: true })).findings).to.deep.equal([])
      for (const mode of ['monitor', 'dryrun', 'automatic']) expect((await told(GOOD.replace('mode: monitor', `mode: ${mode}`))).findings, mode).to.deep.equal([])
    })
    it('names the rule as not checked where roles may not be read', async () => {
      const deny: NonNullable<BenchOptions['deny']> = ({ resource }) => (resource === ROLES ? 'not yours' : undefined)
      expect(await told(MANUAL, { options: { deny } })).to.deep.equal({ findings: [], unchecked: [{ rule: 'KS405', needs: 'cluster' }], code: 0 })
    })
  })

  const silent: readonly [what: string, options: BenchOptions, line: string, said: RegExp][] = [
    ['the author may not ask', { admit: door, deny: ({ verb }) => (verb === 'create' ? 'healingpolicies is forbidden: User "person" cannot create resource "healingpolicies"' : undefined) }, 'lint p.yaml --server', /HealingPolicy shop\/good could not be asked about: .*Forbidden/],
    ['there is no such namespace', { admit: door }, 'lint q.yaml --server -n nowhere', /HealingPolicy nowhere\/good could not be asked about: .*NotFound/],
  ]
  for (const [what, options, line, said] of silent) {
    it(`has no verdict, and exits 2, when ${what}`, async () => {
      const { code, out } = await setUpCli({ ...options, files: { 'p.yaml': GOOD, 'q.yaml': GOOD.replace('  namespace: shop\n', '') } }).run(line)
      expect(out).to.match(said)
      expect(code).to.equal(2)
    })
  }

  it('exits 2 when nobody says where the cluster is', async () => {
    const connect = (): never => {
      throw new ConfigError(['no kubeconfig'])
    }
    expect(await setUp(GOOD).run('lint p.yaml --server', { connect })).to.deep.equal({ code: 2, out: '', err: 'error: no kubeconfig\n' })
  })

  it('places objects without a namespace where the context is', async () => {
    expect((await setUp(GOOD.replace('  namespace: shop\n', '')).run('lint p.yaml --server')).code).to.equal(0)
    // What names another is there.
    const elsewhere = setUp(GOOD.replace('namespace: shop', 'namespace: default'))
    expect((await elsewhere.run('lint p.yaml --server')).out).to.match(/^no violations/)
    expect((await elsewhere.run('lint p.yaml --server -n shop')).code).to.equal(1)
  })

  it('leaves what has no frame of an object to itself', async () => {
    for (const text of ['kind: HealingPolicy\n', 'apiVersion: kubeskippy.io/v1alpha1\nkind: HealingPolicy\nmetadata: {name: ../../x}\n', 'apiVersion: kubeskippy.io/v1alpha1\nkind: Nothing\n']) expect((await setUp(text).run('lint p.yaml --server')).code).to.equal(1)
  })

  it('says of metadata that nobody can decode what it says without the server', async () => {
    for (const metadata of ['namespace: 123', 'namespace: shop\n  labels: {version: 1.10}', 'namespace: shop\n  annotations: {note: true}']) {
      const text = GOOD.replace('namespace: shop', metadata)
      const [without, withServer] = [await setUp(text).run('lint p.yaml'), await setUp(text).run('lint p.yaml --server -n shop')]
      expect([without.code, withServer.code], metadata).to.deep.equal([1, 1])
      expect(withServer.out.split('\n')[0]).to.equal(without.out.split('\n')[0]).and.contain('put it in quotes')
    }
  })
})
