import { expect } from 'chai'
import { minutes, type Instant } from '../../../shared/lib/time.ts'
import type { PodView } from '../../healing/snapshot.ts'
import { at, container, pod } from '../../healing/testing/builders.ts'
import { countRestarts, MOST_MARKS, type RestartMarks } from './restarts.ts'

/** Milliseconds, to be subtracted. */
const MINUTE: number = minutes(1)
const WINDOW: number = minutes(5)

const restarted = (restarts: number, finishedAt: Instant | undefined, of: Partial<PodView> = {}): PodView =>
  pod('cart-0', { containers: [container({ restarts, lastTermination: restarts === 0 ? undefined : { reason: 'Error', exitCode: 1, finishedAt } })], ...of })
const marks = (base: number, ...all: readonly [number, number][]): RestartMarks => ({
  pod: { uid: 'uid-cart-0', name: 'cart-0' },
  container: 'app',
  base,
  marks: all.map(([when, total]) => ({ at: at(when), total })),
})
const count = (of: PodView, remembered: readonly RestartMarks[] = [], now = at(0)): number => countRestarts(of, remembered, minutes(5), now).count

describe('restarts within a window', () => {
  it('are none of a pod that never restarted, and nothing is remembered of it', () => {
    expect(countRestarts(restarted(0, undefined), [], minutes(5), at(0))).to.deep.equal({ count: 0, remember: [], changesAt: undefined })
  })
  it('of an old pod that is seen for the first time are the one that is certain', () => expect(count(restarted(40, at(-MINUTE)))).to.equal(1))
  it('of an old pod whose last one is long ago are none', () => {
    expect(count(restarted(40, at(-WINDOW)))).to.equal(1)
    expect(count(restarted(40, at(-WINDOW - 1)))).to.equal(0)
  })
  it('of an old pod without a time are none: nothing is guessed', () => expect(count(restarted(40, undefined))).to.equal(0))
  it('of a pod younger than the window are all that it has', () => {
    expect(count(restarted(3, at(-MINUTE), { createdAt: at(-WINDOW) }))).to.equal(3)
    expect(count(restarted(3, at(-MINUTE), { createdAt: at(-WINDOW - 1) }))).to.equal(1)
  })
  it('grow with the total', () => expect(count(restarted(43, at(0)), [marks(40, [-MINUTE, 41])])).to.equal(3))
  it('are not counted twice when nothing has changed, as after a restart of the controller', () => {
    const first = countRestarts(restarted(41, at(-MINUTE)), [marks(39, [-2 * MINUTE, 40])], minutes(5), at(0))
    expect(first.count).to.equal(2)
    expect(countRestarts(restarted(41, at(-MINUTE)), first.remember, minutes(5), at(1000))).to.deep.equal(first)
  })
  it('that happened while nobody looked are counted by the total', () => expect(count(restarted(45, at(-1000)), [marks(39, [-2 * MINUTE, 40])])).to.equal(6))
  it('leave the window one by one, and are forgotten with the last', () => {
    const remembered = [marks(40, [-4 * MINUTE, 41], [-2 * MINUTE, 42])]
    const of = restarted(42, at(-2 * MINUTE))
    expect(count(of, remembered, at(MINUTE))).to.equal(2)
    expect(count(of, remembered, at(MINUTE + 1))).to.equal(1)
    expect(countRestarts(of, remembered, minutes(5), at(3 * MINUTE + 1))).to.deep.equal({ count: 0, remember: [], changesAt: undefined })
  })
  it('say when the oldest leaves the window', () => {
    expect(countRestarts(restarted(42, at(-MINUTE)), [marks(40, [-4 * MINUTE, 41], [-MINUTE, 42])], minutes(5), at(0)).changesAt).to.equal(at(MINUTE + 1))
  })
  it('of a replacement pod begin at zero', () => {
    const replacement = pod('cart-9', { createdAt: at(-MINUTE) })
    expect(countRestarts(replacement, [marks(40, [-MINUTE, 45])], minutes(5), at(0))).to.deep.include({ count: 0, remember: [] })
  })
  it('of a container whose total fell are not known', () => expect(count(restarted(2, at(-MINUTE)), [marks(40, [-MINUTE, 45])])).to.equal(0))
  it('of several containers are added', () => {
    const two = pod('cart-0', {
      createdAt: at(-MINUTE),
      containers: ['app', 'proxy'].map((name) => container({ name, restarts: 2, lastTermination: { reason: 'Error', exitCode: 1, finishedAt: at(-1000) } })),
    })
    expect(count(two)).to.equal(4)
  })
  it('with a time in the future happened now', () => {
    const [entry] = countRestarts(restarted(41, at(MINUTE)), [marks(39, [-MINUTE, 40])], minutes(5), at(0)).remember
    expect(entry?.marks.at(-1)).to.deep.equal({ at: at(0), total: 41 })
  })
  it('are remembered up to a bound, and never more of them than there were', () => {
    let remembered: readonly RestartMarks[] = [marks(0, [0, 1])]
    for (let n = 2; n <= MOST_MARKS + 10; n++) remembered = countRestarts(restarted(n, at(n)), remembered, minutes(5), at(n)).remember
    expect(remembered[0]?.marks).to.have.lengthOf(MOST_MARKS)
    expect(count(restarted(MOST_MARKS + 10, at(MOST_MARKS + 10)), remembered, at(1000))).to.equal(MOST_MARKS + 10)
  })
})
