import { expect } from 'chai'
import { CONTROLLER_LEASE, OPERATOR_NAMESPACE } from '../shared/api/v1alpha1/names.ts'
import { HEALING_LEDGERS, LEASES } from '../shared/kube/resources.ts'
import { hours, minutes, seconds } from '../shared/lib/time.ts'
import { isWrite, type Call } from '../shared/testing/fake-cluster/calls.ts'
import { KnownAlerts } from './adapters/alerts/memory.ts'
import { Town } from './testing/town.ts'

const isLease = ({ resource }: Call): boolean => resource.plural === LEASES.plural
const isQuestion = ({ resource }: Call): boolean => resource.plural === 'subjectaccessreviews'

describe('two controllers with a lease', () => {
  let town: Town
  afterEach(async () => {
    town.cluster.faults.clear()
    await town.stop()
  })

  /** What a controller sent to be written, but for the lease. */
  const sent = (user: string): readonly string[] =>
    town.cluster.journal.writes.filter(({ call }) => call.user === user && !isLease(call) && !isQuestion(call)).map(({ call }) => `${call.verb} ${call.resource.plural}/${call.subresource ?? ''}`)
  const healedOnce = (context = ''): void => {
    expect(town.evictions, context).to.have.length(1)
    expect(town.actions.map(({ status }) => [status?.phase, status?.outcome]), context).to.deep.equal([['Succeeded', 'Effective']])
    expect(town.ledger?.entries.map(({ state, outcome }) => [state, outcome]), context).to.deep.equal([['Settled', 'Effective']])
  }

  it('heal by the holder alone; the other one writes nothing at all', async () => {
    town = new Town({ elected: true })
    await town.start('controller-1')
    await town.start('controller-2')
    await town.live(minutes(4))
    healedOnce()
    expect(sent('controller-2')).to.deep.equal([])
  })

  it('decide no later for a standby that takes over: it has everything in its caches', async () => {
    town = new Town({ elected: true })
    const first = await town.start('controller-1')
    await town.start('controller-2')
    const stopping = first.stop()
    await town.live(seconds(8))
    await stopping
    expect(sent('controller-2')).to.include('create healingactions/')
    await town.live(minutes(4))
    healedOnce()
  })

  for (const nth of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
    it(`act once when the holder is cut off at its write ${nth}; it writes nothing when it is back`, async () => {
      town = new Town({ seed: nth, elected: true })
      let seen = 0
      let open = false
      town.cluster.faults.add((call) => {
        if (call.user !== 'controller-1') return undefined
        if (isWrite(call) && !isLease(call) && !isQuestion(call)) seen++
        return seen >= nth && !open ? { when: 'before', answer: 'hang' } : undefined
      })
      await town.start('controller-1')
      await town.start('controller-2')
      await town.live(seconds(90))
      open = true
      town.cluster.watches.drop(({ user }) => user === 'controller-1')
      const before = sent('controller-1').length
      await town.live(minutes(6))
      healedOnce()
      expect(sent('controller-1')).to.have.length(before)
      expect(town.cluster.must(LEASES, { namespace: OPERATOR_NAMESPACE, name: CONTROLLER_LEASE }).spec).to.include({ holderIdentity: 'controller-2', leaseTransitions: 1 })
    })
  }

  it('forget the alerts of a term that is over: what ended meanwhile was told to the other one', async () => {
    const heard = new Map<string, KnownAlerts>()
    town = new Town({
      elected: true,
      alerts: (name, clock) => {
        const known = new KnownAlerts(clock, hours(5))
        heard.set(name, known)
        return known
      },
    })
    let cut = false
    town.cluster.faults.add((call) => (cut && call.user === 'controller-1' && isLease(call) ? { when: 'before', answer: 'hang' } : undefined))
    await town.start('controller-1')
    await town.start('controller-2')
    await town.live(seconds(5))
    heard.get('controller-1')?.learn([{ labels: { namespace: 'shop', pod: 'cart-0' }, startsAt: town.clock.now(), ended: false }])
    expect(heard.get('controller-1')?.readings().firing).to.have.length(1)
    cut = true
    await town.live(minutes(1))
    expect(heard.get('controller-1')?.readings().firing).to.deep.equal([])
  })

  it('write nothing any more when the lease could not be renewed while a reconcile waited for an answer', async () => {
    let slow = false
    town = new Town({ elected: true, latency: ({ user, verb, resource }) => (slow && user === 'controller-1' && verb === 'get' && resource.plural === 'configmaps' ? 6_000 : 0) })
    town.cluster.faults.add((call) => {
      // Its dry run has passed: the kill switch is read next, and then the write would follow.
      if (call.user === 'controller-1' && call.subresource === 'eviction') slow = true
      return slow && call.user === 'controller-1' && isLease(call) ? { when: 'before', answer: 'hang' } : undefined
    })
    await town.start('controller-1')
    await town.start('controller-2')
    await town.live(minutes(6))
    expect(slow).to.equal(true)
    const evictions = town.cluster.journal.writes.filter(({ call }) => call.subresource === 'eviction').map(({ call }) => `${call.user}${call.dryRun ? ' (dry run)' : ''}`)
    expect(evictions).to.deep.equal(['controller-1 (dry run)', 'controller-2 (dry run)', 'controller-2'])
    healedOnce()
  })

  it('make a deleted ledger again once, by the holder', async () => {
    town = new Town({ elected: true })
    await town.start('controller-1')
    await town.start('controller-2')
    await town.live(minutes(4))
    const entries = town.ledger?.entries
    town.cluster.drop(HEALING_LEDGERS, town.cluster.all(HEALING_LEDGERS)[0]?.metadata ?? { name: '' })
    await town.live(seconds(5))
    expect(town.ledger?.entries).to.deep.equal(entries)
    expect(sent('controller-2')).to.deep.equal([])
  })

  it('make a ledger again that was deleted while nobody led', async () => {
    town = new Town({ elected: true })
    await town.start('controller-1')
    await town.start('controller-2')
    await town.live(minutes(4))
    const entries = town.ledger?.entries
    town.crash('controller-1')
    town.cluster.drop(HEALING_LEDGERS, town.cluster.all(HEALING_LEDGERS)[0]?.metadata ?? { name: '' })
    await town.live(seconds(25))
    expect(town.ledger?.entries).to.deep.equal(entries)
  })

  it('hand over by a graceful stop without waiting for the lease to run out', async () => {
    town = new Town({ elected: true })
    const first = await town.start('controller-1')
    await town.start('controller-2')
    await town.live(minutes(4))
    const stopping = first.stop()
    await town.live(seconds(6))
    await stopping
    expect(town.cluster.must(LEASES, { namespace: OPERATOR_NAMESPACE, name: CONTROLLER_LEASE }).spec).to.include({ holderIdentity: 'controller-2' })
  })
})
