import { expect } from 'chai'
import { parseInstant, type Instant } from '../../shared/lib/time.ts'
import { buildHealingAction } from '../../shared/testing/builders/objects.ts'
import type { AuditEvent } from '../healing/audit.ts'
import { AuditTrail } from './audit-trail.ts'

const open = buildHealingAction()
const acted = { ...open, status: { phase: 'Verifying' as const, actedAt: '2030-01-01T00:00:05Z' } }
const ended = { ...open, status: { ...acted.status, phase: 'Succeeded' as const, outcome: 'Effective' as const, completionTime: '2030-01-01T00:01:00Z' } }

const at = (text: string): Instant => parseInstant(text) as Instant

describe('the audit trail', () => {
  const trail = () => {
    const events: AuditEvent[] = []
    const ends: string[] = []
    return { events, ends, trail: new AuditTrail({ emit: (event) => void events.push(event) }, ({ metadata }) => void ends.push(metadata.uid)) }
  }
  const types = (events: readonly AuditEvent[]): readonly string[] => events.map(({ type }) => type.replace('io.kubeskippy.healingaction.', ''))

  it('tells each event of an action once, also when it looks at an older version of it in between', () => {
    const { events, ends, trail: told } = trail()
    for (const version of [open, open, acted, open, acted, ended, ended]) told.tell(version)
    expect(types(events)).to.deep.equal(['decided', 'acted', 'ended'])
    expect(ends).to.have.length(1)
  })

  it('tells all of it when it begins with the end, as a successor does, under the same ids', () => {
    const [first, second] = [trail(), trail()]
    for (const version of [open, acted, ended]) first.trail.tell(version)
    second.trail.tell(ended)
    expect(second.events).to.deep.equal(first.events)
  })

  it('tells a decision whose time nobody wrote when note was taken of it, at that time, after a crash too', () => {
    const spec = { approvalRequired: true, approval: { decision: 'Approved' as const, decidedBy: 'alice' } }
    const asked = buildHealingAction({ spec })
    const noted = { ...asked, status: { phase: 'Approved' as const, approvedAt: '2030-01-01T00:00:04Z' } }
    const over = { ...noted, status: { ...noted.status, ...ended.status } }
    const [first, second] = [trail(), trail()]
    for (const version of [asked, noted, over]) first.trail.tell(version)
    second.trail.tell(over)
    for (const { events } of [first, second]) expect(events.map(({ type, time }) => [type.replace('io.kubeskippy.healingaction.', ''), time])[1]).to.deep.equal(['approved', '2030-01-01T00:00:04Z'])
    expect(second.events).to.deep.equal(first.events)
    const refused = buildHealingAction({ spec: { ...spec, approval: { ...spec.approval, decision: 'Rejected' } } })
    const third = trail()
    for (const version of [refused, { ...refused, status: { phase: 'Cancelled' as const, completionTime: '2030-01-01T00:00:06Z', result: { success: false, reason: 'Rejected', message: 'rejected by alice' } } }]) third.trail.tell(version)
    expect(third.events.map(({ type, time }) => [type.replace('io.kubeskippy.healingaction.', ''), time]).slice(1)).to.deep.equal([['rejected', '2030-01-01T00:00:06Z'], ['ended', '2030-01-01T00:00:06Z']])
  })

  it('tells of one that was deleted before it ended, and nothing of it after that', () => {
    const { events, ends, trail: told } = trail()
    told.tell(open)
    told.deleted(acted, at('2030-01-01T00:00:07Z'))
    for (const late of [acted, ended]) told.tell(late)
    expect(types(events)).to.deep.equal(['decided', 'acted', 'deleted'])
    expect(events[2]).to.deep.include({ time: '2030-01-01T00:00:07.000Z', id: `${open.metadata.uid}/deleted` }).and.to.have.property('data').that.deep.includes({ phase: 'Verifying' })
    expect(ends).to.deep.equal([])
  })

  it('tells the end of one that was deleted at its end, and nothing when history takes it away', () => {
    const { events, trail: told } = trail()
    told.deleted(ended, at('2030-01-01T00:00:07Z'))
    expect(events).to.deep.equal([])
    told.tell(open)
    for (let i = 0; i < 2; i++) told.deleted(ended, at('2030-01-01T00:00:07Z'))
    expect(types(events)).to.deep.equal(['decided', 'acted', 'ended'])
  })

  it('tells dry runs of the last hour again, which no ledger knows', () => {
    const { events, trail: told } = trail()
    const dry = { ...ended, spec: { ...ended.spec, dryRun: true } }
    told.tellRecent([dry], at('2030-01-01T01:02:00Z'))
    told.tellRecent([open, ended], at('2030-01-01T00:02:00Z'))
    expect(events).to.deep.equal([])
    told.tellRecent([dry], at('2030-01-01T00:02:00Z'))
    expect(types(events)).to.include('ended')
  })

  it('tells who approved it, and why', () => {
    const { events, trail: told } = trail()
    told.tell(buildHealingAction({ spec: { approvalRequired: true, approval: { decision: 'Rejected', decidedBy: 'alice', decidedAt: '2030-01-01T00:00:02Z', reason: 'not now' } } }))
    expect(types(events)).to.deep.equal(['decided', 'rejected'])
    expect(events[1]).to.deep.include({ time: '2030-01-01T00:00:02Z', subject: 'Pod/shop/cart-0' }).and.to.have.property('data').that.deep.includes({ decidedBy: { kind: 'user', name: 'alice' }, reason: 'not now' })
  })
})
