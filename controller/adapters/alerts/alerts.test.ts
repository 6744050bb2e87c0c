import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'node:https'
import { expect } from 'chai'
import { issueAuthority, issueLeaf } from '../../../certs/issue.ts'
import { hours, instant, minutes, type Instant } from '../../../shared/lib/time.ts'
import { silentLogger } from '../../../shared/runtime/logger.ts'
import { KnownAlerts, MOST_AT_ALL, MOST_PER_NAMESPACE } from './memory.ts'
import { readPayload, type ToldAlert } from './payload.ts'
import { AlertReceiver, type AlertReceiverOptions } from './receiver.ts'

const T0 = instant(Date.UTC(2030, 0, 1))
const alert = (labels: object, overrides: object = {}): object => ({ status: 'firing', labels, annotations: {}, startsAt: '2029-12-31T23:00:00Z', endsAt: '0001-01-01T00:00:00Z', ...overrides })
const payload = (...alerts: readonly unknown[]): object => ({ version: '4', groupKey: '{}', status: 'firing', receiver: 'kubeskippy', alerts })
const POD = { alertname: 'PodStuck', namespace: 'shop', pod: 'cart-0' }

describe('a message of Alertmanager', () => {
  const read = (...alerts: readonly unknown[]) => {
    const found = readPayload(payload(...alerts), T0)
    if (found.kind === 'refused') throw new Error(found.problem)
    return found
  }
  it('is read', () => expect(read(alert(POD))).to.deep.equal({ kind: 'read', alerts: [{ labels: POD, startsAt: instant(Date.UTC(2029, 11, 31, 23)), ended: false }], malformed: 0, nameless: 0, truncated: 0 }))
  for (const [title, overrides, ended] of [
    ['says so', { status: 'resolved' }, true],
    ['has an end in the past', { endsAt: '2029-12-31T23:59:59Z' }, true],
    ['has an end to come', { endsAt: '2030-01-01T00:00:01Z' }, false],
    ['has an end before its begin', { endsAt: '2029-12-31T22:00:00Z' }, false],
  ] as const) {
    it(`an alert has ${ended ? '' : 'not '}ended when it ${title}`, () => expect(read(alert(POD, overrides)).alerts[0]?.ended).to.equal(ended))
  }
  for (const [title, bad] of [
    ['no object', 'x'],
    ['no labels', alert(undefined as never)],
    ['a label that is a number', alert({ ...POD, a: 1 })],
    ['a label that is none', alert({ ...POD, 'a-b': 'c' })],
    ['too many labels', alert({ ...POD, ...Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`l${i}`, ''])) })],
    ['too long labels', alert({ ...POD, a: 'x'.repeat(4096) })],
    ['an unknown status', alert(POD, { status: 'odd' })],
    ['no begin', alert(POD, { startsAt: 'yesterday' })],
  ] as const) {
    it(`an alert with ${title} is left out, and the others are not`, () => expect(read(bad, alert(POD))).to.deep.include({ malformed: 1 }).and.to.have.property('alerts').with.length(1))
  }
  it('an alert without a namespace leads nowhere', () => expect(read(alert({ alertname: 'Watchdog' }))).to.deep.include({ alerts: [], nameless: 1 }))
  it('labels called like members of every object are labels', () => expect(Object.hasOwn(read(alert(JSON.parse('{"namespace":"a","__proto__":"x"}') as object)).alerts[0]?.labels ?? {}, '__proto__')).to.equal(true))
  for (const [title, body] of [
    ['no object', []],
    ['another version', { ...payload(), version: '3' }],
    ['no version', { alerts: [] }],
    ['no list', { ...payload(), alerts: {} }],
    ['too many', payload(...Array.from({ length: 2001 }, () => alert(POD)))],
  ] as const) {
    it(`${title} is refused with a reason`, () => expect(readPayload(body, T0)).to.include({ kind: 'refused' }).and.to.have.property('problem').that.is.not.empty)
  }
})

