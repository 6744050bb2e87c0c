/** Every pair of fault, action and write on a real API server. Judged by the API server's own history: beside that of the run without fault, and by every invariant. */
import { itIsJudged } from './judged.ts'
import { everything, pairwise } from './pairs.ts'
import { Trials } from './trials.ts'

describe('healing while writes fail', function () {
  this.timeout(900_000)
  let trials: Trials
  const cells = pairwise(everything())

  before('start a cluster, and take what happens without a fault', async () => {
    trials = await Trials.start()
    await trials.takeBaseline()
  })
  after(async () => trials?.stop())

  it('ends whatever goes wrong with each write', () => trials.atWrites(cells.filter(({ fault }) => fault.when !== 'kill')))
  it('ends wherever the controller is killed', () => trials.byKilling(cells.filter(({ fault }) => fault.when === 'kill')))

  itIsJudged(() => trials, cells.length)
})
