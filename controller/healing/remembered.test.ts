import { expect } from 'chai'
import type { HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import { remembered } from './status.ts'
import { at } from './testing/builders.ts'

type Marks = NonNullable<HealingPolicyStatus['restarts']>[number]

const marks = (overrides: Partial<Marks> = {}): Marks => ({
  pod: { name: 'cart-0', uid: 'uid-cart-0' },
  container: 'app',
  base: 40,
  marks: [{ at: '2030-01-01T12:00:00.000Z', total: 41 }, { at: '2030-01-01T12:00:30.000Z', total: 43 }],
  ...overrides,
})
const read = (...restarts: readonly Marks[]) => remembered({ restarts: [...restarts] }).restarts

describe('restarts that a status remembers', () => {
  it('are read with their times', () => {
    expect(read(marks())).to.deep.equal([{ pod: { name: 'cart-0', uid: 'uid-cart-0' }, container: 'app', base: 40, marks: [{ at: at(0), total: 41 }, { at: at(30_000), total: 43 }] }])
  })
  it('are none without a status', () => expect(remembered(undefined).restarts).to.deep.equal([]))
  it('are those of any generation', () => expect(remembered({ observedGeneration: 1, restarts: [marks()] }, 2).restarts).to.have.lengthOf(1))

  const corrupted: readonly [string, Partial<Marks>][] = [
    ['a time that is none', { marks: [{ at: 'yesterday', total: 41 }] }],
    ['a total below the one before', { marks: [{ at: '2030-01-01T12:00:00Z', total: 43 }, { at: '2030-01-01T12:00:30Z', total: 42 }] }],
    ['a total below its base', { marks: [{ at: '2030-01-01T12:00:00Z', total: 39 }] }],
    ['times that go back', { marks: [{ at: '2030-01-01T12:00:30Z', total: 41 }, { at: '2030-01-01T12:00:00Z', total: 42 }] }],
  ]
  for (const [title, change] of corrupted) it(`with ${title} are forgotten, and the others are not`, () => expect(read(marks(change), marks({ container: 'proxy' })).map(({ container }) => container)).to.deep.equal(['proxy']))
})
