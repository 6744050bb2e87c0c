import { expect } from 'chai'
import { minutes } from '../../shared/lib/time.ts'
import type { Fault } from '../../shared/testing/fake-cluster/faults.ts'
import { AUDIT_TYPES, type AuditEvent } from '../healing/audit.ts'
import { isWriteOf, Town } from '../testing/town.ts'

/** Everything that changes something, and the dry run; a review is a question. */

const WAYS: Readonly<Record<string, { readonly fault: Fault; readonly crash: boolean }>> = {
  'the request is lost': { fault: { when: 'before', answer: 'reset' }, crash: false },
  'the answer is lost': { fault: { when: 'after', answer: 'reset' }, crash: false },
  'the answer never comes': { fault: { when: 'after', answer: 'hang' }, crash: false },
  'the process dies before': { fault: { when: 'before', answer: 'reset' }, crash: true },
  'the process dies after': { fault: { when: 'after', answer: 'reset' }, crash: true },
}

/** Whatever happened, the audit stream has all of it, and under the same ids where it was told twice. */
function accounted({ audit, evictions }: Town, context: string): void {
  const of = (type: keyof typeof AUDIT_TYPES) => audit.filter((event) => event.type === AUDIT_TYPES[type])
  for (const once of ['decided', 'acted', 'ended'] as const) expect(new Set(of(once).map(({ id }) => id)).size, `${context}: ${once}`).to.equal(1)
  expect(of('ended')[0]?.data, context).to.include({ phase: 'Succeeded', outcome: 'Effective' })
  expect(of('requested').map(({ data }) => (data['target'] as { uid: string }).uid), context).to.include.members([...evictions])
  // What got no answer is followed by another try, or by what was found.
  const writeOf = ({ data }: AuditEvent): unknown => (data['write'] as { id: string }).id
  const answered = new Set(of('answered').map(writeOf))
  for (const open of of('requested').filter((event) => !answered.has(writeOf(event)))) {
    expect(audit.slice(audit.indexOf(open) + 1).some(({ type }) => type === AUDIT_TYPES.requested || type === AUDIT_TYPES.acted), context).to.equal(true)
  }
}

describe('every write of a run', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const run = async (nth: number, way: (typeof WAYS)[string]): Promise<string> => {
    let seen = 0
    let what = ''
    let end = 60
    town.cluster.faults.add((call) => {
      if (!isWriteOf('controller-1', call) || ++seen !== nth) return undefined
      what = `${call.verb} ${call.resource.plural}/${call.subresource ?? ''}${call.dryRun ? ' (dry run)' : ''}`
      if (way.crash) {
        end = 0
        town.crash('controller-1')
      }
      return way.fault
    })
    await town.start()
    for (let step = 0; step < end; step++) await town.live(minutes(0.1))
    if (end === 0) await town.start('controller-2')
    await town.live(minutes(6))
    return what
  }

  for (const [title, way] of Object.entries(WAYS)) {
    it(`heals once, settles once and counts once when ${title}`, async () => {
      for (let nth = 1; nth <= 30; nth++) {
        town = new Town({ seed: nth })
        const what = await run(nth, way)
        if (what === '') {
          expect(nth, 'writes of the whole run').to.be.within(12, 25)
          return
        }
        const context = `write ${nth}: ${what}`
        expect(new Set(town.evictions).size, context).to.equal(1)
        expect(town.evictions, context).to.have.length(1)
        expect(town.actions.map(({ status }) => [status?.phase, status?.outcome]), context).to.deep.equal([['Succeeded', 'Effective']])
        expect(town.ledger?.entries.map(({ state, outcome }) => [state, outcome]), context).to.deep.equal([['Settled', 'Effective']])
        expect(town.ledger?.outcomes.effective, context).to.equal(1)
        expect(town.policy.status?.lastDecision?.reason, context).to.equal('Healthy')
        expect(town.count('kubeskippy_healing_actions_total'), context).to.be.at.most(1)
        accounted(town, context)
        if (!way.crash) {
          expect(town.count('kubeskippy_healing_actions_total'), context).to.equal(1)
          expect(town.events.map(({ reason }) => reason).sort(), context).to.deep.equal(['Acted', 'Decided', 'Effective'])
        }
        await town.stop()
      }
      expect.fail('the run has no end')
    })
  }

  it('of a dry run is told to its end, too, whenever the process dies', async () => {
    for (let nth = 1; nth <= 30; nth++) {
      for (const when of ['before', 'after'] as const) {
        town = new Town({ seed: nth, spec: { mode: 'dryrun' } })
        let seen = 0
        town.cluster.faults.add((call) => {
          if (!isWriteOf('controller-1', call) || ++seen !== nth) return undefined
          town.crash('controller-1')
          return { when, answer: 'reset' }
        })
        await town.start()
        await town.live(minutes(1))
        if (seen < nth) {
          expect(nth, 'writes of the whole run').to.be.greaterThan(4)
          return
        }
        await town.start('controller-2')
        await town.live(minutes(1))
        const [action] = town.actions
        expect(action?.status?.phase, `write ${nth}`).to.equal('Succeeded')
        expect(town.audit.map(({ type, source }) => `${type} ${source.split('/').at(-1)}`), `write ${nth}, ${when}`).to.include(`${AUDIT_TYPES.ended} ${action?.metadata.name}`)
        await town.stop()
      }
    }
    expect.fail('the run has no end')
  })
})
