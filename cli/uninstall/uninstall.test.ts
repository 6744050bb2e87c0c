import { expect } from 'chai'
import { OPERATOR_NAMESPACE, WEBHOOK_TLS_SECRET } from '../../shared/api/v1alpha1/names.ts'
import type { Resource } from '../../shared/kube/api.ts'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, CUSTOM_RESOURCE_DEFINITIONS, DEPLOYMENTS, HEALING_ACTIONS, HEALING_POLICIES, LEASES, NAMESPACES, ROLE_BINDINGS, SECRETS, SERVICE_ACCOUNTS, VALIDATING_WEBHOOKS, apiVersionOf } from '../../shared/kube/resources.ts'
import { setUpCli, type Bench, type BenchOptions } from '../testing/bench.ts'
import { DEFINITIONS, NAMESPACE, PROGRAMS } from './inventory.ts'
import { helmRecord, releaseSecret } from './testing/helm-record.ts'

const OURS = { 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/part-of': 'kubeskippy' }
const CLUSTER = 'cluster: https://shop.invalid (context shop)\n'

function setUp(options: BenchOptions = {}): Bench & { readonly seed: (resource: Resource, name: string, metadata?: object) => void } {
  const bench = setUpCli(options)
  const seed = (resource: Resource, name: string, metadata: object = { labels: OURS }): void =>
    void bench.cluster.seed(resource, { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name, ...(resource.namespaced ? { namespace: OPERATOR_NAMESPACE } : {}), ...metadata } })
  return { ...bench, seed }
}

/** One of everything, as by Helm; and what is not ours beside it. */
function installed(options?: BenchOptions): ReturnType<typeof setUp> {
  const bench = setUp(options)
  const { seed } = bench
  for (const { resource, names } of PROGRAMS) for (const name of names ?? [`kubeskippy-${resource.plural}`]) seed(resource, name, { labels: OURS })
  for (const name of DEFINITIONS.names ?? []) seed(CUSTOM_RESOURCE_DEFINITIONS, name, {})
  for (const resource of [ROLE_BINDINGS, SERVICE_ACCOUNTS]) seed(resource, 'kubeskippy-healer', { namespace: 'shop', labels: OURS })
  bench.cluster.seed(SECRETS, releaseSecret('kubeskippy', 1, helmRecord({ chart: 'kubeskippy', manifest: '' })))
  seed(HEALING_ACTIONS, 'heal-restart-0', { namespace: 'shop' })
  seed(CLUSTER_ROLES, 'theirs', {})
  bench.cluster.seed(SECRETS, releaseSecret('prometheus', 1, helmRecord({ chart: 'prometheus', manifest: '' })))
  return bench
}
const deleted = ({ cluster }: Bench): string[] => cluster.journal.effects.filter(({ call }) => call.verb === 'delete').map(({ call }) => call.resource.kind)

