/** What happens to the processes of the controller and of the control plane, while every action is on its way. Judged as in `writes.e2e.ts`. */
import { ACTIONS } from './actions.ts'
import { itIsJudged } from './judged.ts'
import { PROCESS_FAULTS } from './processes.ts'
import { Trials } from './trials.ts'

describe('healing while processes fail', function () {
  this.timeout(900_000)
  let trials: Trials

  before('start a cluster, and take what happens without a fault', async function () {
    this.timeout(900_000)
    trials = await Trials.start()
    await trials.takeBaseline()
  })
  after(async () => trials?.stop())

  for (const { name, run } of PROCESS_FAULTS) it(`ends when ${name}`, () => run(trials))

  itIsJudged(() => trials, PROCESS_FAULTS.length * ACTIONS.length)
})
