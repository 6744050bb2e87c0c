import { expect } from 'chai'
import { TerminalError } from '../lib/errors.ts'
import { millis, seconds } from '../lib/time.ts'
import { FakeClock, settle } from '../testing/fake-clock.ts'
import { silentLogger } from './logger.ts'
import { noMetrics } from './metrics.ts'
import { declareLoopMetrics, ReconcileLoop, type Outcome, type Reconcile, type Verdict } from './reconcile-loop.ts'
import { WorkQueue } from './work-queue.ts'

function setup(reconcile: Reconcile, concurrency = 1, verdict?: (error: unknown) => Verdict) {
  const clock = new FakeClock()
  const queue = new WorkQueue({ timers: clock, random: () => 0, backoff: { base: seconds(1), max: seconds(60), jitter: 0 } })
  const outcomes: Outcome[] = []
  const metrics = {
    ...declareLoopMetrics(noMetrics),
    reconciles: { inc: ({ outcome }: { outcome: string }, n = 1) => void (n > 0 && outcomes.push(outcome as Outcome)) },
  }
  const loop = new ReconcileLoop({
    name: 'test',
    queue,
    reconcile,
    concurrency,
    timers: clock,
    log: silentLogger,
    metrics,
    ...(verdict === undefined ? {} : { verdict }),
  })
  loop.start()
  return { clock, queue, loop, outcomes }
}

describe('the reconcile loop', () => {
  it('calls again exactly when the reconcile asked for it', async () => {
    const calls: number[] = []
    const { clock, queue, loop, outcomes } = setup(() => {
      calls.push(clock.monotonic())
      return Promise.resolve(calls.length < 3 ? { requeueAfter: seconds(90) } : {})
    })
    queue.add('a')
    await clock.advance(seconds(600))
    expect(calls).to.deep.equal([0, 90_000, 180_000])
    expect(outcomes).to.deep.equal(['requeue', 'requeue', 'success'])
    await loop.stop()
  })

  it('calls again within five minutes of a longer wait, which may come of a clock that was set back', async () => {
    const calls: number[] = []
    const { clock, queue, loop } = setup(() => {
      calls.push(clock.monotonic())
      return Promise.resolve({ requeueAfter: seconds(3600) })
    })
    queue.add('a')
    await clock.advance(seconds(700))
    expect(calls).to.deep.equal([0, 300_000, 600_000])
    await loop.stop()
  })

  it('works on as many keys at once as it may, and never twice on one', async () => {
    let running = 0
    let most = 0
    const { clock, queue, loop } = setup(async () => {
      running++
      most = Math.max(most, running)
      await new Promise<void>((resolve) => void clock.after(seconds(1), resolve))
      running--
      return {}
    }, 3)
    for (let i = 0; i < 10; i++) queue.add(`key-${i}`)
    await clock.advance(seconds(10))
    expect([most, running]).to.deep.equal([3, 0])
    await loop.stop()
  })

  const fails = (errors: number, verdict: Verdict) => {
    const calls: number[] = []
    const set = setup(
      () => {
        calls.push(set.clock.monotonic())
        return calls.length <= errors ? Promise.reject(new Error('x')) : Promise.resolve({})
      },
      1,
      () => verdict,
    )
    set.queue.add('a')
    return { ...set, calls }
  }

  it('backs off a failure, and starts over after a success', async () => {
    const { clock, calls, queue, loop, outcomes } = fails(3, { kind: 'failure' })
    await clock.advance(seconds(60))
    expect(calls).to.deep.equal([0, 1000, 3000, 7000])
    expect(outcomes).to.deep.equal(['failure', 'failure', 'failure', 'success'])
    expect(queue.failures('a')).to.equal(0)
    await loop.stop()
  })

  it('comes back soon from a conflict, and backs off when there is no end of them', async () => {
    const { clock, calls, loop, outcomes } = fails(6, { kind: 'conflict' })
    await clock.advance(seconds(60))
    expect(calls).to.deep.equal([0, 100, 200, 300, 400, 1400, 3400])
    expect(new Set(outcomes)).to.deep.equal(new Set(['conflict', 'success']))
    await loop.stop()
  })

  it('waits as long as it was asked to', async () => {
    const { clock, calls, loop } = fails(1, { kind: 'wait', delay: seconds(7) })
    await clock.advance(seconds(60))
    expect(calls).to.deep.equal([0, 7000])
    await loop.stop()
  })

  it('drops what no retry can help, until something changes', async () => {
    let calls = 0
    const { clock, queue, loop, outcomes } = setup(() => {
      calls++
      return Promise.reject(new TerminalError('x'))
    })
    queue.add('a')
    await clock.advance(seconds(600))
    expect([calls, outcomes]).to.deep.equal([1, ['terminal']])
    queue.add('a')
    await settle()
    expect(calls).to.equal(2)
    await loop.stop()
  })

  it('survives a reconcile that throws before it returns a promise', async () => {
    let calls = 0
    const { clock, queue, loop } = setup(() => {
      calls++
      if (calls === 1) throw new Error('bug')
      return Promise.resolve({})
    })
    queue.add('a')
    await clock.advance(seconds(10))
    expect(calls).to.equal(2)
    await loop.stop()
  })

  it('when stopped waits for what is in hand, and takes nothing more', async () => {
    const ended: string[] = []
    const { clock, queue, loop } = setup(async (key) => {
      await new Promise<void>((resolve) => void clock.after(seconds(5), resolve))
      ended.push(key)
      return {}
    })
    queue.add('a')
    queue.add('b')
    await settle()
    let stopped = false
    const stopping = loop.stop().then(() => (stopped = true))
    await clock.advance(seconds(4))
    expect([stopped, ended]).to.deep.equal([false, []])
    await clock.advance(seconds(1))
    await stopping
    expect(ended).to.deep.equal(['a'])
  })

  it('aborts what is in hand at the deadline, and does not wait for it', async () => {
    const deadline = new AbortController()
    let aborted = false
    const { queue, loop } = setup((_key, signal) => {
      signal.addEventListener('abort', () => (aborted = true))
      return new Promise(() => {})
    })
    queue.add('a')
    await settle()
    const stopping = loop.stop(deadline.signal)
    deadline.abort()
    await stopping
    expect(aborted).to.equal(true)
  })

  for (const concurrency of [0, -1, 1.5, Number.NaN]) {
    it(`refuses a concurrency of ${concurrency}`, () => expect(() => setup(() => Promise.resolve({}), concurrency)).to.throw(RangeError))
  }

  it('waits at least a hundredth of a second between any two tries of a key that only conflicts', async () => {
    const { clock, calls, loop } = fails(1000, { kind: 'conflict' })
    await clock.advance(millis(10_000))
    expect(calls.length).to.be.at.most(10)
    await loop.stop()
  })
})
