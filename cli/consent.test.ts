import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { HEALER_ACCOUNT } from '../shared/api/v1alpha1/names.ts'
import { NAMESPACES, ROLE_BINDINGS, ROLES } from '../shared/kube/resources.ts'
import { consentObjects, healerObjects } from './healer.ts'
import { noCluster, setUpCli } from './testing/bench.ts'
import { setUp } from './testing/healer-bench.ts'

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

  it('is given once, stays without the flag, and is printed on demand', async () => {
    const { cluster, run } = setUp()
    await run('enable -n shop --consent-to ops')
    const before = cluster.journal.writes.length
    expect((await run('enable -n shop --consent-to ops')).out.match(/unchanged/g)).to.have.length(5)
    await run('enable -n shop')
    expect(cluster.journal.writes).to.have.length(before)
    expect(cluster.peek(ROLE_BINDINGS, CONSENT)).not.to.equal(undefined)
    const { out } = await run('enable -n shop --consent-to ops --consent-to till --print', noCluster)
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
