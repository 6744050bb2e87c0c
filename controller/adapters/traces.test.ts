/** Traces at a receiver of OTLP, by HTTP on loopback. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { expect } from 'chai'
import { buildHealingAction } from '../../shared/testing/builders/objects.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import { correlationOf } from '../healing/correlation.ts'
import { spansOf } from '../healing/trace.ts'
import { Traces } from './traces.ts'

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[] }
    readonly scopeSpans: readonly { readonly spans: readonly { readonly traceId: string; readonly spanId: string; readonly parentSpanId?: string; readonly name: string; readonly startTimeUnixNano: string; readonly endTimeUnixNano: string; readonly status: { readonly code: number } }[] }[]
  }[]
}

const healed = buildHealingAction({
  metadata: { uid: 'uid-action' },
  status: { phase: 'Succeeded', outcome: 'Effective', startTime: '2030-01-01T00:00:02.500Z', actedAt: '2030-01-01T00:00:03.250Z', completionTime: '2030-01-01T00:01:00Z', attempts: 1, result: { success: true, reason: 'Effective', message: 'well' } },
})

describe('traces', () => {
  let server: Server | undefined
  let traces: Traces
  const lines: string[] = []
  const say = (message: string): void => void lines.push(message)
  const log: Logger = { debug: say, info: say, warn: say, error: say, child: () => log }
  const deadline = new AbortController().signal
  const received: { readonly path: string; readonly body: Sent }[] = []

  const listen = async (port = 0): Promise<number> => {
    server = createServer((request, response) => {
      void (async () => {
        received.push({ path: request.url ?? '', body: (await json(request)) as Sent })
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })()
    })
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return (server.address() as AddressInfo).port
  }
  const hangUp = async (): Promise<void> => {
    server?.closeAllConnections()
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)))
    server = undefined
  }
  const began = async (port: number): Promise<void> => {
    traces = new Traces({ endpoint: `http://127.0.0.1:${port}/`, version: '1.2.3', instance: 'here', log })
    await traces.start()
  }
  beforeEach(() => {
    lines.length = 0
    received.length = 0
  })
  afterEach(hangUp)

  it('arrive whole: one for each incident, from the fault to what came of it', async () => {
    await began(await listen())
    traces.tell(healed)
    await traces.stop(deadline)
    expect(received.map(({ path }) => path)).to.deep.equal(['/v1/traces'])
    const [sent] = received[0]?.body.resourceSpans ?? []
    expect(sent?.resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue).to.equal('kubeskippy-controller')
    const spans = sent?.scopeSpans.flatMap((scope) => scope.spans) ?? []
    expect(spans.map(({ name }) => name)).to.deep.equal(['restart Pod', 'detect', 'decide', 'act', 'verify'])
    expect(new Set(spans.map(({ traceId }) => traceId))).to.deep.equal(new Set([correlationOf(healed.spec)]))
    const [whole, ...steps] = spans
    for (const step of steps) expect(step.parentSpanId).to.equal(whole?.spanId)
    expect(spans.find(({ name }) => name === 'act')).to.include({ startTimeUnixNano: String(BigInt(Date.UTC(2030, 0, 1, 0, 0, 2, 500)) * 1_000_000n), endTimeUnixNano: String(BigInt(Date.UTC(2030, 0, 1, 0, 0, 3, 250)) * 1_000_000n) })
    expect(whole?.status.code).to.equal(1)
    expect(lines).to.deep.equal([])
  })

  it('hold nothing up and stay within bounds while nobody receives them, say so once, and go on when somebody does', async function () {
    this.timeout(60_000)
    const port = await listen()
    await hangUp()
    await began(port)
    for (let i = 0; i < 5000; i++) traces.tell(healed)
    await eventually(() => expect(traces.problem).to.be.a('string'))
    await listen(port)
    await eventually(() => {
      traces.tell(healed)
      expect(traces.problem).to.equal(undefined)
    })
    await traces.stop(deadline)
    expect(lines).to.deep.equal(['traces cannot be delivered, and are dropped when too many wait', 'traces are delivered again'])
    // Of 25,000 spans.
    expect(received.flatMap(({ body }) => body.resourceSpans).flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans).length).to.be.below(5000)
  })

  it('tell the same under the same ids', () => {
    const ids = spansOf(healed).map(({ spanId }) => spanId)
    expect(spansOf(structuredClone(healed)).map(({ spanId }) => spanId)).to.deep.equal(ids)
    expect(new Set(ids).size).to.equal(ids.length)
    for (const id of ids) expect(id).to.match(/^[0-9a-f]{16}$/)
  })

  it('are none of what has not ended, and have no span that ends before it starts', () => {
    expect(spansOf(buildHealingAction({ status: { phase: 'Verifying' } }))).to.deep.equal([])
    const odd = { ...healed, metadata: { ...healed.metadata, creationTimestamp: '2030-01-01T00:00:59Z' }, status: { ...healed.status, undo: { begunAt: '2030-01-01T00:00:30Z', because: 'x' }, outcome: 'Reverted' as const } }
    expect(spansOf(odd).every(({ start, end }) => end >= start)).to.equal(true)
    expect(spansOf(odd).filter(({ failure }) => failure === 'Reverted').map(({ name }) => name)).to.deep.equal(['restart Pod', 'verify'])
  })
})
