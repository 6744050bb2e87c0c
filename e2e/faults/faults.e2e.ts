/**
 * Every pair of fault, action and write on a real API server, and what goes wrong with watches. Judged by the API
 * server's own history: beside that of the run without fault, and by every invariant.
 */
import { minutes } from '../../shared/lib/time.ts'
import { itIsJudged } from './judged.ts'
import { everything, pairwise } from './pairs.ts'
import { Trials } from './trials.ts'
import { WATCH_FAULTS } from './watches.ts'

describe('healing under faults', function () {
  this.timeout(600_000)
  let trials: Trials
  const cells = pairwise(everything())

  before('start a cluster, and take what happens without a fault', async function () {
    this.timeout(900_000)
    trials = await Trials.start()
    await trials.takeBaseline()
  })
  after(async () => trials?.stop())

  it('ends whatever goes wrong with each write', () => trials.atWrites(cells.filter(({ fault }) => fault.when !== 'kill')))
  it('ends wherever the controller is killed', () => trials.byKilling(cells.filter(({ fault }) => fault.when === 'kill')))
  for (const { name, happens, comparable = true } of WATCH_FAULTS) it(`ends with ${name}`, () => trials.during(name, () => happens(trials), { within: minutes(4), comparable }))

  itIsJudged(() => trials, cells.length)
})
