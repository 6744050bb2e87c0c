/** The breaker's one probe, whoever dies while it is on its way. */
import { expect } from 'chai'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { minutes, seconds } from '../../shared/lib/time.ts'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import { isWriteOf, Town } from '../testing/town.ts'

const RULES: HealingPolicySpec['safetyRules'] = {
  maxActionsPerHour: 20, maxConcurrent: 3, maxUnhealthy: '100%', requireHealthCheck: true, healthCheckTimeout: '1m', approvalTimeout: '1h', stabilizationWindow: '10s',
  circuitBreaker: { failureThreshold: 1, openDuration: '5m' },
}

describe('a breaker that is half-open', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  /** Nothing helps: the first act opens the breaker, and the next step of the ladder is the probe. */
  const opened = async (seed: number): Promise<void> => {
    town = new Town({ seed, replacement: 'broken', spec: { actions: [1, 2, 3].map((i) => buildActionTemplate({ name: `a${i}`, priority: i })), safetyRules: RULES } })
    await town.start('controller-0')
    await town.live(minutes(3))
    expect(town.ledger?.breaker).to.include({ state: 'Open', openings: 1 })
    expect(town.evictions).to.have.length(1)
    // Three more want to be acted on, and as many may be in flight.
    for (let more = 0; more < 3; more++) town.pod('broken')
  }

  it('lets exactly one act through in 50 of 50 lives that crash while it is tried', async function () {
    this.timeout(120_000)
    const crashedAt = new Set<string>()
    for (let seed = 1; seed <= 50; seed++) {
      await opened(seed)
      // The first one dies at one of the writes of the probe, each that follows it at its next ones, until five are dead.
      let dead = 0
      let alive = 'controller-0'
      const last = 1 + (seed % 10)
      let seen = 0
      town.cluster.faults.add((call) => {
        if (dead >= 5 || town.ledger?.breaker.state !== 'HalfOpen' || !isWriteOf(alive, call) || ++seen < last - 2 * dead) return undefined
        crashedAt.add(`${call.verb} ${call.resource.plural}/${call.subresource ?? ''} ${seed % 2 === 0 ? 'before' : 'after'}`)
        dead++
        seen = 0
        town.crash(alive)
        return { when: seed % 2 === 0 ? 'before' : 'after', answer: 'reset' }
      })
      for (let life = 1; life <= 40; life++) {
        await town.live(seconds(15))
        if (dead < Number(alive.split('-')[1]) + 1) continue
        alive = `controller-${dead}`
        await town.start(alive)
      }
      const context = `seed ${seed}: ${JSON.stringify(town.ledger)}`
      expect(dead, context).to.be.at.least(1)
      // It did not help either: open again, for twice as long, and nothing was written beside it.
      expect(town.evictions.length, context).to.equal(2)
      expect(town.ledger?.breaker, context).to.include({ state: 'Open', openings: 2 })
      expect(town.actions.filter(({ status }) => status?.actedAt !== undefined), context).to.have.length(2)
      await town.stop()
    }
    expect(crashedAt.size, [...crashedAt].join(', ')).to.be.at.least(8)
  })
})
