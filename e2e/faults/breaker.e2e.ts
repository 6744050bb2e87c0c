/** Every fault at the write that opens a breaker and at the one that half-opens it, while nothing helps. Judged as in `writes.e2e.ts`. */
import { expect } from 'chai'
import type { HealingLedger } from '../../shared/api/v1alpha1/types.ts'
import type { History } from '../../shared/testing/oracle/history.ts'
import { LEDGERS } from '../../shared/testing/oracle/world.ts'
import { LADDER, RUNGS } from './actions.ts'
import { itIsJudged } from './judged.ts'
import { atBreakers } from './pairs.ts'
import { Trials } from './trials.ts'

/** By namespace: what its breaker was, one after another. */
function breakers(history: History): ReadonlyMap<string, readonly string[]> {
  const states = new Map<string, string[]>()
  for (const entry of history.entries) {
    if (entry.kind !== 'call' || entry.collection !== LEDGERS || !entry.ok) continue
    for (const { after } of entry.changes) {
      const { policy, breaker } = (after as HealingLedger | undefined)?.spec ?? {}
      if (policy === undefined || breaker === undefined) continue
      const of = states.get(policy.namespace) ?? []
      if (of.at(-1) !== breaker.state) states.set(policy.namespace, [...of, breaker.state])
    }
  }
  return states
}

describe('healing while its breaker opens', function () {
  this.timeout(1_140_000)
  let trials: Trials
  const cells = atBreakers()

  before('start a cluster', async () => {
    trials = await Trials.start()
  })
  after(async () => trials?.stop())

  it('ends whatever goes wrong when it opens or half-opens', () => trials.together(cells, LADDER.name, RUNGS))

  itIsJudged(() => trials, cells.length, (done, history) => {
    expect(done).to.deep.equal([`${LADDER.name}: create /pods/eviction, delete /pods, patch apps/deployments: ${Array.from({ length: RUNGS }, () => 'Failed Ineffective').join(', ')}`])
    const seen = breakers(history)
    expect(seen.size).to.equal(cells.length + 1)
    expect(new Set([...seen.values()].map((states) => states.join(' ')))).to.deep.equal(new Set(['Closed Open HalfOpen Open']))
  })
})
