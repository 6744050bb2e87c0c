import { expect } from 'chai'
import { before, formatInstant, hours, minutes } from '../../shared/lib/time.ts'
import type { HealingAction, HealingActionStatus } from '../../shared/api/v1alpha1/types.ts'
import { buildHealingAction, buildLedger } from '../../shared/testing/builders/objects.ts'
import { outdated, type HistoryLimits } from './history.ts'
import type { Ledger } from './ledger.ts'
import { at, T0 } from './testing/builders.ts'

const LIMITS: HistoryLimits = { successful: 2, failed: 1, ttl: hours(24) }

const ended = (name: string, ago: number, phase: HealingActionStatus['phase'] = 'Succeeded'): HealingAction =>
  buildHealingAction({ metadata: { name, uid: `uid-${name}` }, status: { phase, completionTime: formatInstant(at(-ago)) } })
const gone = (actions: readonly HealingAction[], limits: Partial<HistoryLimits> = {}, ledger?: Ledger): readonly string[] =>
  outdated(actions, ledger, { ...LIMITS, ...limits }, T0).actions.map(({ action, why }) => `${action.metadata.name} ${why}`)

describe('the history of a policy', () => {
  const entry = (action: string, state: 'Waiting' | 'Reserved' | 'Settled' | 'Abandoned') => ({ action, incident: 'inc-a', target: 'uid-pod', reservedAt: formatInstant(T0), state })
  const incident = (lastAction: string, state: 'Open' | 'Escalated' | 'Ended') => ({
    id: 'inc-a', trigger: 'crashing', subject: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' }, ordinal: 0, openedAt: formatInstant(T0), state, rung: 0, lastAction,
  })

  it('keeps the newest of each kind and removes the oldest first', () => {
    const actions = [ended('s3', minutes(3)), ended('s1', minutes(1)), ended('s4', minutes(4)), ended('s2', minutes(2)), ended('f2', minutes(6), 'Failed'), ended('f1', minutes(5), 'Failed')]
    expect(gone(actions)).to.deep.equal(['f2 Limit', 's4 Limit', 's3 Limit'])
  })

  it('counts dry runs among the successful and cancelled ones among the failed', () => {
    const dry = { ...ended('dry', minutes(1)), spec: { ...buildHealingAction().spec, dryRun: true } }
    expect(gone([dry, ended('s2', minutes(2)), ended('s3', minutes(3)), ended('c', minutes(4), 'Cancelled'), ended('f', minutes(5), 'Failed')])).to.deep.equal(['f Limit', 's3 Limit'])
  })

  for (const [title, ago, expected] of [
    ['stays just before its time', hours(24) - 1, []],
    ['goes at its time', hours(24), ['a Age']],
    ['goes after its time', hours(24) + 1, ['a Age']],
  ] as const) {
    it(title, () => expect(gone([ended('a', ago)])).to.deep.equal(expected))
  }

  it('is looked at again when the next one will be too old', () => {
    expect(outdated([ended('a', hours(23)), ended('b', hours(22))], undefined, LIMITS, T0).nextAt).to.equal(at(hours(1)))
    expect(outdated([ended('a', hours(24))], undefined, LIMITS, T0).nextAt).to.equal(undefined)
  })

  for (const phase of [undefined, 'Pending', 'InProgress', 'Verifying'] as const) {
    it(`never takes one that has not ended (${phase ?? 'no status'}), however old`, () => {
      const action = buildHealingAction(phase === undefined ? {} : { status: { phase, completionTime: formatInstant(before(T0, hours(1000))) } })
      expect(gone([action], { successful: 0, failed: 0 })).to.deep.equal([])
    })
  }

  it('never takes one that the ledger has not settled', () => {
    const actions = ['a', 'b', 'c', 'd'].map((name) => ended(name, hours(48)))
    const ledger = buildLedger({ spec: { entries: [entry('a', 'Reserved'), entry('b', 'Settled'), entry('c', 'Abandoned'), entry('d', 'Waiting')] } }).spec
    expect(gone(actions, {}, ledger).map((text) => text.split(' ')[0])).to.have.members(['b', 'c'])
  })

  for (const [state, expected] of [['Open', []], ['Escalated', []], ['Ended', ['a Age']]] as const) {
    it(`${state === 'Ended' ? 'takes' : 'never takes'} the last action of an incident that is ${state}`, () => {
      expect(gone([ended('a', hours(48))], {}, buildLedger({ spec: { incidents: [incident('a', state)] } }).spec)).to.deep.equal(expected)
    })
  }

  it('counts one that it must keep', () => {
    const ledger = buildLedger({ spec: { incidents: [incident('s1', 'Open')] } }).spec
    expect(gone([ended('s1', minutes(1)), ended('s2', minutes(2))], { successful: 1 }, ledger)).to.deep.equal(['s2 Limit'])
  })

  it('keeps none with limits of 0', () => {
    expect(gone([ended('a', 0), ended('f', 0, 'Failed')], { successful: 0, failed: 0 })).to.have.members(['a Limit', 'f Limit'])
  })

  it('takes the birth of one whose end was made unreadable', () => {
    const broken = buildHealingAction({ metadata: { name: 'b', creationTimestamp: formatInstant(before(T0, hours(25))) }, status: { phase: 'Failed', completionTime: 'yesterday' } })
    expect(gone([broken])).to.deep.equal(['b Age'])
  })
})
