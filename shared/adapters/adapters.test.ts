import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { ApiError } from '../kube/errors.ts'
import { Health } from '../runtime/health.ts'
import { silentLogger } from '../runtime/logger.ts'
import { bunyanLogger } from './bunyan-logger.ts'
import { metricsServer, probeServer, type PlainServer } from './plain-server.ts'
import { promMetrics } from './prom-metrics.ts'

describe('the log', () => {
  const logged = (write: (log: ReturnType<typeof bunyanLogger>) => void): Record<string, unknown>[] => {
    const stream = new PassThrough()
    write(bunyanLogger({ name: 'controller', level: 'info', stream }))
    const text = String(stream.read() ?? '')
    return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  it('is one line of JSON per entry, with the fields of its parents', () => {
    const entries = logged((log) => {
      log.debug('not at this level')
      log.child({ loop: 'actions' }).info('two\nlines', { key: 'shop/a\nb' })
    })
    expect(entries).to.have.length(1)
    expect(entries[0]).to.deep.include({ name: 'controller', msg: 'two\nlines', loop: 'actions', key: 'shop/a\nb' })
  })

  it('keeps its own members, whatever a field is called', () => {
    const [entry] = logged((log) => log.info('entry', { v: 'ours', level: 'ours', msg: 'ours', time: 'ours' }))
    expect(entry).to.deep.include({ v: 0, level: 30, msg: 'entry', v_: 'ours', msg_: 'ours' })
  })

  it('has of an API error the kind, and nothing of what the server said, causes of causes included', () => {
    const secret = 'PASSWORD=hunter2'
    const error = new ApiError({ kind: 'Invalid', code: 422, request: 'PATCH pods shop/a', serverMessage: secret, causes: [{ message: secret, field: 'spec' }] })
    const [entry] = logged((log) => log.error('failed', { error: new Error('outer', { cause: error }) }))
    expect(JSON.stringify(entry)).to.contain('Invalid').and.not.contain(secret)
  })

  it('changes its level while it runs, and that of its children', () => {
    const entries = logged((log) => {
      const child = log.child({ loop: 'actions' })
      log.level = 'debug'
      child.debug('heard')
      log.level = 'warn'
      for (const each of [child, log]) each.info('not heard')
      child.warn('heard too')
    })
    expect(entries.map(({ msg }) => msg)).to.deep.equal(['heard', 'heard too'])
  })

  it('comes to an end with an error that is its own cause', () => {
    const error = new Error('round')
    error.cause = error
    expect(logged((log) => log.error('failed', { error }))).to.have.length(1)
  })
})

const ACTS = { name: 'acts_total', type: 'counter', unit: 'count', labels: { kind: ['evict', 'scale'] }, help: 'Acts.' } as const

describe('the metrics', () => {
  it('have their names, labels and values, in a registry of their own', async () => {
    const metrics = promMetrics()
    const counter = metrics.counter(ACTS)
    counter.inc({ kind: 'evict' })
    counter.inc({ kind: 'scale' }, 0)
    metrics.gauge({ name: 'depth', type: 'gauge', unit: 'count', labels: {}, help: 'Depth.' }).set({}, 7)
    metrics.histogram({ name: 'seconds', type: 'histogram', unit: 'seconds', labels: { loop: ['a'] }, buckets: [1, 2], help: 'Seconds.' }).observe({ loop: 'a' }, 1.5)
    const { text } = await metrics.exposition()
    for (const line of ['acts_total{kind="evict"} 1', 'acts_total{kind="scale"} 0', 'depth 7', 'seconds_bucket{le="2",loop="a"} 1']) expect(text).to.contain(line)
    expect((await promMetrics().exposition()).text).to.not.contain('acts_total')
  })

  it('are read at the scrape when they are sampled, and what is gone is no longer told', async () => {
    const metrics = promMetrics()
    let ages: Record<string, number> = { pods: 1, nodes: 2 }
    metrics.sampled({ name: 'age', type: 'gauge', unit: 'seconds', labels: { of: ['pods', 'nodes'] }, help: 'Age.' }, () => Object.entries(ages).map(([of, value]) => ({ labels: { of }, value })))
    expect((await metrics.exposition()).text).to.contain('age{of="nodes"} 2')
    ages = { pods: 3 }
    const { text } = await metrics.exposition()
    expect(text).to.contain('age{of="pods"} 3').and.not.contain('nodes')
  })

  it('refuse a name that is taken, and a label that was not declared', () => {
    const metrics = promMetrics()
    const counter = metrics.counter(ACTS)
    expect(() => metrics.counter({ ...ACTS, labels: {} })).to.throw()
    expect(() => counter.inc({ other: 'x' } as unknown as { kind: string })).to.throw()
  })
})

describe('the plain servers', () => {
  let server: PlainServer
  let metrics: PlainServer
  let problem: string | undefined
  beforeEach(async () => {
    problem = undefined
    const readyz = new Health()
    readyz.add('caches', () => problem)
    const exposition = () => (problem === 'metrics' ? Promise.reject(new Error('x')) : Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }))
    server = probeServer({ host: '127.0.0.1', port: 0, livez: new Health(), readyz, log: silentLogger })
    metrics = metricsServer({ host: '127.0.0.1', port: 0, exposition, log: silentLogger })
    await server.start()
    await metrics.start()
  })
  afterEach(() => Promise.all([server.stop(), metrics.stop()]))

  const ask = async (path: string, method = 'GET', port = (path === '/metrics' ? metrics : server).port()): Promise<string> => {
    const call = request({ host: '127.0.0.1', port, path, method })
    call.end()
    const [answer] = (await once(call, 'response')) as [NodeJS.ReadableStream & { statusCode: number }]
    let body = ''
    for await (const chunk of answer) body += String(chunk)
    return `${answer.statusCode} ${body.trim()}`
  }

  it('tells of life, readiness and metrics', async () => {
    expect([await ask('/livez'), await ask('/readyz'), await ask('/metrics')]).to.deep.equal(['200 ok', '200 ok', '200 up 1'])
    expect(await ask('/readyz?verbose')).to.contain('[+]caches ok')
  })

  it('names what fails without being asked', async () => {
    problem = 'not synced'
    expect(await ask('/readyz')).to.match(/^5\d\d [^]*\[-\]caches failed: not synced/)
    expect(await ask('/livez')).to.equal('200 ok')
  })

  it('answers what it does not know, and survives paths that are no URL', async () => {
    expect(await ask('/other')).to.match(/^404/)
    expect(await ask('/livez', 'POST')).to.match(/^405/)
    for (const path of ['//', '/%', '/livez?%', '//[']) expect(await ask(path)).to.match(/^(404|200)/)
    problem = 'metrics'
    expect(await ask('/metrics')).to.match(/^500/)
  })

  it('stops although a client keeps its connection open', async () => {
    const socket = connect(server.port(), '127.0.0.1')
    await once(socket, 'connect')
    socket.on('error', () => {})
    await server.stop()
    await server.start()
    socket.destroy()
  })

  it('says so when the port is taken', async () => {
    const other = probeServer({
      host: '127.0.0.1',
      port: server.port(),
      livez: new Health(),
      readyz: new Health(),
      log: silentLogger,
    })
    const failed = await other.start().then(
      () => false,
      () => true,
    )
    expect(failed).to.equal(true)
  })
})
