/** One id from the trigger to the outcome, wherever something is told. */
import { expect } from 'chai'
import { CORRELATION_LABEL } from '../shared/api/v1alpha1/names.ts'
import { HEALING_ACTIONS } from '../shared/kube/resources.ts'
import { seconds } from '../shared/lib/time.ts'
import { buildActionTemplate } from '../shared/testing/builders/objects.ts'
import { correlationOf } from './healing/correlation.ts'
import { Town } from './testing/town.ts'

describe('the correlation id', () => {
  let town: Town
  afterEach(() => town.stop())

  const fieldsOf = (line: string): Record<string, unknown> => JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>

  it('is one in the object, its log lines, its events and the API server\'s audit log, over all rungs and a crash', async () => {
    town = new Town({ replacement: 'broken', spec: { actions: [buildActionTemplate({ priority: 1 }), buildActionTemplate({ name: 'again', priority: 2 })] } })
    await town.start('first')
    await town.live(seconds(8))
    town.crash('first')
    await town.start('second')
    await town.live(seconds(900))
    const { actions } = town
    expect(actions.map(({ spec }) => spec.incident.rung)).to.deep.equal([0, 1])
    const [action] = actions
    const id = correlationOf(action?.spec ?? { policyRef: { uid: '' }, incident: { id: '' } })
    expect(id).to.match(/^[0-9a-f]{32}$/)
    expect(new Set(town.cluster.all(HEALING_ACTIONS).map(({ metadata }) => metadata.labels?.[CORRELATION_LABEL]))).to.deep.equal(new Set([id]))

    const about = town.logged.filter((line) => line.includes(`"incident":"${action?.spec.incident.id}"`))
    expect(new Set(about.map((line) => fieldsOf(line)['correlationId']))).to.deep.equal(new Set([id]))
    for (const step of ['reserved', 'decided', 'began', 'written', 'acted', 'ended', 'escalated']) expect(about.some((line) => line.startsWith(`${step} {`)), step).to.equal(true)

    const events = town.events.filter(({ reason }) => ['Decided', 'Acted', 'Ineffective', 'Escalated'].includes(reason))
    expect(events.map(({ reason }) => reason)).to.include.members(['Decided', 'Acted', 'Ineffective', 'Escalated'])
    expect(new Set(events.map(({ labels }) => labels?.[CORRELATION_LABEL]))).to.deep.equal(new Set([id]))

    const evictions = town.cluster.journal.effects.filter(({ call }) => call.subresource === 'eviction')
    expect(evictions.length).to.equal(2)
    for (const { call } of evictions) expect(call.userAgent).to.include(`correlation-id ${id})`)
  })
})
