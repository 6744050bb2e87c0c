import { expect } from 'chai'
import { millis, seconds } from '../lib/time.ts'
import { systemTimers } from '../adapters/system-clock.ts'
import { FakeClock, settle } from '../testing/fake-clock.ts'
import { linkedAbort, sleep } from './timers.ts'
import { TokenBucket } from './token-bucket.ts'

describe('sleep', () => {
  it('ends after its time, or at once with its signal, and leaves nothing behind', async () => {
    const clock = new FakeClock()
    let awake = 0
    const abort = new AbortController()
    void sleep(clock, seconds(5)).then(() => awake++)
    void sleep(clock, seconds(50), abort.signal).then(() => awake++)
    await clock.advance(millis(4999))
    expect(awake).to.equal(0)
    await clock.advance(millis(1))
    expect(awake).to.equal(1)
    abort.abort()
    await settle()
    expect([awake, clock.pending]).to.deep.equal([2, 0])
    await sleep(clock, seconds(50), abort.signal)
  })
})

describe('a linked abort', () => {
  it('follows each of its signals until it is released', () => {
    const [one, two] = [new AbortController(), new AbortController()]
    const linked = linkedAbort(one.signal, undefined, two.signal)
    const released = linkedAbort(one.signal, two.signal)
    released.release()
    two.abort()
    expect([linked.controller.signal.aborted, released.controller.signal.aborted]).to.deep.equal([true, false])
    expect(linkedAbort(two.signal).controller.signal.aborted).to.equal(true)
  })
})

describe('a token bucket', () => {
  it('lets its burst through, then one per interval, and never saves up more than the burst', async () => {
    const clock = new FakeClock()
    const bucket = new TokenBucket(clock, 3, seconds(1))
    const taken = (): number => Array.from({ length: 10 }, () => bucket.take()).filter(Boolean).length
    expect(taken()).to.equal(3)
    await clock.advance(millis(999))
    expect(taken()).to.equal(0)
    await clock.advance(millis(1))
    expect(taken()).to.equal(1)
    await clock.advance(seconds(3600))
    expect(taken()).to.equal(3)
  })
})

describe('the timers of the system', () => {
  it('never go back, and fire after their delay, also when it is below zero', async () => {
    const started = systemTimers.monotonic()
    await new Promise<void>((resolve) => void systemTimers.after(millis(20), resolve))
    expect(systemTimers.monotonic() - started).to.be.at.least(18)
    await new Promise<void>((resolve) => void systemTimers.after(millis(-5), resolve))
  })

  it('wait longer than setTimeout can, and can be cancelled', async () => {
    let fired = false
    const cancel = systemTimers.after(millis(2 ** 31 + 1000), () => (fired = true))
    await new Promise((resolve) => setTimeout(resolve, 20))
    cancel()
    expect(fired).to.equal(false)
  })
})
