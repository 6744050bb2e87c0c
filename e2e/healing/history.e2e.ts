/** What stays of what was done, and what is remembered of it. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { acceptedWrites } from '../demo/audit.ts'
import { breakPods, deployment, Fixture, inNamespace, policy } from './fixture.ts'

describe('the history of a policy', function () {
  this.timeout(240_000)
  let fixture: Fixture

  before(async function () {
    this.timeout(900_000)
    fixture = await Fixture.start()
  })
  after(async () => {
    await fixture?.stop()
  })

  const withSpec = (object: object, more: object): object => ({ ...object, spec: { ...(object as { spec: object }).spec, ...more } })
  /** Breaks the pod, and waits until it has been healed and the incident is over. */
  const heal = async (ns: string, times: number): Promise<void> => {
    await breakPods(fixture, ns, 'web')
    await eventually(() => expect(fixture.evictions(ns)).to.have.length(times), seconds(60))
    await eventually(async () => {
      const { status } = await fixture.policy(ns)
      expect(status?.lastDecision?.reason).to.equal('Healthy')
      expect(status?.incidents).to.deep.equal([])
    }, seconds(60))
  }

  it('is as long as the policy says: the oldest HealingAction goes, deleted by the controller, and nothing is done again', async () => {
    const ns = await fixture.namespace('history')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), withSpec(policy(ns, { app: 'web' }), { history: { successful: 1 } }))
    await heal(ns, 1)
    const [first] = await fixture.actions(ns)
    await heal(ns, 2)
    await eventually(async () => expect((await fixture.actions(ns)).map(({ metadata }) => metadata.name)).to.have.length(1).and.not.include(first?.metadata.name), seconds(20))
    const deleted = acceptedWrites(readFileSync(fixture.cluster.auditLog, 'utf8'), ns).filter(({ verb, resource }) => verb === 'delete' && resource === 'healingactions')
    expect(deleted.map(({ name, user }) => [name, user])).to.deep.equal([[first?.metadata.name, 'system:serviceaccount:kubeskippy-system:kubeskippy-controller-manager']])
    await fixture.installation.killController('SIGKILL')
    await fixture.installation.startController()
    await fixture.decided(ns, 'Healthy')
    expect(fixture.evictions(ns)).to.have.length(2)
  })
})
