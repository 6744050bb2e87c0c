import { expect } from 'chai'
import { HEALING_LEDGERS, PODS } from '../../shared/kube/resources.ts'
import { minutes, seconds } from '../../shared/lib/time.ts'
import { isWrite, type Call } from '../../shared/testing/fake-cluster/calls.ts'
import { randomFaults } from '../../shared/testing/fake-cluster/faults.ts'
import { seededRandom } from '../../shared/testing/fake-clock.ts'
import { NAMESPACE, Town } from '../testing/town.ts'

describe('two controllers', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const healedOnce = (context: string): void => {
    expect(town.evictions, context).to.have.length(1)
    expect(town.actions.map(({ status }) => [status?.phase, status?.outcome]), context).to.deep.equal([['Succeeded', 'Effective']])
    expect(town.ledger?.entries.map(({ state, outcome }) => [state, outcome]), context).to.deep.equal([['Settled', 'Effective']])
    expect(town.ledger?.outcomes, context).to.include({ effective: 1, failed: 0 })
    expect(town.count('kubeskippy_healing_actions_total'), context).to.equal(1)
  }

  it('heal once, say one outcome and count once, with whatever latency', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed)
      town = new Town({ seed, latency: () => Math.floor(random() * 400) })
      await town.start('controller-1')
      await town.start('controller-2')
      await town.live(minutes(5))
      healedOnce(`seed ${seed}`)
      await town.stop()
    }
  })

  for (const nth of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
    it(`act once when the first stands still at its write ${nth} and goes on after the second has acted`, async () => {
      town = new Town({ seed: nth })
      let seen = 0
      const paused = (call: Call): boolean => call.user === 'controller-1' && seen >= nth
      town.cluster.faults.add((call) => {
        if (call.user === 'controller-1' && isWrite(call) && call.resource.plural !== 'subjectaccessreviews') seen++
        return paused(call) && town.clock.now() < until ? { when: 'before', answer: 'hang' } : undefined
      })
      const until = town.clock.now() + minutes(4)
      await town.start('controller-1')
      await town.live(seconds(8))
      await town.start('controller-2')
      await town.live(minutes(10))
      expect(town.evictions).to.have.length(1)
      expect(town.actions.map(({ status }) => [status?.phase, status?.outcome])).to.deep.equal([['Succeeded', 'Effective']])
      expect(town.ledger?.entries.map(({ state, outcome }) => [state, outcome])).to.deep.equal([['Settled', 'Effective']])
    })
  }

  it('do not cancel for a ledger that a slow watch has not brought', async () => {
    town = new Town()
    town.cluster.faults.add((call) => (call.user === 'controller-1' && call.resource.plural === 'healingactions' && call.subresource === 'status' ? { when: 'before', answer: 'reset' } : undefined))
    const hold = { release: () => {} }
    await town.start('controller-2')
    hold.release = town.cluster.watches.hold(({ user, resource }) => user === 'controller-2' && (resource.plural === HEALING_LEDGERS.plural || resource.plural === PODS.plural))
    await town.start('controller-1')
    await town.live(seconds(60))
    hold.release()
    await town.live(minutes(4))
    healedOnce('held')
  })

  it('do not act on an old world: what the watch does not show is read', async () => {
    town = new Town()
    await town.start()
    await town.live(seconds(3))
    const release = town.cluster.watches.hold(({ resource }) => resource.plural === 'pods')
    town.cluster.drop(PODS, { namespace: NAMESPACE, name: 'cart-1-0' })
    town.pod('healthy')
    await town.live(seconds(40))
    expect(town.evictions).to.deep.equal([])
    expect(town.actions.map(({ status }) => status?.result?.reason).every((reason) => reason === 'TargetGone')).to.equal(true)
    release()
    await town.live(minutes(2))
    expect(town.policy.status?.lastDecision?.reason).to.equal('Healthy')
  })

  it('do not answer each other without end when one of them is deaf and sees an old world', async () => {
    town = new Town()
    await town.start('controller-1')
    await town.start('controller-2')
    await town.live(seconds(20))
    town.cluster.watches.hold(({ user, resource }) => user === 'controller-1' && resource.plural === PODS.plural)
    const [pod] = town.cluster.all(PODS)
    town.cluster.change(PODS, pod?.metadata ?? { name: '' }, (o) => ({ ...o, status: { phase: 'Running', containerStatuses: [{ name: 'app', ready: false, restartCount: 1, state: { running: {} } }], conditions: [{ type: 'Ready', status: 'False' }] } }))
    const before = town.cluster.journal.entries.length
    await town.live(seconds(30))
    expect(town.cluster.journal.entries.length - before).to.be.below(300)
  })

  it('end every action with at most one effective write and one settlement, whatever calls fail', async function () {
    this.timeout(60_000)
    for (let seed = 1; seed <= 40; seed++) {
      town = new Town({ seed })
      const random = seededRandom(seed)
      const removed = town.cluster.faults.add(randomFaults(random, 0.2))
      await town.start('controller-1')
      await town.start('controller-2')
      for (let minute = 0; minute < 4; minute++) {
        await town.live(seconds(30))
        const { watches } = town.cluster
        const trouble = [() => watches.drop(), () => watches.expire(), () => watches.end(), () => watches.hang(({ user }) => user === 'controller-1'), () => watches.truncate()]
        trouble[Math.floor(random() * trouble.length)]?.()
      }
      removed()
      await town.live(minutes(12))
      const context = `seed ${seed}: ${JSON.stringify(town.actions.map(({ status }) => status))} ${JSON.stringify(town.ledger)}`
      expect(town.actions.every(({ status }) => ['Succeeded', 'Failed', 'Cancelled'].includes(status?.phase ?? '')), context).to.equal(true)
      expect(town.evictions, context).to.have.length(1)
      expect(town.ledger?.entries.every(({ state }) => state !== 'Reserved'), context).to.equal(true)
      for (const { metadata, status } of town.actions) {
        const entry = town.ledger?.entries.find(({ action }) => action === metadata.name)
        if (entry?.state === 'Settled') expect(entry.outcome, context).to.equal(status?.outcome ?? (status?.phase === 'Failed' ? 'Failed' : 'Cancelled'))
      }
      await town.stop()
    }
  })
})
