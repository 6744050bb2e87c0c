/** A controller of another configuration judges what was accepted: what it may not do any more is not done, approved or not. */
import { request } from 'undici'
import { expect } from 'chai'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { deployment, inNamespace, policy, useFixture } from './fixture.ts'

describe('policies are judged again', function () {
  this.timeout(600_000)
  const fixture = useFixture()
  const LOWER = { 'max-actions-per-hour': '3' }

  const restart = async (flags: Readonly<Record<string, string>> = {}): Promise<void> => {
    await fixture.installation.stopController()
    await fixture.installation.startController({ flags })
  }
  const accepted = (ns: string, status: string): Promise<string> =>
    eventually(async () => {
      const condition = (await fixture.policy(ns)).status?.conditions?.find(({ type }) => type === 'Accepted')
      expect(condition?.status, JSON.stringify(condition)).to.equal(status)
      return condition?.message ?? ''
    }, seconds(60))
  const events = async (ns: string, reason: string): Promise<string> => fixture.kubectl(['get', 'events', '-n', ns, '--field-selector', `involvedObject.kind=HealingPolicy,reason=${reason}`, '-o', 'jsonpath={.items[*].type}'])
  const metrics = async (): Promise<string> => (await request(fixture.installation.controller.metricsUrl)).body.text()
  const waiting = (ns: string): Promise<HealingAction> =>
    eventually(async () => {
      const action = (await fixture.actions(ns)).find(({ spec, status }) => spec.approvalRequired === true && (status?.phase ?? 'Pending') === 'Pending')
      if (action === undefined) throw new Error('no action waits')
      return action
    }, seconds(120))

  it('after the ceiling was lowered: Accepted turns False, what was approved is not done; and it goes on once the ceiling is as before', async () => {
    const ns = await fixture.namespace('rescan')
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', mode: 'manual', safetyRules: { maxActionsPerHour: 4 } }))
    const { metadata } = await waiting(ns)
    expect(await accepted(ns, 'True')).to.equal('every rule holds')

    await restart(LOWER)
    expect(await accepted(ns, 'False')).to.contain('[KS401] spec.safetyRules.maxActionsPerHour: 4 is above the ceiling of this installation (3)')
    expect((await fixture.policy(ns)).status?.conditions?.find(({ type }) => type === 'Ready')).to.include({ status: 'False', reason: 'NotAccepted' })
    await eventually(async () => expect(await events(ns, 'NotAccepted')).to.contain('Warning'), seconds(60))
    expect(await metrics()).to.match(/^kubeskippy_policy_acceptance_changes_total\{accepted="false"\} 1$/m)

    // Approved, it ends without a write.
    await fixture.kubectl(['patch', 'ha', metadata.name, '-n', ns, '--type=merge', '-p', '{"spec":{"approval":{"decision":"Approved"}}}'])
    const [ended] = await fixture.ended(ns, 1, seconds(120))
    expect([ended?.status?.phase, ended?.status?.result?.reason]).to.deep.equal(['Cancelled', 'NotAccepted'])
    expect(ended?.status?.result?.message).to.contain('KS401')
    expect(fixture.evictions(ns)).to.deep.equal([])

    await restart()
    await accepted(ns, 'True')
    await eventually(async () => expect(await events(ns, 'Accepted')).to.contain('Normal'), seconds(60))
    const next = await waiting(ns)
    await fixture.kubectl(['patch', 'ha', next.metadata.name, '-n', ns, '--type=merge', '-p', '{"spec":{"approval":{"decision":"Approved"}}}'])
    await eventually(() => expect(fixture.evictions(ns)).to.have.lengthOf(1), seconds(120))
  })

  it('an automatic policy stops acting, and a policy below the ceiling beside it does not', async () => {
    const [over, under] = [await fixture.namespace('over'), await fixture.namespace('under')]
    await fixture.apply(policy(over, { app: 'web', safetyRules: { maxActionsPerHour: 4 } }), policy(under, { app: 'web', safetyRules: { maxActionsPerHour: 3 } }))
    await accepted(over, 'True')
    await restart(LOWER)
    await accepted(over, 'False')
    for (const ns of [over, under]) await fixture.apply(inNamespace(ns, deployment('web', 'always')))
    await eventually(() => expect(fixture.evictions(under)).to.have.lengthOf.at.least(1), seconds(120))
    await fixture.decided(over, 'NotAccepted')
    expect(await fixture.actions(over)).to.deep.equal([])
    expect(fixture.evictions(over)).to.deep.equal([])
  })
})
