import { expect } from 'chai'
import type { Observation } from '../triggers/trigger.ts'
import { buildTrigger } from '../../shared/testing/builders/objects.ts'
import { MOST_EVIDENCE, together, type Sight } from './together.ts'
import type { Selected } from './select.ts'
import { at, cart, chained, pod, policy } from './testing/builders.ts'

const triggers = policy({ triggers: ['a', 'b', 'c'].map((name) => buildTrigger({ name })) }).triggers
const sightOf = (index: number, looked: readonly (readonly [Selected, Observation])[]): Sight => {
  const trigger = triggers[index]
  if (trigger === undefined) throw new Error('no such trigger')
  return { trigger, looked: looked.map(([selected, observation]) => ({ selected, observation })) }
}
const trouble = (state: 'Pending' | 'Firing', since = 0, firesAt = since, evidence = state.toLowerCase()): Observation => ({ state, since: at(since), firesAt: at(firesAt), restarts: 3, evidence })
const quiet: Observation = { state: 'Quiet' }
const blind: Observation = { state: 'NoData', why: 'the source is down' }
const firing = trouble('Firing')
const pending = trouble('Pending')

const one = chained(pod())
const other = chained(pod('cart-1'))
const workload: Selected = { object: cart, chain: { workloads: [], subject: cart.ref, incomplete: false }, by: [cart.ref.uid] }
const onOne = (...observations: readonly Observation[]): Observation | undefined => together(observations.map((o, i) => sightOf(i, [[one, o]])))[0]?.observation

describe('what all triggers together see of one object', () => {
  const cases: readonly [string, readonly Observation[], string][] = [
    ['fires when all of them fire', [firing, firing, firing], 'Firing'],
    ['is pending while one of them is', [firing, pending, firing], 'Pending'],
    ['is pending when all are', [pending, pending], 'Pending'],
    ['is quiet when one of them is', [firing, firing, quiet], 'Quiet'],
    ['is quiet when all are', [quiet, quiet], 'Quiet'],
    ['is not known when one has no data and the others fire', [firing, blind, firing], 'NoData'],
    ['is not known when one has no data and the other is pending', [blind, pending], 'NoData'],
    ['is not known when none has data', [blind, blind], 'NoData'],
    ['is quiet when one is, whatever the one without data would say', [quiet, blind, firing], 'Quiet'],
  ]
  for (const [title, observations, state] of cases) {
    it(title, () => {
      expect(onOne(...observations)?.state).to.equal(state)
      expect(onOne(...observations.toReversed())?.state, 'in whatever order').to.equal(state)
    })
  }
  it('has held since the last of them began, and fires when the last of them does', () => {
    expect(onOne(trouble('Firing', -300, 0), trouble('Pending', -100, 900), trouble('Firing', -50, -10))).to.include({ since: at(-50), firesAt: at(900) })
  })
  it('is inherited when one of them is, and over as soon as the first of them is', () => {
    const inherited: Observation = { state: 'Firing', since: at(-300), firesAt: at(-300), restarts: 0, evidence: 'old', inherited: true }
    expect(onOne(firing, inherited)).to.include({ state: 'Firing', inherited: true })
    expect(onOne(firing, firing)).not.to.have.property('inherited')
    expect(onOne({ state: 'Quiet', since: at(20) }, firing, { state: 'Quiet', since: at(10) })).to.deep.equal({ state: 'Quiet', since: at(10) })
    expect(onOne({ state: 'Quiet', since: at(20) }, quiet)).to.deep.equal({ state: 'Quiet' })
  })
  it('tells all evidence, by the names of the triggers', () => {
    expect(onOne(trouble('Firing', 0, 0, 'down'), trouble('Firing', 0, 0, 'memory_usage_percent is 97 (> 80)'))).to.include({ evidence: 'a: down; b: memory_usage_percent is 97 (> 80)' })
  })
  it('gives the evidence of each its share of the room', () => {
    const long = trouble('Firing', 0, 0, 'x'.repeat(5000))
    const seen = onOne(long, long, trouble('Firing', 0, 0, 'the last'))
    expect(seen).to.have.property('evidence').that.matches(/^a: x+…; b: x+…; c: the last$/)
    expect((seen as { evidence: string }).evidence.length).to.be.at.most(MOST_EVIDENCE)
  })
  it('keeps the number of restarts, where one of them is about these', () => {
    const counted: Observation = { state: 'Firing', since: at(0), firesAt: at(0), restarts: 3, evidence: 'crashes', seen: 7 }
    expect(onOne(firing, counted)).to.include({ seen: 7 })
    expect(onOne(firing, firing)).not.to.have.property('seen')
  })
  it('says who has no data, and for whom it holds', () => {
    expect(onOne(firing, blind, pending)).to.deep.equal({ state: 'NoData', why: 'a, c hold, but b has no data: the source is down' })
    expect(onOne(blind, blind)).to.deep.equal({ state: 'NoData', why: 'a has no data: the source is down' })
  })
})

describe('the object on which all triggers have to meet', () => {
  const uids = (...sights: readonly Sight[]): [string, string][] => together(sights).map(({ selected, observation }) => [selected.object.ref.name, observation.state])
  it('is one object: two that each have half of it do not count', () => {
    expect(uids(sightOf(0, [[one, firing], [other, quiet]]), sightOf(1, [[one, quiet], [other, firing]]))).to.deep.equal([['cart-0', 'Quiet'], ['cart-1', 'Quiet']])
  })
  it('is one that each of them looks at: a pod is not its Deployment', () => {
    expect(uids(sightOf(0, [[one, firing]]), sightOf(1, [[workload, firing]]))).to.deep.equal([])
  })
  it('is another one when it has another uid', () => {
    const again = chained(pod('cart-0', { ref: { ...pod().ref, uid: 'second-life' } }))
    expect(uids(sightOf(0, [[one, firing]]), sightOf(1, [[again, firing]]))).to.deep.equal([])
  })
  it('is not known where a trigger that has no data at all would have to look: it cannot say which objects it is about', () => {
    expect(uids(sightOf(0, [[one, firing]]), sightOf(1, [[workload, blind]]))).to.deep.equal([['cart-0', 'NoData']])
    expect(uids(sightOf(0, [[one, quiet]]), sightOf(1, [[workload, blind]]))).to.deep.equal([['cart-0', 'Quiet']])
    expect(uids(sightOf(0, [[one, firing]]), sightOf(1, [[{ ...workload, chain: { ...workload.chain, subject: { ...cart.ref, name: 'stock' } } }, blind]]))).to.deep.equal([])
  })
})
