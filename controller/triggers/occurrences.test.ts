import * as fc from 'fast-check'
import { expect } from 'chai'
import { minutes, seconds, type Instant } from '../../shared/lib/time.ts'
import { at } from '../healing/testing/builders.ts'
import { advance, countIn, MAX_SPANS, within, type Occurrences } from './occurrences.ts'

const WINDOW = minutes(5)

/** An Event object as it stands at a moment. */
const told = (count: number, last: number, first = 0) => ({ uid: 'e', count, first: at(first), last: at(last) })

const counted = (known: Occurrences | undefined, now: number): number => countIn(known?.seen ?? [], at(now), WINDOW)

describe('occurrences of one event', () => {
  it('at first sight is what the object tells: once, at its time', () => {
    expect(advance(undefined, told(1, 3000, 3000), at(9000))).to.deep.equal({ event: 'e', count: 1, seen: [{ from: at(3000), to: at(3000), count: 1 }] })
  })
  it('at first sight of an old one with many: only the last is known to be new', () => {
    const known = advance(undefined, told(100, 3_600_000, 0), at(3_600_000))
    expect(counted(known, 3_600_000)).to.equal(1)
  })
  it('at first sight of many that all lie within the window: all', () => {
    expect(counted(advance(undefined, told(7, 60_000, 0), at(60_000)), 60_000)).to.equal(7)
  })
  it('the same object again adds nothing', () => {
    const known = advance(undefined, told(3, 1000), at(1000))
    expect(advance(known, told(3, 1000), at(2000))).to.equal(known)
  })
  it('a higher count adds the difference', () => {
    const known = advance(advance(undefined, told(3, 1000), at(1000)), told(5, 2000), at(2000))
    expect(counted(known, 2000)).to.equal(5)
    expect(known.count).to.equal(5)
  })
  it('a lower count adds nothing, and what comes on top of it does', () => {
    const known = advance(advance(undefined, told(5, 1000), at(1000)), told(2, 2000), at(2000))
    expect([counted(known, 2000), known.count]).to.deep.equal([5, 2])
    expect(counted(advance(known, told(3, 3000), at(3000)), 3000)).to.equal(6)
  })
  it('one that says it comes from the future came now', () => {
    expect(advance(undefined, told(1, 9_999_999, 9_999_999), at(1000)).seen).to.deep.equal([{ from: at(1000), to: at(1000), count: 1 }])
  })
  it('a time that goes back counts as the last known one', () => {
    const known = advance(advance(undefined, told(1, 5000, 5000), at(5000)), told(2, 4000, 4000), at(6000))
    expect(known.seen.at(-1)?.to).to.equal(at(5000))
  })

  const edges: [string, number, number][] = [
    ['just before its age reaches the window', WINDOW - 1, 1],
    ['at the window', WINDOW, 0],
    ['after the window', WINDOW + 1, 0],
  ]
  for (const [title, now, expected] of edges) it(`one counts ${expected} ${title}`, () => expect(counted(advance(undefined, told(1, 0), at(0)), now)).to.equal(expected))

  const several: [string, number, number][] = [
    ['while the earliest possible one is within', 60_000 + WINDOW - 1, 4],
    ['as one when the earliest possible one has left', 60_000 + WINDOW, 1],
    ['not when the last one has left', 90_000 + WINDOW, 0],
  ]
  for (const [title, now, expected] of several) {
    it(`several between two looks count ${title}`, () => {
      const known = advance(advance(undefined, told(1, 60_000, 60_000), at(60_000)), told(5, 90_000, 60_000), at(90_000))
      const [, between] = known.seen
      expect(countIn(between === undefined ? [] : [between], at(now), WINDOW)).to.equal(expected)
    })
  }

  it('remembers a bounded number of moments, and never more occurrences than there were', () => {
    let known: Occurrences | undefined
    for (let i = 1; i <= 100; i++) known = advance(known, told(i, i * 1000, 1000), at(i * 1000))
    expect(known?.seen).to.have.length(MAX_SPANS)
    expect(counted(known, 100_000)).to.equal(100)
    expect(counted(known, 100_000 + WINDOW - 16_000)).to.be.at.most(16)
  })
})

/** A stream: what one Event object says after each of its writes. */
const stream = fc
  .array(fc.record({ pause: fc.integer({ min: 0, max: 120 }), times: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 20 })
  .map((steps) => {
    let last = 0
    let count = 0
    return steps.map(({ pause, times }) => {
      last += pause * 1000
      count += times
      return { now: at(last), told: told(count, last, (steps[0]?.pause ?? 0) * 1000), times }
    })
  })

/** As the status keeps it. */
const throughText = (known: Occurrences | undefined): Occurrences | undefined => (known === undefined ? undefined : (JSON.parse(JSON.stringify(known)) as Occurrences))

describe('any life of an event', () => {
  it('counts the same with restarts and lists in any place', () => {
    fc.assert(
      fc.property(stream, fc.infiniteStream(fc.boolean()), (steps, again) => {
        let plain: Occurrences | undefined
        let interrupted: Occurrences | undefined
        for (const { now, told: object } of steps) {
          plain = advance(plain, object, now)
          interrupted = advance(interrupted, object, now)
          // The controller is started anew, lists, and sees the same object once more.
          if (again.next().value) interrupted = advance(throughText(interrupted), object, now)
          const pruned = interrupted === undefined ? undefined : { ...interrupted, seen: within(interrupted.seen, now, WINDOW) }
          interrupted = pruned === undefined || pruned.seen.length === 0 ? undefined : pruned
        }
        const end = steps.at(-1)?.now ?? at(0)
        expect(counted(interrupted, end - at(0))).to.equal(counted(plain, end - at(0)))
      }),
    )
  })
  it('never counts more than there were, whatever looks were missed', () => {
    fc.assert(
      fc.property(stream, fc.infiniteStream(fc.boolean()), fc.integer({ min: 0, max: 600 }), (steps, missed, later) => {
        let known: Occurrences | undefined
        for (const [i, { now, told: object }] of steps.entries()) if (i === steps.length - 1 || !missed.next().value) known = advance(known, object, now)
        const end: Instant = at((steps.at(-1)?.now ?? at(0)) - at(0) + seconds(later))
        const truth = steps.filter(({ now }) => end - now < WINDOW).reduce((sum, { times }) => sum + times, 0)
        expect(counted(known, end - at(0))).to.be.at.most(truth)
      }),
    )
  })
  it('misses nothing that must lie within the window, however few looks there were', () => {
    fc.assert(
      fc.property(stream, fc.infiniteStream(fc.boolean()), (steps, missed) => {
        const within5m = steps.filter(({ now }) => (steps.at(-1)?.now ?? now) - now < WINDOW)
        fc.pre(within5m.length === steps.length)
        let known: Occurrences | undefined
        for (const [i, { now, told: object }] of steps.entries()) if (i === steps.length - 1 || !missed.next().value) known = advance(known, object, now)
        expect(counted(known, (steps.at(-1)?.now ?? at(0)) - at(0))).to.equal(steps.reduce((sum, { times }) => sum + times, 0))
      }),
    )
  })
})
