import { expect } from 'chai'
import * as fc from 'fast-check'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { testPolicy } from '../test-policy.ts'
import { CONFLICT, goesBefore } from './standing.ts'
import { turnsOf, type InTheWay, type Turn } from './turns.ts'

type Standing = 'New' | 'Accepted' | 'Edited' | 'Conflict' | 'Refused'

const TEMPLATE = testPolicy()
const STANDINGS: readonly Standing[] = ['New', 'Accepted', 'Edited', 'Conflict', 'Refused']
function policy(index: number, standing: Standing = 'New', age = index): HealingPolicy {
  const status = standing === 'Accepted' || standing === 'Edited' ? 'True' : 'False'
  const reason = standing === 'Conflict' ? CONFLICT : standing === 'Refused' ? 'NotAccepted' : 'Accepted'
  return {
    ...TEMPLATE,
    metadata: { name: `p${index}`, namespace: 'shop', generation: standing === 'Edited' ? 2 : 1, creationTimestamp: `2030-01-01T00:00:${String(age).padStart(2, '0')}Z` },
    ...(standing === 'New' ? {} : { status: { conditions: [{ type: 'Accepted', status, reason, message: '', observedGeneration: 1, lastTransitionTime: `2030-01-02T00:00:${String(age).padStart(2, '0')}Z` }] } }),
  } as HealingPolicy
}

type Ways = ReadonlyMap<string, InTheWay>
const pair = (one: HealingPolicy, other: HealingPolicy): string => [one.metadata.name, other.metadata.name].toSorted().join(' ')
const by = (ways: Ways) => (one: HealingPolicy, other: HealingPolicy) => ways.get(pair(one, other))
const told = (turns: ReadonlyMap<HealingPolicy, Turn>): Record<string, Turn> => Object.fromEntries([...turns].map(([{ metadata: { name } }, turn]): [string, Turn] => [name, turn]).toSorted(([a], [b]) => (a < b ? -1 : 1)))

const SIZE = 7
const PAIRS = Array.from({ length: SIZE }, (_, i) => Array.from({ length: i }, (__, j) => `p${j} p${i}`)).flat()
const world = (ways: readonly (InTheWay | undefined)[], standings: readonly Standing[]) =>
  fc.record({
    policies: fc.tuple(...Array.from({ length: SIZE }, (_, index) => fc.tuple(fc.constantFrom(...standings), fc.nat(9)).map(([standing, age]) => policy(index, standing, age)))).map((all): readonly HealingPolicy[] => all),
    ways: fc.tuple(...PAIRS.map((name) => fc.constantFrom(...ways).map((way) => [name, way] as const))).map((all): Ways => new Map(all.filter((one): one is readonly [string, InTheWay] => one[1] !== undefined))),
  })

