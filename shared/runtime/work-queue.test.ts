import { expect } from 'chai'
import { array, assert, asyncProperty, constantFrom, integer, oneof, record, constant } from 'fast-check'
import { millis, seconds } from '../lib/time.ts'
import { FakeClock, settle } from '../testing/fake-clock.ts'
import { WorkQueue } from './work-queue.ts'

function setup() {
  const clock = new FakeClock()
  const queue = new WorkQueue({ timers: clock, random: () => 0, backoff: { base: seconds(1), max: seconds(60), jitter: 0.5 } })
  return { clock, queue }
}

describe('the work queue', () => {
  it('hands out keys in the order they were added, each once', async () => {
    const { queue } = setup()
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
    expect(queue.depth).to.equal(3)
    expect([await queue.take(), await queue.take(), await queue.take()]).to.deep.equal(['a', 'b', 'c'])
  })

  it('tells how long each key waited for a worker: not at all when one was waiting, and from when it was added last', async () => {
    const clock = new FakeClock()
    const waits: number[] = []
    const queue = new WorkQueue({ timers: clock, random: () => 0, waited: (time) => void waits.push(time) })
    queue.add('a')
    await clock.advance(seconds(2))
    queue.add('a')
    await queue.take()
    expect(waits).to.deep.equal([2000])
    queue.add('a')
    await clock.advance(seconds(3))
    queue.done('a')
    await clock.advance(seconds(1))
    await queue.take()
    expect(waits).to.deep.equal([2000, 1000])
    const next = queue.take()
    queue.add('b')
    await next
    expect(waits).to.deep.equal([2000, 1000, 0])
  })

  it('gives a key that is added while it is worked on to nobody else, and once more afterwards', async () => {
    const { queue } = setup()
    queue.add('a')
    await queue.take()
    queue.add('a')
    queue.add('a')
    expect(queue.depth).to.equal(0)
    queue.done('a')
    expect(queue.depth).to.equal(1)
    await queue.take()
    queue.done('a')
    expect(queue.depth).to.equal(0)
  })

  it('hands a key straight to a worker that waits', async () => {
    const { queue } = setup()
    const waiting = queue.take()
    queue.add('a')
    expect(await waiting).to.equal('a')
    expect(queue.depth).to.equal(0)
  })

  it('lets the earlier of two delays count', async () => {
    for (const delays of [[10, 5], [5, 10]]) {
      const { clock, queue } = setup()
      for (const delay of delays) queue.addAfter('a', seconds(delay))
      await clock.advance(millis(4999))
      expect(queue.depth).to.equal(0)
      await clock.advance(millis(1))
      expect([queue.depth, queue.delayed]).to.deep.equal([1, 0])
      await queue.take()
      queue.done('a')
      await clock.advance(seconds(60))
      expect(queue.depth).to.equal(0)
    }
  })

  it('adds at once for a delay of zero or less', () => {
    const { queue } = setup()
    queue.addAfter('a', millis(0))
    queue.addAfter('b', millis(-5))
    expect(queue.depth).to.equal(2)
  })

  it('doubles the delay of a key per failure up to the ceiling, and starts over when forgotten', () => {
    const { queue } = setup()
    expect(Array.from({ length: 8 }, () => queue.retry('a'))).to.deep.equal([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
    expect(queue.retry('b')).to.equal(1000)
    queue.forget('a')
    expect([queue.failures('a'), queue.retry('a')]).to.deep.equal([0, 1000])
  })

  it('when closed lets waiting workers go, cancels delays and takes nothing more', async () => {
    const { clock, queue } = setup()
    const waiting = queue.take()
    queue.addAfter('a', seconds(1))
    queue.close()
    queue.add('b')
    queue.addAfter('c', seconds(1))
    expect([await waiting, await queue.take(), queue.depth, clock.pending]).to.deep.equal([undefined, undefined, 0, 0])
  })

  it('takes back a key after it was closed, and refuses one that nobody has', async () => {
    const { queue } = setup()
    queue.add('a')
    await queue.take()
    queue.close()
    queue.done('a')
    expect(() => queue.done('a')).to.throw('done without take')
  })

  it('has no key twice, gives none to two workers at once, and loses none, under any interleaving', async () => {
    const key = constantFrom('a', 'b', 'c', 'd')
    const step = oneof(
      record({ kind: constant('add' as const), key }),
      record({ kind: constant('later' as const), key, delay: integer({ min: 0, max: 50 }) }),
      record({ kind: constant('retry' as const), key }),
      record({ kind: constant('advance' as const), delay: integer({ min: 1, max: 50 }) }),
    )
    await assert(
      asyncProperty(array(step, { maxLength: 60 }), integer({ min: 1, max: 4 }), array(integer({ min: 0, max: 30 }), { minLength: 1 }), async (steps, workers, times) => {
        const clock = new FakeClock()
        const queue = new WorkQueue({ timers: clock, random: () => 0.5, backoff: { base: millis(5), max: millis(80), jitter: 0.5 } })
        const held = new Set<string>()
        /** The last time each key was asked for, and the last time that work on it began. */
        const asked = new Map<string, number>()
        const began = new Map<string, number>()
        let turn = 0
        const work = async (): Promise<void> => {
          for (let taken = await queue.take(); taken !== undefined; taken = await queue.take()) {
            expect(held.has(taken), 'two workers hold one key').to.equal(false)
            held.add(taken)
            began.set(taken, turn++)
            const time = times[turn % times.length] ?? 0
            await new Promise<void>((resolve) => void clock.after(millis(time), resolve))
            held.delete(taken)
            queue.done(taken)
          }
        }
        const running = Promise.all(Array.from({ length: workers }, work))
        for (const step of steps) {
          if (step.kind === 'advance') await clock.advance(millis(step.delay))
          else {
            if (step.kind === 'add') queue.add(step.key)
            else if (step.kind === 'later') queue.addAfter(step.key, millis(step.delay))
            else queue.retry(step.key)
            asked.set(step.key, turn++)
            expect(queue.depth).to.be.at.most(4)
          }
          await settle()
        }
        await clock.advance(seconds(60))
        for (const [wanted, when] of asked) {
          const start = began.get(wanted) ?? -1
          // Handing to a waiting worker begins in a later turn than the asking, so equality cannot occur.
          expect(start, `${wanted} was asked for and lost`).to.be.greaterThan(when - 1)
        }
        expect([queue.depth, queue.delayed, held.size]).to.deep.equal([0, 0, 0])
        queue.close()
        await running
      }),
      { numRuns: 200 },
    )
  }).timeout(60_000)
})