describe('the memory of alerts', () => {
  let now: Instant = T0
  beforeEach(() => {
    now = T0
  })
  const memory = (): KnownAlerts => new KnownAlerts({ now: () => now }, hours(5))
  const told = (labels: Record<string, string> = POD, ended = false, startsAt = T0): ToldAlert => ({ labels, startsAt, ended })
  const flood = (namespace: string, count: number): ToldAlert[] => Array.from({ length: count }, (_, i) => told({ namespace, pod: `p-${i}` }))

  it('knows what fires until it ends', () => {
    const known = memory()
    expect(known.learn([told()])).to.deep.equal({ firing: 1, ended: 0, refused: 0 })
    now = instant(T0 + 1000)
    known.learn([told()])
    expect(known.readings().firing).to.deep.equal([{ labels: POD, startsAt: T0, heardAt: now, namespace: 'shop' }])
    known.learn([told(POD, true)])
    expect(known.readings()).to.deep.include({ firing: [], ended: [{ labels: POD, endedAt: now }] })
    known.learn([told()])
    expect(known.readings().ended).to.deep.equal([])
  })
  it('is the same object while nothing is told', () => {
    const known = memory()
    const before = known.readings()
    expect(known.readings()).to.equal(before)
    known.learn([])
    expect(known.readings()).to.not.equal(before)
  })
  it('believes no begin that is to come', () => {
    const known = memory()
    known.learn([told(POD, false, instant(T0 + minutes(5)))])
    expect(known.readings().firing[0]?.startsAt).to.equal(T0)
  })
  it('a flood of one namespace takes nothing from others, nor from what was known', () => {
    const known = memory()
    known.learn([told()])
    expect(known.learn(flood('shop', MOST_PER_NAMESPACE + 10))).to.deep.equal({ firing: MOST_PER_NAMESPACE - 1, ended: 0, refused: 11 })
    expect(known.learn(flood('bank', 5))).to.include({ firing: 5, refused: 0 })
    expect(known.learn([told()])).to.include({ firing: 1, refused: 0 })
    expect(known.learn([told(POD, true), told({ ...POD, pod: 'new' })])).to.deep.equal({ firing: 1, ended: 1, refused: 0 })
  })
  it('has room for so many at all', () => {
    const known = memory()
    for (let i = 0; i < 15; i++) known.learn(flood(`ns-${i}`, MOST_PER_NAMESPACE))
    expect(known.readings().firing).to.have.length(2000)
    known.learn(Array.from({ length: 3000 }, (_, i) => told({ namespace: 'other', pod: `e-${i}` }, true)))
    expect(known.readings().ended).to.have.length(2000)
  })
  describe('with policies in a few namespaces', () => {
    const full = (): KnownAlerts => {
      const known = memory()
      known.watch((namespace) => namespace === 'shop' || namespace === 'bank')
      known.learn([told({ namespace: 'shop', pod: 'first' })])
      for (let i = 0; i < 15; i++) known.learn(flood(`invented-${i}`, MOST_PER_NAMESPACE))
      return known
    }
    const inNamespace = (known: KnownAlerts, namespace: string): number => known.readings().firing.filter(({ labels }) => labels['namespace'] === namespace).length

    it('a flood of invented ones takes the room that is left, and gives way', () => {
      const known = full()
      expect(known.learn(flood('bank', 3))).to.deep.equal({ firing: 3, ended: 0, refused: 0 })
      expect(known.readings().firing).to.have.length(MOST_AT_ALL)
      expect([inNamespace(known, 'shop'), inNamespace(known, 'bank'), inNamespace(known, 'invented-0')]).to.deep.equal([1, 3, MOST_PER_NAMESPACE - 3])
    })
    it('another invented one does not', () => expect(full().learn(flood('invented-new', 2))).to.deep.equal({ firing: 0, ended: 0, refused: 2 }))
    it('no more gives way than the namespace has room for', () => {
      const known = full()
      expect(known.learn(flood('bank', MOST_PER_NAMESPACE + 1))).to.deep.equal({ firing: MOST_PER_NAMESPACE, ended: 0, refused: 1 })
      expect(known.readings().firing).to.have.length(MOST_AT_ALL)
    })
    it('only ends that a policy may remember are kept', () => {
      const known = full()
      known.learn([told({ namespace: 'invented-0', pod: 'gone' }, true), told({ namespace: 'bank', pod: 'gone' }, true)])
      expect(known.readings().ended.map(({ labels }) => labels)).to.deep.equal([{ namespace: 'bank', pod: 'gone' }])
    })
  })
  it('forgets what was not repeated, when there is something new', () => {
    const known = memory()
    known.learn([told()])
    now = instant(T0 + hours(5))
    known.learn([])
    expect(known.readings().firing).to.deep.equal([])
  })
  it('forgets everything when its term ends, and listens anew in the next one', () => {
    const known = memory()
    known.learn([told(), told({ ...POD, pod: 'well' }, true)])
    known.forget()
    now = instant(T0 + hours(1))
    expect(known.readings()).to.deep.include({ firing: [], ended: [], since: now })
  })
  it('tells which namespaces were spoken of', () => {
    const known = memory()
    const heard: string[][] = []
    const unhear = known.onChange((namespaces) => heard.push([...namespaces]))
    known.learn([told(), told({ namespace: 'bank', pod: 'a' }, true)])
    unhear()
    known.learn([told()])
    expect(heard).to.deep.equal([['shop', 'bank']])
  })
})

