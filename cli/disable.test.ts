import { expect } from 'chai'
import { ROLE_BINDINGS, ROLES } from '../shared/kube/resources.ts'
import { healerRules } from '../controller/permissions.ts'
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
    expect(asked).to.equal(3 * healerRules.length)
  })

  it('removes nothing in a dry run', async () => {
    const { run, there } = setUp()
    await run('enable -n shop')
    expect((await run('disable -n shop --dry-run')).code).to.equal(0)
    expect(there()).to.deep.equal([true, true, true])
  })
})
