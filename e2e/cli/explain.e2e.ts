/** `kubeskippy explain` of a policy that heals a real pod, at each step. */
import { expect } from 'chai'
import { breakPods, deployment, inNamespace, policy, useFixture } from '../healing/fixture.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { seconds } from '../../shared/lib/time.ts'
import { kubeskippy } from './access.ts'

describe('kubeskippy explain', function () {
  this.timeout(600_000)
  const fixture = useFixture()

  const explain = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await kubeskippy(fixture.cluster, 'explain', '-n', 'shop', ...args)
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    return stdout
  }

  it('says why nothing happens: the namespace has not consented', async () => {
    await fixture.namespace('shop', { healer: false })
    await fixture.apply(inNamespace('shop', deployment('cart', 'inThisPod')), policy('shop', { app: 'cart', safetyRules: { healthCheckTimeout: '3m' } }))
    await breakPods(fixture, 'shop', 'cart')
    await fixture.decided('shop', 'HealerMissing')
    // The pod runs for a moment after each restart.
    await eventually(async () => {
      const text = await explain('heal')
      expect(text).to.match(/decision +HealerMissing/)
      expect(text).to.match(/^HealingPolicy shop\/heal$/m).and.to.match(/to change .*kubeskippy enable -n shop/)
      expect(text).to.match(/crash: Firing, 1 object, since/).and.to.match(/Firing +crash +Pod\/cart-/)
    }, seconds(90))
    // Events are found by the object that they are about.
    await eventually(async () => expect(await explain('hp/heal')).to.match(/\nEvents\n.*Warning +HealerMissing/), seconds(60))
  })

  it('tells the whole course of the action that healed', async () => {
    await fixture.installation.enable('shop')
    const [action] = await fixture.ended('shop')
    const name = action?.metadata.name ?? ''
    const text = await explain(name)
    expect(text).to.match(/state +Succeeded, Effective/).and.to.match(/because +trigger crash, since/)
    for (const step of ['decided and written down', 'carrying out began', 'the write had landed', 'healthy since then', 'ended: Succeeded, Effective']) expect(text).to.contain(step)
    expect(text).to.match(/\nIncident inc-[a-z0-9]+\n.*restart of Pod\/cart-/)
    expect(await explain(`ha/${name}`, '-o', 'json')).to.contain('"outcome": "Effective"')
  })

  it('tells of it in the policy, and of the limits', async () => {
    await eventually(async () => {
      const text = await explain('heal')
      expect(text).to.match(/decision +Healthy/)
      // That the pods are healthy may be decided a moment before the end of the action is seen.
      expect(text).to.match(/this hour +1 of 5 actions/).and.to.match(/outcomes +1 effective/).and.to.match(/Succeeded, Effective/)
    }, seconds(90))
  })

  it('offers the nearest name, and fails', async () => {
    const { code, stderr } = await kubeskippy(fixture.cluster, 'explain', 'haal', '-n', 'shop')
    expect(code).to.equal(1)
    expect(stderr).to.contain('did you mean heal?')
  })
})
