/** What stops every act comes while the last questions before a write are still on their way. */
import { expect } from 'chai'
import { verdictOf } from './judge.ts'
import { planOf } from './plan/generate.ts'
import type { Plan, Timed } from './plan/plan.ts'

/** Of what goes wrong only that the apps break. The network gets slow at the first dry run, and while it is asked what may be in the way the kill switch goes on. */
function slowly(seed: number): Plan {
  const plan = planOf(seed)
  const late: Timed[] = [
    { at: 30, kind: 'cue', moment: 'dry-run', count: 1, wait: 0, what: { kind: 'slow-network', seconds: 30 } },
    { at: 30, kind: 'cue', moment: 'dry-run', count: 1, wait: 1 + (seed % 9), what: { kind: 'kill-switch', seconds: 60 } },
  ]
  const broken = plan.happenings.filter(({ kind }) => kind === 'ail' || kind === 'mass-failure')
  return { ...plan, controllers: 'alone', happenings: [...broken, ...late].toSorted((a, b) => a.at - b.at) }
}

describe('a simulation in which answers are slow', function () {
  this.timeout(120_000)

  // These wrote 1.3 and 1.2 s after the switch when an answer could be ten seconds old.
  for (const seed of [32, 122]) {
    it(`writes nothing once the kill switch has been on for a second (seed ${seed})`, async () => {
      const { breaches, run } = await verdictOf(slowly(seed), 500)
      expect(breaches).to.deep.equal([])
      expect(run.journal.some(({ call }) => call.impersonate !== undefined && call.dryRun), 'something was tried').to.equal(true)
    })
  }
})
