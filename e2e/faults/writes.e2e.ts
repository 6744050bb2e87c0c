/** Every pair of fault, action and write on a real API server. Judged by the API server's own history: beside that of the run without fault, and by every invariant. */
import { expect } from 'chai'
import { ACTIONS } from './actions.ts'
import { itIsJudged } from './judged.ts'
import { everything, pairwise } from './pairs.ts'
import { Trials } from './trials.ts'
import { outlines } from './verdict.ts'

describe('healing while writes fail', function () {
  this.timeout(1_140_000)
  let trials: Trials
  const cells = pairwise(everything())

  before('start a cluster, and take what happens without a fault', async () => {
    trials = await Trials.start()
    await trials.takeBaseline()
  })
  after(async () => trials?.stop())

  it('ends whatever goes wrong with each write', () => trials.atWrites(cells.filter(({ fault }) => fault.when !== 'kill')))
  it('ends wherever the controller is killed', () => trials.byKilling(cells.filter(({ fault }) => fault.when === 'kill')))
  it('writes nothing when its policy forbids it between the dry run and the write', async () => {
    const places = await trials.forbidden()
    const ends = await Promise.all(places.map(async (place) => [place.under.name, ...(await place.actions()).map(({ status }) => `${status?.phase} ${status?.result?.reason}`)]))
    // Of several pods some might have gone: such an act is not said to have done nothing.
    expect(ends).to.deep.equal(ACTIONS.map(({ name }) => [name, `${['graceful', 'recreate'].includes(name) ? 'Failed' : 'Cancelled'} PolicyChanged`]))
    const written = outlines(trials.history())
    expect(places.map(({ namespace }) => written.get(namespace)?.split(': ')[0])).to.deep.equal(ACTIONS.map(() => ''))
  })

  itIsJudged(() => trials, cells.length + ACTIONS.length)
})
