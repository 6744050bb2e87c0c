import { expect } from 'chai'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { ApiError, NotLeading } from '../../shared/kube/errors.ts'
import { noFence } from '../../shared/kube/fence.ts'
import { minutes, seconds } from '../../shared/lib/time.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { ownFields } from '../../shared/schema/emit-crd.ts'
import { FakeClock, settle } from '../../shared/testing/fake-clock.ts'
import { KnownDefinitions } from './known-definitions.ts'

interface Schema {
  properties: Record<string, Schema>
}

const installed = (): Map<string, Schema> => new Map(resources.map((resource) => [resource.kind, { properties: structuredClone(ownFields(resource)) } as unknown as Schema]))

function setUp(answer: () => ReadonlyMap<string, unknown>) {
  const clock = new FakeClock()
  const warnings: unknown[] = []
  const messages: string[] = []
  const log = {
    ...silentLogger,
    warn: (message: string, fields?: unknown) => {
      messages.push(message)
      warnings.push(fields)
    },
  }
  const definitions = new KnownDefinitions({ api: { schemasOf: () => new Promise((resolve) => resolve(answer())) }, timers: clock, log })
  let started = false
  const start = (): void => void definitions.start().then(() => (started = true))
  return { clock, definitions, warnings, messages, start, started: () => started }
}

describe('the definitions of our kinds', () => {
  it('hold the start as long as the API server would drop a field, and say which', async () => {
    const schemas = installed()
    const properties = schemas.get('HealingLedger')?.properties['spec']?.properties ?? {}
    const { breaker = { properties: {} } } = properties
    delete properties['breaker']
    const { clock, definitions, warnings, start, started } = setUp(() => schemas)
    start()
    await settle()
    expect(definitions.problem).to.match(/^the API server would drop spec\.breaker of HealingLedger: its definition is older .*config\/crd\/bases/)
    await clock.advance(seconds(10))
    expect(started()).to.equal(false)
    expect(warnings).to.have.length(1)
    properties['breaker'] = breaker
    await clock.advance(seconds(2))
    expect([started(), definitions.problem]).to.deep.equal([true, undefined])
  })

  it('hold it while a kind is not there, or nobody answers', async () => {
    let answer = (): ReadonlyMap<string, unknown> => { throw new ApiError({ kind: 'Network', code: 0, request: 'GET schemas' }) }
    const { clock, definitions, start, started } = setUp(() => answer())
    start()
    await settle()
    expect(definitions.problem).to.match(/^the API server does not answer; /)
    answer = () => new Map()
    await clock.advance(seconds(2))
    expect(definitions.problem).to.match(/^the API server does not know the kind HealingPolicy; /)
    answer = installed
    await clock.advance(seconds(2))
    expect(started()).to.equal(true)
  })

  it('shut the way of every write when they are taken back, and open it again', async () => {
    const old = installed()
    delete old.get('HealingAction')?.properties['status']?.properties['undo']
    let schemas = installed()
    const { clock, definitions, start, started } = setUp(() => schemas)
    const fence = definitions.fence(noFence)
    expect(() => fence.check()).to.throw(NotLeading)
    start()
    await settle()
    expect(started()).to.equal(true)
    fence.check()
    schemas = old
    await clock.advance(minutes(1))
    expect(() => fence.check()).to.throw(NotLeading, 'would drop status.undo of HealingAction')
    schemas = installed()
    await clock.advance(seconds(2))
    fence.check()
    await definitions.stop()
  })

  it('stay known while nobody answers, and hold nothing where they may not be read', async () => {
    let answer = (): ReadonlyMap<string, unknown> => installed()
    const { clock, definitions, start } = setUp(() => answer())
    start()
    await settle()
    answer = () => { throw new ApiError({ kind: 'Network', code: 0, request: 'GET schemas' }) }
    await clock.advance(minutes(2))
    expect(definitions.problem).to.equal(undefined)
    answer = () => { throw new ApiError({ kind: 'Forbidden', code: 403, request: 'GET schemas' }) }
    await clock.advance(minutes(1))
    expect(definitions.problem).to.equal(undefined)
    expect(definitions.remark).to.contain('system:discovery')
    await definitions.stop()
  })

  it('say whether something would be lost, or nobody could tell, and nothing any more when the program stops', async () => {
    let answer: () => ReadonlyMap<string, unknown> = () => { throw new ApiError({ kind: 'Network', code: 0, request: 'GET schemas' }) }
    const { clock, definitions, messages, start } = setUp(() => answer())
    expect(definitions.remark).to.match(/^not known yet/)
    start()
    await settle()
    expect(messages).to.deep.equal(['nothing is written: the API server does not tell what it keeps'])
    answer = () => new Map()
    await clock.advance(seconds(2))
    expect(messages.at(-1)).to.equal('nothing is written: the API server would not keep all of it')
    answer = installed
    await clock.advance(seconds(2))
    expect(definitions.remark).to.equal(undefined)
    let asked = false
    answer = () => {
      asked = true
      void definitions.stop()
      throw new ApiError({ kind: 'Network', code: 0, request: 'GET schemas' })
    }
    await clock.advance(minutes(1))
    expect([asked, messages.length]).to.deep.equal([true, 2])
  })

  it('let go when the program stops', async () => {
    const { definitions, start, started } = setUp(() => new Map())
    start()
    await settle()
    await definitions.stop()
    await settle()
    expect(started()).to.equal(true)
    expect(definitions.problem).to.be.a('string')
  })
})
