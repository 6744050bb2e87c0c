import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { inLanes } from './lanes.ts'

describe('lanes', () => {
  const watch = () => {
    const seen = { begun: [] as number[], ended: [] as number[], most: 0 }
    const take = async (item: number): Promise<void> => {
      seen.begun.push(item)
      seen.most = Math.max(seen.most, seen.begun.length - seen.ended.length)
      await sleep(item % 3)
      seen.ended.push(item)
    }
    return { seen, take }
  }

  for (const lanes of [1, 2, 3]) {
    it(`${lanes}: every item once, begun in order, never more at once`, async () => {
      const { seen, take } = watch()
      await inLanes([1, 2, 3, 4, 5, 6, 7], lanes, take)
      expect(seen.begun).to.deep.equal([1, 2, 3, 4, 5, 6, 7])
      expect(seen.ended.toSorted((a, b) => a - b)).to.deep.equal(seen.begun)
      expect(seen.most).to.equal(lanes)
    })
  }

  it('stop taking when there is no reason to go on, and wait for what was begun', async () => {
    const { seen, take } = watch()
    await inLanes([1, 2, 3, 4, 5], 2, take, () => seen.begun.length < 2)
    expect(seen.begun).to.deep.equal([1, 2])
    expect(seen.ended.toSorted((a, b) => a - b)).to.deep.equal([1, 2])
  })
})
