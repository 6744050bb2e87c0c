import { expect } from 'chai'
import { formatInstant, hours, minutes, seconds, type Millis } from '../../shared/lib/time.ts'
import type { Incident, Ledger } from './incidents.ts'
import { emptyLedger } from './ledger.ts'
import { at, cart, deepFreeze } from './testing/builders.ts'
import { countHealed, objectiveUsed, TOLD_FOR } from './time-to-heal.ts'

const WINDOW = minutes(2)
const iso = (span: Millis): string => formatInstant(at(span))
const incident = (overrides: Partial<Incident> = {}): Incident => ({
  id: 'inc-a', trigger: 'crashing', subject: cart.ref, ordinal: 0, rung: 0, state: 'Open', acted: true, since: iso(seconds(0)), openedAt: iso(seconds(30)), quietSince: iso(minutes(1)), ...overrides,
})
const ledger = (incidents: readonly Incident[], timeToHeal?: Ledger['timeToHeal']): Ledger =>
  deepFreeze({ ...emptyLedger({ namespace: 'shop', name: 'cart' }), incidents: [...incidents], ...(timeToHeal === undefined ? {} : { timeToHeal }) })
const ended = (overrides: Partial<Incident> = {}): Incident => incident({ state: 'Ended', ...overrides })
const without = (member: 'acted' | 'since' | 'quietSince'): Incident => {
  const { [member]: _, ...rest } = ended()
  return rest
}
const counted = (after: Incident, objective?: Millis, now: Millis = minutes(3), before: Incident = incident()): Ledger['timeToHeal'] =>
  countHealed(ledger([before]), ledger([after]), { window: WINDOW, objective, now: at(now) }).timeToHeal

describe('the time to heal', () => {
  it('is that from the begin of the fault to the end of its incident', () => expect(counted(ended())).to.deep.equal({ last: '3m', at: iso(minutes(3)), incidents: 1, missed: 0 }))
  it('is that from the first decision where the ledger is older', () => {
    expect(counted(without('since'))?.last).to.equal('2m30s')
  })
  for (const [objective, missed] of [[minutes(3) - 1, 1], [minutes(3), 0], [minutes(3) + 1, 0]] as const) {
    it(`misses ${objective} ms: ${missed}`, () => expect(counted(ended(), objective as Millis)?.missed).to.equal(missed))
  }
  it('is counted on', () => {
    const known = { last: '9s', at: iso(seconds(0)), incidents: 4, missed: 2 }
    expect(countHealed(ledger([incident()], known), ledger([ended()], known), { window: WINDOW, objective: minutes(1), now: at(minutes(3)) }).timeToHeal).to.deep.equal({ last: '3m', at: iso(minutes(3)), incidents: 5, missed: 3 })
  })
  const uncounted: readonly [string, Incident, Incident?][] = [
    ['that goes on', incident()],
    ['that had ended before', ended(), ended()],
    ['that nothing was done about', without('acted')],
    ['whose trigger was taken out of the policy before it was healthy for long enough', ended({ quietSince: iso(seconds(61)) })],
    ['that was never healthy', without('quietSince')],
  ]
  for (const [what, after, before] of uncounted) it(`of one ${what} is none`, () => expect(counted(after, minutes(1), minutes(3), before)).to.equal(undefined))
})

describe('the share of the objective that is used', () => {
  const used = (incidents: readonly Incident[], now: Millis, timeToHeal?: Ledger['timeToHeal']): number => objectiveUsed(ledger(incidents, timeToHeal), minutes(5), at(now))
  const last = { last: '10m', at: iso(seconds(0)), incidents: 1, missed: 1 }
  it('is nothing where nothing was broken', () => expect(used([], minutes(1))).to.equal(0))
  it('grows while an incident is open, escalated or not, from the begin of the fault', () => {
    expect(used([incident()], minutes(5))).to.equal(1)
    expect(used([incident({ state: 'Escalated' })], minutes(10))).to.equal(2)
  })
  it('is that of the one open for longest', () => expect(used([incident({ since: iso(minutes(4)) }), incident({ id: 'inc-b' })], minutes(5))).to.equal(1))
  it('does not grow by dry runs, nor by what has ended', () => expect(used([incident({ dryRun: true }), ended()], minutes(5))).to.equal(0))
  it('is that of the one healed last for an hour', () => {
    expect(used([], (TOLD_FOR - 1) as Millis, last)).to.equal(2)
    expect(used([], TOLD_FOR, last)).to.equal(0)
    expect(used([], hours(9), last)).to.equal(0)
  })
})
