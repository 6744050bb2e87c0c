import { expect } from 'chai'
import type { Resource } from '../shared/kube/api.ts'
import { NAMESPACES, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS, SUBJECT_ACCESS_REVIEWS } from '../shared/kube/resources.ts'
import { healerRules } from '../controller/permissions.ts'
import { setUpCli } from './testing/bench.ts'
import { KEY, setUp } from './testing/healer-bench.ts'

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
    // Two looks in a row have to say no.
    expect(asked).to.equal(4 * healerRules.length)
  })

  it('does not believe the first no: another server may have heard of more', async () => {
    let looks = 0
    const { run } = setUp({ healerMay: () => (looks += 1) > healerRules.length })
    await run('enable -n shop')
    const { code, err } = await run('disable -n shop')
    expect(code).to.equal(1)
    expect(err).to.contain('the healer of shop may still act')
  })

  it('says so when it may not ask who may act', async () => {
    const { run } = setUpCli({ deny: ({ resource }) => (resource === SUBJECT_ACCESS_REVIEWS ? 'no' : undefined) })
    await run('enable -n shop')
    const { code, out } = await run('disable -n shop')
    expect(code).to.equal(0)
    expect(out).to.contain('whether another binding lets somebody act in shop is not known')
  })

  it('takes the right away before all others', async () => {
    const { cluster, run } = setUp()
    await run('enable -n shop --logs --scale caches.example.com --consent-to ops')
    await run('disable -n shop')
    const removed = cluster.journal.effects.filter(({ call }) => call.verb === 'delete').map(({ call }) => `${call.resource.kind} ${call.name}`)
    expect(removed.slice(0, 4)).to.deep.equal(['RoleBinding kubeskippy-healer', 'RoleBinding kubeskippy-healer-scale', 'RoleBinding kubeskippy-healer-logs', 'RoleBinding kubeskippy-consent-ops'])
    expect(removed.at(-1)).to.equal('ServiceAccount kubeskippy-healer')
  })

  const REFUSALS: readonly (readonly [what: string, verb: string, kind: Resource, name: string])[] = [
    ['be removed', 'delete', ROLE_BINDINGS, 'kubeskippy-healer-logs'],
    ['be removed', 'delete', ROLES, 'kubeskippy-healer'],
    ['be read', 'get', ROLE_BINDINGS, 'kubeskippy-consent-ops'],
  ]
  for (const [what, verb, kind, name] of REFUSALS) {
    it(`takes away everything else when ${kind.kind} ${name} may not ${what}, and fails`, async () => {
      let isOver = false
      const { cluster, run } = setUpCli({ deny: (call) => (isOver && call.verb === verb && call.resource === kind && call.name === name ? 'no' : undefined) })
      cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ops' } })
      await run('enable -n shop --logs --consent-to ops')
      isOver = true
      const { code, err } = await run('disable -n shop')
      expect(code).to.equal(1)
      expect(err).to.match(new RegExp(`^error: ${verb.toUpperCase()} ${kind.plural} shop/${name}: Forbidden.*\n$`))
      const left = [...cluster.all(SERVICE_ACCOUNTS), ...cluster.all(ROLES), ...cluster.all(ROLE_BINDINGS)].map((object) => `${object.kind} ${object.metadata.name}`)
      expect(left).to.deep.equal([`${kind.kind} ${name}`])
    })
  }

  it('takes the right away also when the API server cannot say who was let in', async () => {
    const { cluster, run, there } = setUp()
    await run('enable -n shop')
    cluster.faults.add(({ verb, resource }) => (verb === 'list' && resource === ROLE_BINDINGS ? { when: 'before', answer: { code: 500, reason: 'InternalError', message: 'no' } } : undefined))
    const { code, err } = await run('disable -n shop')
    expect({ code, there: there() }).to.deep.equal({ code: 1, there: [false, false, false] })
    expect(err).to.match(/^error: LIST rolebindings/)
  })

  it('tells what it was refused also when the API server does not answer any more', async () => {
    const { cluster, run } = setUpCli({ deny: ({ verb, name }) => (verb === 'delete' && name === 'kubeskippy-healer-logs' ? 'no' : undefined) })
    await run('enable -n shop --logs')
    cluster.faults.add(({ verb, resource }) => (verb === 'delete' && resource === SERVICE_ACCOUNTS ? { when: 'before', answer: 'reset' } : undefined))
    const { code, err } = await run('disable -n shop')
    expect(code).to.equal(1)
    expect(err.trim().split('\n').map((line) => /^error: (\w+ \w+)/.exec(line)?.[1])).to.deep.equal(['DELETE rolebindings', 'DELETE roles', 'DELETE serviceaccounts'])
  })

  it('fails for a namespace that there is not: another one was meant', async () => {
    const { code, err } = await setUp().run('disable -n shpo')
    expect({ code, err }).to.deep.equal({ code: 1, err: 'error: namespace shpo does not exist\n' })
  })

  it('removes nothing in a dry run', async () => {
    const { run, there } = setUp()
    await run('enable -n shop')
    expect((await run('disable -n shop --dry-run')).code).to.equal(0)
    expect(there()).to.deep.equal([true, true, true])
  })
})
