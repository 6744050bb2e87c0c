/** A time begins while an act is being prepared: after its slot was confirmed, before its write is sent. */
import { expect } from 'chai'
import { millis, minutes, seconds, type Millis } from '../../shared/lib/time.ts'
import { buildActionTemplate, buildPolicy } from '../../shared/testing/builders/objects.ts'
import type { Call } from '../../shared/testing/fake-cluster/calls.ts'
import { Town } from '../testing/town.ts'

const isTry = (call: Call): boolean => call.subresource === 'eviction' && call.dryRun
const SLOW = seconds(2)

interface During {
  readonly schedule: string
  readonly duration: string
  readonly timeZone: string
}

const RULES: readonly (readonly [what: string, rules: (during: During) => object, reason: string])[] = [
  ['a budget that comes into force', (during) => ({ budgets: [{ actions: 1, per: '1h', during }] }), 'BudgetExhausted'],
  ['a time in which nothing may be done', (during) => ({ schedules: [{ allow: false, during }] }), 'OutsideSchedule'],
]

describe('just before a write', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  /** Nothing helps, so that a second act follows the first. Begins to live after `idle`; the time is on from that minute of the day's first hour. */
  const tried = async (rules: (during: During) => object, idle: Millis, minute: number): Promise<readonly number[]> => {
    const { spec } = buildPolicy({})
    const actions = ['first', 'second'].map((name, rung) => buildActionTemplate({ name, priority: 10 * (rung + 1) }))
    const safetyRules = { ...spec.safetyRules, ...rules({ schedule: `${minute} 0 * * *`, duration: '4h', timeZone: 'UTC' }) }
    town = new Town({ replacement: 'broken', latency: (call) => (isTry(call) ? SLOW : millis(0)), spec: { actions, safetyRules } })
    await town.live(idle)
    await town.start()
    await town.live(minutes(30))
    return town.cluster.journal.entries.filter(({ call }) => isTry(call)).map(({ at }) => at)
  }

  for (const [what, rules, reason] of RULES) {
    it(`${what} lets no second act through, whose slot was confirmed before`, async () => {
      const [, second = 0] = await tried(rules, millis(0), 59)
      expect(town.evictions, 'as long as it is not on').to.have.length(2)
      await town.stop()
      // The second try arrives a second before a minute begins, and its answer after it.
      const idle = seconds((59 - ((second / 1000) % 60) + 60) % 60)
      const begins = new Date(second + idle + 1000)
      const [, again = 0] = await tried(rules, idle, begins.getUTCMinutes())
      expect(again, 'is tried in time').to.be.within(begins.getTime() - SLOW, begins.getTime())
      expect(town.evictions).to.have.length(1)
      expect(town.actions.map(({ status }) => status?.result?.reason)).to.include(reason)
    })
  }
})