describe('the receiver of alerts', function () {
  this.timeout(20_000)
  const TOKEN = 'a-token-of-some-length'
  let dir: string
  let receiver: AlertReceiver | undefined
  let memory: KnownAlerts
  let counted: Record<string, number>
  let leads = true
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'alerts-'))
    writeFileSync(join(dir, 'token'), `${TOKEN}\n`)
    memory = new KnownAlerts({ now: () => T0 }, hours(5))
    counted = {}
    leads = true
  })
  afterEach(async () => {
    await receiver?.stop()
    receiver = undefined
    rmSync(dir, { recursive: true })
  })

  const start = async (overrides: Partial<AlertReceiverOptions> = {}): Promise<string> => {
    receiver = new AlertReceiver({
      host: '127.0.0.1', port: 0, memory, tokenFile: join(dir, 'token'), leads: () => leads, clock: { now: () => T0 }, log: silentLogger,
      received: { inc: ({ result }, n = 1) => void (counted[result] = (counted[result] ?? 0) + n) },
      ...overrides,
    })
    await receiver.start()
    return `http://127.0.0.1:${receiver.port()}/alerts`
  }
  const post = (url: string, body: unknown, headers: Record<string, string> = {}, method = 'POST'): Promise<Response> =>
    fetch(url, { method, headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}`, ...headers }, ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}) })

  it('learns what fires, and counts what became of it', async () => {
    const url = await start()
    expect((await post(url, payload(alert(POD), alert({ alertname: 'Watchdog' }), 'x'))).status).to.equal(200)
    expect(memory.readings().firing).to.have.length(1)
    expect(counted).to.deep.equal({ firing: 1, nameless: 1, malformed: 1 })
  })
  for (const [title, send, code] of [
    ['no token', (url) => post(url, payload(), { authorization: '' }), 401],
    ['a wrong token', (url) => post(url, payload(), { authorization: `Bearer ${TOKEN}x` }), 401],
    ['another scheme', (url) => post(url, payload(), { authorization: `Basic ${TOKEN}` }), 401],
    ['another method', (url) => post(url, '', {}, 'GET'), 405],
    ['another path', (url) => post(`${url}/x`, payload()), 404],
    ['another content type', (url) => post(url, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }), 415],
    ['no JSON', (url) => post(url, '{"version":'), 400],
    ['another payload', (url) => post(url, { version: '3' }), 400],
    ['too large a body', (url) => post(url, ' '.repeat(4 * 1024 * 1024 + 1)).catch(() => ({ status: 413 })), 413],
  ] as readonly [string, (url: string) => Promise<{ readonly status: number }>, number][]) {
    it(`answers ${code} to ${title}, and learns nothing`, async () => {
      const url = await start()
      expect((await send(url)).status).to.equal(code)
      expect(memory.readings().firing).to.deep.equal([])
      expect((await post(url, payload(alert(POD)))).status).to.equal(200)
    })
  }
  it('sends Alertmanager to whoever leads', async () => {
    const url = await start()
    leads = false
    const answer = await post(url, payload(alert(POD)))
    expect([answer.status, answer.headers.get('connection')]).to.deep.equal([503, 'close'])
    expect(memory.readings().firing).to.deep.equal([])
  })
  it('takes a new token without being started anew', async () => {
    const url = await start()
    writeFileSync(join(dir, 'token'), 'another-token-of-some-length')
    expect((await post(url, payload())).status).to.equal(401)
    expect((await post(url, payload(), { authorization: 'Bearer another-token-of-some-length' })).status).to.equal(200)
  })
  it('does not begin without a token that is one', async () => {
    writeFileSync(join(dir, 'token'), 'short')
    await start().then(() => expect.fail('it began'), (error: Error) => expect(error.message).to.include('fewer than 16 characters'))
    receiver = undefined
  })
  it('speaks TLS with a certificate of its own', async () => {
    const authority = await issueAuthority(T0, hours(24))
    const leaf = await issueLeaf(authority, { dns: ['localhost'], ips: ['127.0.0.1'] }, instant(Date.now()), hours(1))
    writeFileSync(join(dir, 'tls.crt'), leaf.cert)
    writeFileSync(join(dir, 'tls.key'), leaf.key)
    const url = (await start({ tls: { certFile: join(dir, 'tls.crt'), keyFile: join(dir, 'tls.key') } })).replace('http:', 'https:')
    const code = await new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', rejectUnauthorized: false, agent: false, headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      sent.on('error', reject)
      sent.end(JSON.stringify(payload(alert(POD))))
    })
    expect(code).to.equal(200)
    expect(memory.readings().firing).to.have.length(1)
  })
})