describe('who of several policies acts', () => {
  const [a, b, c, d] = [policy(0), policy(1), policy(2), policy(3)] as const
  const cases: readonly [string, readonly HealingPolicy[], Record<string, InTheWay>, readonly Turn[]][] = [
    ['nobody is in the way', [a, b, c], {}, ['Acts', 'Acts', 'Acts']],
    ['two: the older one', [b, a], { 'p0 p1': 'Certain' }, ['Acts', 'Stopped']],
    ['a stopped one stops nobody', [a, b, c], { 'p0 p1': 'Certain', 'p1 p2': 'Certain' }, ['Acts', 'Stopped', 'Acts']],
    ['a chain of four', [a, b, c, d], { 'p0 p1': 'Certain', 'p1 p2': 'Certain', 'p2 p3': 'Certain' }, ['Acts', 'Stopped', 'Acts', 'Stopped']],
    ['a circle', [a, b, c], { 'p0 p1': 'Certain', 'p1 p2': 'Certain', 'p0 p2': 'Certain' }, ['Acts', 'Stopped', 'Stopped']],
    ['who is accepted goes before who is older', [a, b, policy(2, 'Accepted')], { 'p0 p2': 'Certain', 'p0 p1': 'Certain' }, ['Stopped', 'Acts', 'Acts']],
    ['what was stopped comes back when nobody is in its way', [policy(0, 'Conflict'), b], {}, ['Acts', 'Acts']],
    ['what was stopped stays so while the two could meet', [a, policy(1, 'Conflict')], { 'p0 p1': 'Possible' }, ['Acts', 'Stopped']],
    ['and stops nobody meanwhile', [policy(0, 'Accepted'), policy(1, 'Conflict'), policy(2, 'Conflict')], { 'p0 p1': 'Possible', 'p1 p2': 'Certain' }, ['Acts', 'Stopped', 'Acts']],
    ['what nobody has looked at is open, and stops like one that acts', [a, b, c], { 'p0 p1': 'Possible', 'p1 p2': 'Certain' }, ['Acts', 'Open', 'Open']],
    ['one that is accepted has been looked at', [policy(0, 'Accepted'), policy(1, 'Accepted'), c], { 'p0 p1': 'Possible', 'p1 p2': 'Certain' }, ['Acts', 'Acts', 'Stopped']],
    ['one that is refused for something else does not act', [policy(0, 'Refused'), policy(1, 'Conflict')], { 'p0 p1': 'Certain' }, ['Stopped', 'Acts']],
  ]
  for (const [title, policies, ways, expected] of cases) {
    it(title, () => expect(told(turnsOf(policies, by(new Map(Object.entries(ways)))))).to.deep.equal(Object.fromEntries(expected.map((turn, index) => [`p${index}`, turn]))))
  }

  it('is the same whatever the order in which they are given', () => {
    fc.assert(
      fc.property(world(['Certain', 'Possible', undefined], STANDINGS), fc.array(fc.nat(), { minLength: SIZE, maxLength: SIZE }), ({ policies, ways }, weights) => {
        const shuffled = policies.map((one, index) => ({ one, weight: weights[index] ?? 0 })).toSorted((x, y) => x.weight - y.weight).map(({ one }) => one)
        expect(told(turnsOf(shuffled, by(ways)))).to.deep.equal(told(turnsOf(policies, by(ways))))
      }),
    )
  })

  it('no two in each other\'s way act, and nobody is stopped but by one that acts and goes first', () => {
    fc.assert(
      fc.property(world(['Certain', undefined], STANDINGS.filter((one) => one !== 'Refused')), ({ policies, ways }) => {
        const [turns, between] = [turnsOf(policies, by(ways)), by(ways)]
        for (const one of policies) {
          const inWay = policies.filter((other) => other !== one && turns.get(other) === 'Acts' && between(one, other) !== undefined)
          if (turns.get(one) === 'Acts') expect(inWay).to.deep.equal([])
          else expect([turns.get(one), inWay.some((other) => goesBefore(other, one))]).to.deep.equal(['Stopped', true])
        }
      }),
    )
  })

  it('what is not open stays as it is, whatever a look at the objects tells', () => {
    let known = 0
    fc.assert(
      fc.property(world(['Certain', 'Possible', undefined, undefined], ['New', 'Edited']), fc.array(fc.boolean(), { minLength: PAIRS.length, maxLength: PAIRS.length }), ({ policies, ways }, looks) => {
        const seen: Ways = new Map([...ways].flatMap(([name, way]): [string, InTheWay][] => (way === 'Certain' || looks[PAIRS.indexOf(name)] === true ? [[name, 'Certain']] : [])))
        const [before, after] = [turnsOf(policies, by(ways)), turnsOf(policies, by(seen))]
        for (const one of policies) {
          if (before.get(one) === 'Open') continue
          known++
          expect(after.get(one)).to.equal(before.get(one))
        }
      }),
    )
    expect(known).to.be.above(100)
  })

  it('judged one after the other, in any order, each by what the others\' statuses say, they come to rest so that nobody acts against another and nobody waits for one that is stopped', () => {
    fc.assert(
      fc.property(world(['Certain', undefined, undefined], ['New', 'Accepted', 'Conflict']), fc.array(fc.nat(SIZE - 1), { minLength: 40, maxLength: 40 }), ({ policies, ways }, order) => {
        const now = [...policies]
        const judge = (index: number): boolean => {
          const one = now[index] ?? policy(index)
          const others = now.filter((other) => other !== one)
          const turns = turnsOf(others, by(ways))
          const stopped = others.some((other) => goesBefore(other, one) && turns.get(other) !== 'Stopped' && by(ways)(one, other) !== undefined)
          const next = stopped ? 'Conflict' : 'Accepted'
          const condition = one.status?.conditions?.[0]
          if (condition !== undefined && condition.reason === (stopped ? CONFLICT : 'Accepted')) return false
          now[index] = policy(index, next, 50)
          return true
        }
        for (const index of order) judge(index)
        let rounds = 0
        while (now.map((_, index) => judge(index)).some((changed) => changed)) expect(++rounds).to.be.below(SIZE * 2)
        const acting = (one: HealingPolicy): boolean => one.status?.conditions?.[0]?.status === 'True'
        for (const one of now) {
          const against = now.filter((other) => other !== one && acting(other) && by(ways)(one, other) !== undefined)
          expect(against.length > 0).to.equal(!acting(one))
        }
      }),
      { numRuns: 300 },
    )
  })
})
