import { expect } from 'chai'
import { millis, seconds, type Millis } from '../../shared/lib/time.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import { lastWord, type LastWord } from './stops.ts'

/** Answers of the kill switch take these times, one after another; the slot is asked about after others have been for so long. */
async function asked(times: readonly Millis[], { waits = millis(0), killed = false } = {}): Promise<{ readonly word: LastWord | undefined; readonly times: number; readonly clock: FakeClock }> {
  const clock = new FakeClock()
  let count = 0
  const ports = {
    clock,
    timers: clock,
    live: {
      killSwitch: async () => {
        await clock.advance(times[count++] ?? millis(0))
        return killed
      },
    },
  }
  const word = await lastWord(ports, async (asking) => {
    await clock.advance(waits)
    asking()
    return true
  })
  return { word, times: count, clock }
}

describe('what is asked last before a write', () => {
  it('counts for a second', async () => {
    const { word, clock } = await asked([millis(400)])
    expect(word?.isFresh()).to.equal(true)
    await clock.advance(millis(600))
    expect(word?.isFresh()).to.equal(true)
    await clock.advance(millis(1))
    expect(word?.isFresh()).to.equal(false)
  })

  it('is asked again when its answer took longer', async () => {
    const { word, times } = await asked([millis(1001), seconds(5), millis(1000)])
    expect(times).to.equal(3)
    expect(word?.isFresh()).to.equal(true)
  })

  it('is no answer when it always does', async () => {
    const { word, times } = await asked([seconds(2), seconds(2), seconds(2), millis(1)])
    expect({ word, times }).to.deep.equal({ word: undefined, times: 3 })
  })

  it('begins when the question leaves, however long others were before it', async () => {
    const { word, times } = await asked([millis(10)], { waits: seconds(30) })
    expect(times).to.equal(1)
    expect(word?.isFresh()).to.equal(true)
  })

  it('says that the kill switch is on', async () => {
    const { word } = await asked([millis(10)], { killed: true })
    expect(word?.stop?.reason).to.equal('KillSwitch')
  })
})