describe('kubeskippy uninstall', () => {
  it('takes rights before programs, programs before the door, and keeps what policies have led to', async () => {
    const bench = installed()
    const { code, out, err } = await bench.run('uninstall')
    expect({ code, err }).to.deep.equal({ code: 0, err: '' })
    const kinds = deleted(bench)
    expect(kinds.slice(0, 5)).to.deep.equal(['RoleBinding', 'RoleBinding', 'ClusterRoleBinding', 'Deployment', 'ValidatingWebhookConfiguration'])
    expect(out.trim().split('\n').at(-1)).to.equal(`kept: 0 policies, 1 action, 0 ledgers, 3 CRDs, namespace ${OPERATOR_NAMESPACE}; kubeskippy uninstall --delete-policies removes them`)
    expect(bench.cluster.all(CUSTOM_RESOURCE_DEFINITIONS)).to.have.length(3)
    expect(bench.cluster.all(SECRETS).map(({ metadata }) => metadata.name)).to.deep.equal(['sh.helm.release.v1.prometheus.v1'])
    expect(bench.cluster.peek(CLUSTER_ROLES, { name: 'theirs' })).not.to.equal(undefined)
  })

  it('does the rest when it is run again after it broke off', async () => {
    const bench = installed()
    bench.cluster.faults.add(({ verb, resource }) => (verb === 'delete' && resource === DEPLOYMENTS ? { when: 'before', answer: 'reset' } : undefined), 1)
    const broken = await bench.run('uninstall')
    expect({ code: broken.code, left: bench.cluster.all(VALIDATING_WEBHOOKS).length }).to.deep.equal({ code: 1, left: 1 })
    expect(broken.err).to.contain('the API server does not answer')
    const { code, out } = await bench.run('uninstall')
    expect({ code, left: PROGRAMS.flatMap(({ resource }) => bench.cluster.all(resource).filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/part-of'] === 'kubeskippy')) }).to.deep.equal({ code: 0, left: [] })
    expect(out).to.contain('deployment/kubeskippy-deployments in kubeskippy-system: removed')
  })

  it('is content when it is run twice', async () => {
    const bench = installed()
    await bench.run('uninstall')
    const { code, out } = await bench.run('uninstall')
    expect(code).to.equal(0)
    expect(out.startsWith(`${CLUSTER}nothing but what is kept is in this cluster\n`), out).to.equal(true)
    expect(await setUp().run('uninstall')).to.deep.equal({ code: 0, out: `${CLUSTER}nothing of KubeSkippy is in this cluster\n`, err: '' })
  })

  it('removes nothing in a dry run, and says what it would remove', async () => {
    const bench = installed()
    const before = [ROLE_BINDINGS, LEASES].map((resource) => bench.cluster.all(resource).length)
    const { code, out } = await bench.run('uninstall --dry-run --delete-policies')
    expect(code).to.equal(0)
    for (const line of ['rolebinding/kubeskippy-healer in shop: removed (dry run)', `secret/${WEBHOOK_TLS_SECRET} in ${OPERATOR_NAMESPACE}: removed (dry run)`, `namespace/${OPERATOR_NAMESPACE}: removed, with everything in it (dry run)`]) expect(out).to.contain(line)
    expect([ROLE_BINDINGS, LEASES].map((resource) => bench.cluster.all(resource).length)).to.deep.equal(before)
  })

  it('takes the CRDs and the namespace when it is told so', async () => {
    const bench = installed()
    const { out } = await bench.run('uninstall --delete-policies --yes')
    expect(deleted(bench).slice(-4)).to.deep.equal(['CustomResourceDefinition', 'CustomResourceDefinition', 'CustomResourceDefinition', 'Namespace'])
    expect(out).not.to.contain('kept:')
    expect(NAMESPACE.names).to.deep.equal([OPERATOR_NAMESPACE])
  })

  it('goes on past what it may not remove, and fails', async () => {
    const bench = installed({ deny: ({ verb, resource }) => (verb === 'delete' && resource === CLUSTER_ROLE_BINDINGS ? 'no' : undefined) })
    const { code, err } = await bench.run('uninstall')
    expect(code).to.equal(1)
    expect(err).to.match(/^error: .*clusterrolebinding/i)
    expect(bench.cluster.all(DEPLOYMENTS)).to.deep.equal([])
    expect(bench.cluster.all(VALIDATING_WEBHOOKS)).to.deep.equal([])
  })

  it('goes on past one object of a kind that it may not remove, a line for each', async () => {
    const denied = ['shop', 'bank']
    const bench = installed({ deny: ({ verb, resource, namespace = '' }) => (verb === 'delete' && resource === ROLE_BINDINGS && denied.includes(namespace) ? 'no' : undefined) })
    for (const namespace of ['bank', 'till']) bench.seed(ROLE_BINDINGS, 'kubeskippy-healer', { namespace, labels: OURS })
    const { code, err } = await bench.run('uninstall')
    expect(code).to.equal(1)
    expect(bench.cluster.all(ROLE_BINDINGS).map(({ metadata }) => metadata.namespace)).to.have.members(['bank', 'shop'])
    expect(err.trim().split('\n').map((line) => /^error: DELETE rolebindings (\w+)\/kubeskippy-healer: Forbidden/.exec(line)?.[1])).to.have.members(['bank', 'shop'])
    expect(deleted(bench)).to.include.members(['ClusterRoleBinding', 'Deployment', 'ServiceAccount'])
  })

  it('goes on past what it may not read, tells of each, and keeps the namespace of Helm records that it cannot see', async () => {
    const bench = installed({ deny: ({ verb, resource }) => ((verb === 'list' && resource === SECRETS) || (verb === 'delete' && resource === CLUSTER_ROLE_BINDINGS) ? 'no' : undefined) })
    const { code, out, err } = await bench.run('uninstall --delete-policies --yes')
    expect(code).to.equal(1)
    expect(err.trim().split('\n').map((line) => /^error: (\w+ \w+)/.exec(line)?.[1])).to.deep.equal(['DELETE clusterrolebindings', 'LIST secrets'])
    expect(out).to.contain(`namespace/${OPERATOR_NAMESPACE}: kept, since what Helm keeps in it could not be read\n`)
    expect(bench.cluster.all(CUSTOM_RESOURCE_DEFINITIONS)).to.deep.equal([])
    expect(bench.cluster.peek(NAMESPACES, { name: OPERATOR_NAMESPACE })).not.to.equal(undefined)
  })

  it('says what it cannot count', async () => {
    const bench = installed({ deny: ({ resource }) => (resource === HEALING_ACTIONS || resource === CUSTOM_RESOURCE_DEFINITIONS ? 'no' : undefined) })
    const { code, out, err } = await bench.run('uninstall')
    expect({ code, lines: err.trim().split('\n').length }, err).to.deep.equal({ code: 1, lines: 2 })
    expect(out).to.contain('kept: 0 policies, an unknown number of actions, 0 ledgers, an unknown number of CRDs, namespace')
  })

  it('tells what it was refused also when it breaks off later', async () => {
    const bench = installed({ deny: ({ verb, resource }) => (verb === 'delete' && resource === CLUSTER_ROLE_BINDINGS ? 'no' : undefined) })
    bench.cluster.faults.add(({ verb, resource }) => (verb === 'delete' && resource === DEPLOYMENTS ? { when: 'before', answer: 'reset' } : undefined))
    const { code, err } = await bench.run('uninstall')
    expect(code).to.equal(1)
    expect(err.trim().split('\n').map((line) => /^error: (\w+ \w+)/.exec(line)?.[1])).to.deep.equal(['DELETE clusterrolebindings', 'DELETE deployments'])
  })

  it("tells who holds the CRDs as far as it may read", async () => {
    const { seed, run } = setUp({ deny: ({ verb, resource }) => (verb === 'list' && resource === HEALING_POLICIES ? 'no' : undefined) })
    seed(CUSTOM_RESOURCE_DEFINITIONS, 'healingactions.kubeskippy.io', { finalizers: ['customresourcecleanup.apiextensions.k8s.io'] })
    seed(HEALING_ACTIONS, 'heal-restart-0', { namespace: 'shop', finalizers: ['example.com/hold'] })
    const { code, err } = await run('uninstall --delete-policies --yes --timeout 0s')
    expect(code).to.equal(1)
    expect(err).to.match(/^error: LIST healingpolicies: Forbidden.*\nerror: customresourcedefinition\/.*example.com\/hold/)
  })

  it("leaves Helm's record of a release that holds more, and its namespace, also when it is run again", async () => {
    const bench = installed()
    bench.cluster.seed(SECRETS, releaseSecret('platform', 1, helmRecord({ chart: 'platform', manifest: `apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: ${JSON.stringify(OURS)}}\n` })))
    for (const time of ['first', 'second']) {
      const { code, out } = await bench.run('uninstall --delete-policies --yes')
      expect(code, time).to.equal(0)
      expect(out, time).to.contain(`Helm's record of the release platform in ${OPERATOR_NAMESPACE}: kept, since it holds more than KubeSkippy`)
      expect(out, time).to.contain(`namespace/${OPERATOR_NAMESPACE}: kept, since Helm's record of the release platform is in it`)
      expect(bench.cluster.all(SECRETS).map(({ metadata }) => metadata.name), time).to.deep.equal(['sh.helm.release.v1.platform.v1', 'sh.helm.release.v1.prometheus.v1'])
    }
  })

  describe('of which cluster', () => {
    const names = 'https://shop.invalid (context shop)'

    it('asks at a terminal, and removes nothing without a yes', async () => {
      for (const answer of ['', 'n', 'yesterday', undefined]) {
        const bench = installed()
        const { code, err } = await bench.run('uninstall', { ask: () => Promise.resolve(answer) })
        expect({ code, err }, String(answer)).to.deep.equal({ code: 1, err: 'error: nothing was removed: the answer was not y\n' })
        expect(bench.cluster.journal.writes, String(answer)).to.deep.equal([])
      }
    })

    it('names it in the question, with what would go', async () => {
      const bench = installed()
      const questions: string[] = []
      const ask = (question: string): Promise<string> => (questions.push(question), Promise.resolve('Yes'))
      expect((await bench.run('uninstall', { ask })).code).to.equal(0)
      expect((await bench.run('uninstall --delete-policies', { ask })).code).to.equal(0)
      expect(questions).to.deep.equal([
        `Remove KubeSkippy from ${names}? Policies, actions and ledgers are kept. [y/N] `,
        `Remove KubeSkippy from ${names}, with every policy, action and ledger, the CRDs, and the namespace ${OPERATOR_NAMESPACE} with everything in it? [y/N] `,
      ])
      expect(bench.cluster.all(CUSTOM_RESOURCE_DEFINITIONS)).to.deep.equal([])
    })

    it('asks nobody with --yes or in a dry run', async () => {
      const ask = (): Promise<string> => Promise.reject(new Error('asked'))
      for (const flags of ['--yes', '--dry-run', '--dry-run --delete-policies', '--delete-policies --yes']) expect((await installed().run(`uninstall ${flags}`, { ask })).code, flags).to.equal(0)
    })

    it('takes no policies without --yes where nobody can be asked', async () => {
      const bench = installed()
      const { code, out, err } = await bench.run('uninstall --delete-policies')
      expect({ code, out }).to.deep.equal({ code: 1, out: CLUSTER })
      expect(err).to.equal(`error: nothing was removed: --delete-policies would take every policy, action and ledger, the CRDs, and the namespace ${OPERATOR_NAMESPACE} with everything in it from ${names}, and nobody can be asked here. Add --yes if that is meant; --dry-run lists it\n`)
      expect(bench.cluster.journal.writes).to.deep.equal([])
    })
  })

  it('says who holds what does not go', async () => {
    const { cluster, seed, run } = setUp()
    seed(CUSTOM_RESOURCE_DEFINITIONS, 'healingactions.kubeskippy.io', { finalizers: ['customresourcecleanup.apiextensions.k8s.io'] })
    seed(HEALING_ACTIONS, 'heal-restart-0', { namespace: 'shop', finalizers: ['example.com/hold'] })
    const { code, err } = await run('uninstall --delete-policies --yes --timeout 0s')
    expect(code).to.equal(1)
    expect(err).to.contain('customresourcedefinition/healingactions.kubeskippy.io is still there after 0s: healingaction/heal-restart-0 in shop has the finalizer example.com/hold, which whoever set it has to take off. Then run it again')
    expect(cluster.all(CUSTOM_RESOURCE_DEFINITIONS)).to.have.length(1)
  })

  for (const [flag, reason] of [['--timeout soon', '"soon" is no duration'], ['shop', 'too many arguments']] as const) {
    it(`refuses ${flag}`, async () => {
      const { code, err } = await setUp().run(`uninstall ${flag}`)
      expect({ code, said: err.includes(reason) }, err).to.deep.equal({ code: 2, said: true })
    })
  }
})
