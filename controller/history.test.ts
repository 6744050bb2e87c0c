import { expect } from 'chai'
import { HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, PODS } from '../shared/kube/resources.ts'
import { hours, minutes, seconds } from '../shared/lib/time.ts'
import { buildHealingAction } from '../shared/testing/builders/objects.ts'
import { NAMESPACE, Town } from './testing/town.ts'

describe('the history of a whole controller', () => {
  let town: Town
  afterEach(async () => {
    town.cluster.faults.clear()
    await town.stop()
  })

  const history = (limits: object) => ({ history: { successful: 50, failed: 100, ttl: '168h', ...limits } })
  const deletions = () => town.cluster.journal.writes.filter(({ call }) => call.verb === 'delete' && call.resource.plural === HEALING_ACTIONS.plural)
  const breakPod = (): void => {
    for (const { metadata } of town.cluster.all(PODS)) town.cluster.drop(PODS, metadata)
    town.pod('broken')
  }

  it('removes what has ended when its time is over, with its uid as a precondition, and decides nothing anew', async () => {
    town = new Town({ spec: history({ ttl: '1h' }) })
    await town.start()
    await town.live(minutes(4))
    const [action] = town.actions
    await town.clock.advance(minutes(55))
    expect(town.actions).to.have.length(1)
    await town.clock.advance(minutes(6))
    expect(town.actions).to.deep.equal([])
    expect(deletions().map(({ body }) => (body as { preconditions?: { uid?: string } }).preconditions?.uid)).to.deep.equal([action?.metadata.uid])
    await town.live(minutes(5))
    expect(town.evictions).to.have.length(1)
    expect(town.count('kubeskippy_history_deleted_total {"why":"Age"}')).to.equal(1)
  })

  it('keeps the newest, and the hourly limit does not care', async () => {
    town = new Town({ spec: { ...history({ successful: 1 }), safetyRules: { ...new Town().policy.spec.safetyRules, maxActionsPerHour: 2 } } })
    await town.start()
    await town.live(minutes(4))
    const [first] = town.actions
    breakPod()
    await town.live(minutes(4))
    expect(town.evictions).to.have.length(2)
    expect(town.actions).to.have.length(1)
    expect(town.actions[0]?.metadata.name).not.to.equal(first?.metadata.name)
    breakPod()
    await town.live(minutes(4))
    expect(town.evictions).to.have.length(2)
    expect(town.policy.status?.lastDecision?.reason).to.equal('RateLimited')
  })

  it('removes nothing whose ledger has not been settled, and it as soon as that is done', async () => {
    town = new Town({ spec: history({ successful: 0 }) })
    const mend = town.cluster.faults.add(({ resource, verb }) => (resource.plural === HEALING_LEDGERS.plural && verb === 'update' && town.actions[0]?.status?.phase === 'Succeeded' ? { when: 'before', answer: 'reset' } : undefined))
    await town.start()
    await town.live(minutes(4))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(town.ledger?.entries.map(({ state }) => state)).to.deep.equal(['Reserved'])
    mend()
    await town.live(minutes(3))
    expect(town.ledger?.entries.map(({ state, outcome }) => [state, outcome])).to.deep.equal([['Settled', 'Effective']])
    expect(town.actions).to.deep.equal([])
    expect(town.evictions).to.have.length(1)
  })

  it('keeps those of a policy that is gone for a week', async () => {
    town = new Town()
    await town.start()
    await town.live(minutes(4))
    town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' })
    await town.clock.advance(hours(167))
    expect(town.actions).to.have.length(1)
    await town.clock.advance(hours(1))
    expect(town.actions).to.deep.equal([])
  })

  it('goes slowly when a limit was lowered', async () => {
    town = new Town()
    await town.start()
    await town.live(minutes(4))
    for (let i = 0; i < 100; i++) {
      const { metadata, ...rest } = buildHealingAction({ status: { phase: 'Failed', completionTime: '2030-01-01T00:00:00.000Z' } })
      town.cluster.seed(HEALING_ACTIONS, { ...rest, metadata: { name: `cart-old-${i}`, namespace: metadata.namespace ?? '' } })
    }
    town.editPolicy((spec) => ({ ...spec, history: { successful: 0, failed: 0, ttl: '168h' } }))
    await town.clock.advance(seconds(2))
    expect(deletions()).to.have.length.within(20, 25)
    await town.clock.advance(seconds(30))
    expect(deletions()).to.have.length.within(45, 60)
    await town.clock.advance(minutes(2))
    expect(town.actions).to.deep.equal([])
  })

  it('loses nothing to calls that fail', async () => {
    town = new Town({ spec: history({ ttl: '1m' }) })
    let n = 0
    town.cluster.faults.add(({ verb }) => (verb === 'delete' && n++ < 6 ? { when: n % 2 === 0 ? 'after' : 'before', answer: 'reset' } : undefined))
    await town.start()
    await town.live(minutes(8))
    expect(town.actions).to.deep.equal([])
    expect(town.evictions).to.have.length(1)
  })
})
