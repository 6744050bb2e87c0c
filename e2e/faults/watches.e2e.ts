/** What goes wrong with watches and reads, while every action is on its way. Judged as in `writes.e2e.ts`. */
import { minutes } from '../../shared/lib/time.ts'
import { ALL } from './actions.ts'
import { itIsJudged } from './judged.ts'
import { Trials } from './trials.ts'
import { WATCH_FAULTS } from './watches.ts'

describe('healing while watches fail', function () {
  this.timeout(900_000)
  let trials: Trials

  before('start a cluster, and take what happens without a fault', async function () {
    this.timeout(900_000)
    trials = await Trials.start()
    await trials.takeBaseline()
  })
  after(async () => trials?.stop())

  for (const { name, happens, comparable = true } of WATCH_FAULTS) it(`ends with ${name}`, () => trials.during(name, () => happens(trials), { within: minutes(8), comparable }))

  itIsJudged(() => trials, WATCH_FAULTS.length * ALL.length)
})
