import { expect } from 'chai'
import { HEALER_ACCOUNT, KILL_SWITCH, OPERATOR_NAMESPACE, serviceAccountUser } from '../shared/api/v1alpha1/names.ts'
import { CONFIG_MAPS, HEALING_LEDGERS, HEALING_POLICIES, PODS } from '../shared/kube/resources.ts'
import { minutes, seconds } from '../shared/lib/time.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import { randomFaults, THROTTLED } from '../shared/testing/fake-cluster/faults.ts'
import { seededRandom } from '../shared/testing/fake-clock.ts'
import { NAMESPACE, Town } from './testing/town.ts'

describe('the whole controller', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const isEviction = (call: Call): boolean => call.subresource === 'eviction'
  const isReal = (call: Call): boolean => isEviction(call) && !call.dryRun

  it('heals with one write, made as the healer, dry-run first, named in the User-Agent', async () => {
    town = new Town()
    await town.start()
    await town.live(minutes(3))
    const [action] = town.actions
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    const writes = town.cluster.journal.writes.filter(({ call }) => isEviction(call)).map(({ call }) => call)
    expect(writes.map(({ dryRun }) => dryRun)).to.deep.equal([true, false])
    for (const { impersonate, userAgent } of writes) {
      expect(impersonate).to.equal(serviceAccountUser(NAMESPACE, HEALER_ACCOUNT))
      expect(userAgent).to.include(`${NAMESPACE}/${action?.metadata.name}`)
    }
    expect(town.ledger?.outcomes.effective).to.equal(1)
  })

  it('finds by reading what has become of a write whose answer was lost', async () => {
    town = new Town()
    town.cluster.faults.add((call) => (isReal(call) ? { when: 'after', answer: 'reset' } : undefined), 1)
    await town.start()
    await town.live(minutes(3))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(town.evictions).to.have.length(1)
  })

  it('tries again what was not carried out', async () => {
    for (const answer of [THROTTLED, 'reset', 'hang'] as const) {
      town = new Town()
      town.cluster.faults.add((call) => (isReal(call) ? { when: 'before', answer } : undefined), 2)
      await town.start()
      await town.live(minutes(4))
      expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
      expect(town.evictions).to.have.length(1)
      if (answer !== 'hang') await town.stop()
    }
  })

  it('is not misled by a status that was written and not seen', async () => {
    town = new Town()
    town.cluster.faults.add((call) => (call.resource.plural === 'healingactions' && call.subresource === 'status' ? { when: 'after', answer: 'reset' } : undefined), 2)
    await town.start()
    await town.live(minutes(4))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(town.evictions).to.have.length(1)
  })

  it('goes on where its predecessor was killed', async () => {
    town = new Town()
    const removed = town.cluster.faults.add((call) => (isReal(call) ? { when: 'before', answer: 'reset' } : undefined))
    const first = await town.start()
    await town.live(seconds(20))
    expect(town.actions[0]?.status?.phase).to.equal('InProgress')
    void first.stop()
    removed()
    await town.start('controller-2')
    await town.live(minutes(4))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(town.evictions).to.have.length(1)
  })

  it('writes once although two of it run at the same time', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      town = new Town({ seed })
      await town.start('controller-1')
      await town.start('controller-2')
      await town.live(minutes(4))
      expect(town.evictions).to.have.length(1)
      expect(town.actions).to.have.length(1)
      expect(town.ledger?.entries).to.have.length(1)
      if (seed < 5) await town.stop()
    }
  })

  it("tells replacements by the API server's clock, whatever its own says", async () => {
    for (const ahead of [seconds(30), seconds(-30), seconds(5), seconds(-5), seconds(1), seconds(-1)]) {
      town = new Town({ ahead })
      await town.start()
      await town.live(minutes(4))
      expect(town.actions.map(({ status }) => status?.outcome), `${ahead} ms ahead`).to.deep.equal(['Effective'])
      if (ahead !== seconds(-1)) await town.stop()
    }
  })

  it('does not act while the two clocks differ by more than a minute', async () => {
    for (const ahead of [seconds(63), seconds(-63)]) {
      town = new Town({ ahead })
      await town.start()
      await town.live(minutes(2))
      expect(town.actions).to.deep.equal([])
      expect(town.policy.status?.lastDecision?.reason).to.equal('ClockSkew')
      if (ahead > 0) await town.stop()
    }
  })

  it('escalates once when nothing helps, and leaves it at that', async () => {
    town = new Town({ replacement: 'broken' })
    await town.start()
    await town.live(minutes(10))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Ineffective'])
    expect(town.events.filter(({ reason }) => reason === 'Escalated')).to.have.length(1)
    expect(town.policy.status?.lastDecision?.reason).to.equal('Escalated')
  })

  it('stops before the write when the kill switch came after the decision', async () => {
    town = new Town()
    const removed = town.cluster.faults.add((call) => (isEviction(call) ? { when: 'before', answer: THROTTLED } : undefined))
    await town.start()
    await town.live(seconds(8))
    expect(town.actions[0]?.status?.phase).to.equal('InProgress')
    town.cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: KILL_SWITCH, namespace: OPERATOR_NAMESPACE } })
    removed()
    await town.live(minutes(1))
    expect(town.actions[0]?.status).to.deep.include({ phase: 'Cancelled' })
    expect(town.actions[0]?.status?.result?.reason).to.equal('KillSwitch')
    expect(town.evictions).to.deep.equal([])
    expect(town.policy.status?.lastDecision?.reason).to.equal('KillSwitch')
  })

  it('leaves a target alone that recovered between the decision and the act', async () => {
    town = new Town()
    const removed = town.cluster.faults.add((call) => (isEviction(call) ? { when: 'before', answer: THROTTLED } : undefined))
    await town.start()
    await town.live(seconds(8))
    town.cluster.drop(PODS, { namespace: NAMESPACE, name: 'cart-1-0' })
    removed()
    await town.live(minutes(2))
    expect(town.evictions).to.deep.equal([])
  })

  it('makes a ledger that somebody deleted again from what it knows', async () => {
    town = new Town({ replacement: 'broken', spec: { safetyRules: { ...new Town().policy.spec.safetyRules, maxActionsPerHour: 1 } } })
    await town.start()
    await town.live(seconds(30))
    const before = town.ledger
    town.cluster.drop(HEALING_LEDGERS, { namespace: OPERATOR_NAMESPACE, name: town.cluster.all(HEALING_LEDGERS)[0]?.metadata.name ?? '' })
    await town.live(minutes(5))
    expect(town.ledger?.entries.map((e) => e.action)).to.deep.equal(before?.entries.map((e) => e.action))
    expect(town.evictions).to.have.length(1)
  })

  it('gives the ledger of a deleted policy a day', async () => {
    town = new Town()
    await town.start()
    await town.live(minutes(3))
    town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' })
    await town.clock.advance(minutes(23 * 60))
    expect(town.ledger?.goneSince).to.be.a('string')
    await town.clock.advance(minutes(2 * 60))
    expect(town.ledger).to.equal(undefined)
  })

  it('writes and lists nothing while nothing happens', async () => {
    town = new Town()
    await town.start()
    await town.live(minutes(5))
    const before = town.cluster.journal.entries.length
    await town.clock.advance(minutes(30))
    const after = town.cluster.journal.entries.slice(before).map(({ call }) => call.verb)
    expect(after.filter((verb) => verb !== 'watch')).to.deep.equal([])
  })

  it('ends every action with at most one effective write, whatever calls fail', async function () {
    this.timeout(60_000)
    for (let seed = 1; seed <= 100; seed++) {
      town = new Town({ seed })
      const removed = town.cluster.faults.add(randomFaults(seededRandom(seed), 0.25))
      await town.start()
      await town.live(minutes(2))
      removed()
      await town.live(minutes(8))
      const context = `seed ${seed}: ${JSON.stringify(town.actions.map(({ status }) => status))}`
      expect(town.actions.every(({ status }) => ['Succeeded', 'Failed', 'Cancelled'].includes(status?.phase ?? '')), context).to.equal(true)
      expect(new Set(town.evictions).size, context).to.equal(town.evictions.length)
      expect(town.evictions, context).to.have.length(1)
      expect(town.ledger?.entries.every(({ state }) => state !== 'Reserved'), context).to.equal(true)
      if (seed < 100) await town.stop()
    }
  })

  it('leaves a pod that an operator left behind, whose definitions are gone: nobody would make it again', async () => {
    town = new Town()
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'uid-w', controller: true, blockOwnerDeletion: true }
    town.cluster.change(PODS, { namespace: NAMESPACE, name: 'cart-1-0' }, (o) => ({ ...o, metadata: { ...o.metadata, ownerReferences: [widget] } }))
    await town.start()
    await town.live(minutes(2))
    expect([town.actions, town.attempts]).to.deep.equal([[], 0])
    expect(town.policy.status?.lastDecision).to.include({ kind: 'Blocked', reason: 'NoController' })
    expect(town.policy.status?.lastDecision?.message).to.include('knows no kind example.com/v1 Widget')
  })
})
