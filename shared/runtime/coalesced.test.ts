import { expect } from 'chai'
import { millis } from '../lib/time.ts'
import { FakeClock, settle } from '../testing/fake-clock.ts'
import { coalesced } from './coalesced.ts'

const PAUSE = millis(100)

describe('coalesced work', () => {
  it('begins at once, is done once for all who ask before it begins, and again for who asks later', async () => {
    const clock = new FakeClock()
    let count = 0
    const ask = coalesced(clock, PAUSE, () => Promise.resolve(++count))
    expect(await Promise.all([ask(), ask(), ask()])).to.deep.equal([1, 1, 1])
    const later = [ask(), ask()]
    await clock.advance(millis(99))
    expect(count).to.equal(1)
    await clock.advance(millis(1))
    expect(await Promise.all(later)).to.deep.equal([2, 2])
    await clock.advance(PAUSE)
    expect([await ask(), clock.pending]).to.deep.equal([3, 1])
  })

  it('who asks while it is done gets what is made after', async () => {
    const clock = new FakeClock()
    let end: (value: string) => void = () => {}
    const ask = coalesced(clock, PAUSE, () => new Promise<string>((resolve) => { end = resolve }))
    const first = ask()
    await settle()
    const second = ask()
    end('before')
    expect(await first).to.equal('before')
    await clock.advance(PAUSE)
    end('after')
    expect(await second).to.equal('after')
  })

  it('tells what went wrong to those who asked, and tries again for the next', async () => {
    const clock = new FakeClock()
    let count = 0
    const ask = coalesced(clock, PAUSE, () => (++count === 1 ? Promise.reject(new Error('no')) : Promise.resolve(count)))
    const told = await Promise.all([ask(), ask()].map((answer) => answer.then(String, String)))
    expect(told).to.deep.equal(['Error: no', 'Error: no'])
    const next = ask()
    await clock.advance(PAUSE)
    expect(await next).to.equal(2)
  })
})
