/** What stays of what was done, and what is remembered of it. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { formatDuration } from '../../shared/lib/duration.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { acceptedWrites } from '../demo/audit.ts'
import { breakPods, deployment, inNamespace, policy, useFixture } from './fixture.ts'

describe('the history of a policy', function () {
  this.timeout(900_000)
  const fixture = useFixture()

  const withSpec = (object: object, more: object): object => ({ ...object, spec: { ...(object as { spec: object }).spec, ...more } })
  /** Breaks the pod, and waits until it has been healed and the incident is over. */
  const heal = async (ns: string, times: number): Promise<void> => {
    await breakPods(fixture, ns, 'web')
    await eventually(() => expect(fixture.evictions(ns)).to.have.length(times), seconds(120))
    await eventually(async () => {
      const { status } = await fixture.policy(ns)
      expect(status?.lastDecision?.reason).to.equal('Healthy')
      expect(status?.incidents).to.deep.equal([])
    }, seconds(120))
  }

  it('is as long as the policy says: the oldest HealingAction goes, deleted by the controller, and nothing is done again', async () => {
    const ns = await fixture.namespace('history')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), withSpec(policy(ns, { app: 'web' }), { history: { successful: 1 } }))
    await heal(ns, 1)
    const [first] = await fixture.actions(ns)
    await heal(ns, 2)
    await eventually(async () => expect((await fixture.actions(ns)).map(({ metadata }) => metadata.name)).to.have.length(1).and.not.include(first?.metadata.name), seconds(60))
    const deleted = acceptedWrites(readFileSync(fixture.cluster.auditLog, 'utf8'), ns).filter(({ verb, resource }) => verb === 'delete' && resource === 'healingactions')
    expect(deleted.map(({ name, user }) => [name, user])).to.deep.equal([[first?.metadata.name, 'system:serviceaccount:kubeskippy-system:kubeskippy-controller-manager']])
    await fixture.installation.killController('SIGKILL')
    await fixture.installation.startController()
    await fixture.decided(ns, 'Healthy')
    expect(fixture.evictions(ns)).to.have.length(2)
  })

  it('says how long healing took, and whether that is what the policy promises', async () => {
    const ns = await fixture.namespace('objective')
    const wide = async (): Promise<readonly string[]> => {
      const [head = '', row = ''] = (await fixture.kubectl(['get', 'hp', 'heal', '-n', ns, '-o', 'wide'])).split('\n')
      return ['HEALED IN', 'OBJECTIVE'].map((name) => row.slice(head.indexOf(name)).split(/\s/)[0] ?? '')
    }
    const used = async (): Promise<number> => Number(new RegExp(`^kubeskippy_time_to_heal_objective_used\\{policy_namespace="${ns}",policy="heal"\\} (\\S+)$`, 'm').exec(await (await fetch(fixture.installation.controller.metricsUrl)).text())?.[1])
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { app: 'web', objectives: { timeToHeal: '5m' } }))
    await heal(ns, 1)
    const [action] = await fixture.actions(ns)
    const first = (await fixture.policy(ns)).status?.timeToHeal
    expect(first).to.include({ incidents: 1, missed: 0 })
    const span = (Date.parse(first?.at ?? '') - Date.parse(action?.spec.trigger.since ?? '')) / 1000
    expect(first?.last).to.equal(formatDuration(seconds(Math.round(span))))
    expect(await wide()).to.deep.equal([first?.last, '5m'])
    // What is measured is read from a watch.
    await eventually(async () => expect(await used()).to.be.greaterThan(0).and.lessThan(1), seconds(30))
    // Two seconds until it fires and four until it is believed are more.
    await fixture.kubectl(['patch', 'hp', 'heal', '-n', ns, '--type=merge', '-p', '{"spec":{"objectives":{"timeToHeal":"5s"}}}'])
    await fixture.installation.killController('SIGKILL')
    await fixture.installation.startController()
    await heal(ns, 2)
    expect((await fixture.policy(ns)).status?.timeToHeal).to.include({ incidents: 2, missed: 1 })
    await eventually(async () => expect(await used()).to.be.greaterThan(1), seconds(30))
  })

  it('says when a trouble comes back: the fourth time in a day nothing is done and a person is told, over kill -9 and over delete and recreate of the policy', async () => {
    const ns = await fixture.namespace('recurring')
    const healing = policy(ns, { app: 'web', safetyRules: { maxActionsPerHour: 20 } })
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), healing)
    await heal(ns, 1)
    await fixture.installation.killController('SIGKILL')
    await fixture.installation.startController()
    await heal(ns, 2)
    await fixture.kubectl(['delete', 'healingpolicy', 'heal', '-n', ns])
    await fixture.apply(healing)
    await fixture.decided(ns, 'Healthy')
    await heal(ns, 3)
    expect((await fixture.actions(ns)).map(({ spec }) => spec.incident.recurrence)).to.have.members([0, 1, 2])

    await breakPods(fixture, ns, 'web')
    const { status } = await fixture.decided(ns, 'Escalated', seconds(120))
    expect(status?.incidents?.map(({ state, escalatedFor, recurrence }) => [state, escalatedFor, recurrence])).to.deep.equal([['Escalated', 'Recurring', 3]])
    expect(status?.conditions?.find(({ type }) => type === 'Escalated')).to.include({ status: 'True', reason: 'Recurring' })
    await eventually(async () => expect(await fixture.kubectl(['get', 'events', '-n', ns, '--field-selector', 'reason=Escalated'])).to.include('healed 3 times within 24 hours'), seconds(60))
    await new Promise((resolve) => void setTimeout(resolve, seconds(8)))
    expect(fixture.evictions(ns)).to.have.length(3)
    expect(await fixture.actions(ns)).to.have.length(3)
  })
})
