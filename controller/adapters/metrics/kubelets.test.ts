/** The kubelets as they may answer: a server with TLS that lies in every way. */
import { expect } from 'chai'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createPlain, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueAuthority, issueLeaf, type Issued } from '../../../certs/issue.ts'
import { systemClock } from '../../../shared/adapters/system-clock.ts'
import { ApiError } from '../../../shared/kube/errors.ts'
import { hours, instant, millis, minutes, seconds } from '../../../shared/lib/time.ts'
import { eventually } from '../../../shared/testing/eventually.ts'
import { CGROUP, counters, KubeletBench, TEXT, UID, values } from './testing/kubelet-bench.ts'

describe('the kubelets', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kubelets-'))
  let bench: KubeletBench

  before(async () => {
    bench = await KubeletBench.start()
  })
  after(() => {
    bench.stop()
    rmSync(dir, { recursive: true })
  })
  beforeEach(() => bench.reset())
  afterEach(() => bench.close())

  it('are asked at the address of the node, with our token, for the metrics of containers', async () => {
    const now = systemClock.now()
    bench.say(200, counters('shop', now))
    const given = await bench.ask()
    const labels = { namespace: 'shop', pod: 'cart-0', uid: UID, container: 'app', cgroup: CGROUP }
    expect(given).to.deep.equal({
      kind: 'Series',
      series: [{ labels: { ...labels, counter: 'periods' }, points: [{ at: now, value: 100 }] }, { labels: { ...labels, counter: 'throttled' }, points: [{ at: now, value: 25 }] }],
    })
    expect(bench.heard).to.deep.equal([{ url: '/metrics/cadvisor', authorization: 'Bearer sesame', certified: false }])
  })
  it('are asked with a client certificate, where that is who we are', async () => {
    const me = await issueLeaf(bench.ca, { dns: ['me'], ips: [] }, systemClock.now(), hours(1))
    bench.credentials = () => Promise.resolve({ tls: { ca: bench.ca.cert, cert: me.cert, key: me.key, rejectUnauthorized: true } })
    await bench.ask()
    expect(bench.heard).to.deep.equal([{ url: '/metrics/cadvisor', authorization: undefined, certified: true }])
  })
  it('are never told a password', async () => {
    bench.credentials = () => Promise.resolve({ tls: { ca: bench.ca.cert, rejectUnauthorized: true }, authorization: 'Basic c2VzYW1l' })
    await bench.ask()
    expect(bench.heard.map(({ authorization }) => authorization)).to.deep.equal([undefined])
  })
  it('are asked once for all who want to know at the same time, and each is told of its namespace', async () => {
    const now = systemClock.now()
    bench.say(200, counters('shop', now) + counters('bank', now, [7, 3]))
    const [shop, bank, none] = await Promise.all([bench.ask(), bench.ask('worker-1', 'bank'), bench.ask('worker-1', 'other')])
    expect([shop, bank, none].map(values)).to.deep.equal([[['periods', 100], ['throttled', 25]], [['periods', 7], ['throttled', 3]], []])
    expect(bench.heard).to.have.lengthOf(1)
    await bench.ask()
    expect(bench.heard).to.have.lengthOf(2)
  })
  it('are known for a while: neither node nor connection is looked for again', async () => {
    await bench.ask()
    await bench.ask()
    expect([bench.nodesRead, bench.connections]).to.deep.equal([['worker-1'], 1])
  })
  it('are asked sixteen at a time', async () => {
    const waiting: ServerResponse[] = []
    let most = 0
    bench.answer = (response) => {
      waiting.push(response)
      most = Math.max(most, waiting.length)
    }
    const leaf = await bench.issue()
    const ports = await Promise.all(Array.from({ length: 20 }, () => bench.listen(leaf)))
    bench.nodes = Object.fromEntries(ports.map((port) => [`worker-${port}`, bench.node(port)]))
    const all = Promise.all(ports.map((port) => bench.ask(`worker-${port}`)))
    await eventually(() => expect(waiting).to.have.lengthOf(16), seconds(10))
    bench.say(200, counters('shop', systemClock.now()))
    for (const response of waiting) response.writeHead(200, TEXT).end(counters('shop', systemClock.now()))
    expect((await all).map(({ kind }) => kind)).to.deep.equal(ports.map(() => 'Series'))
    expect([most, bench.heard.length]).to.deep.equal([16, 20])
  })

  it('that have moved are found again after a failure', async () => {
    bench.nodes = { 'worker-1': bench.node(1) }
    expect(await bench.why()).to.equal('cannot be reached (ECONNREFUSED)')
    bench.nodes = { 'worker-1': bench.node() }
    expect(values(await bench.ask())).to.deep.equal([['periods', 100], ['throttled', 25]])
  })

  describe('are no data', () => {
    const answers: readonly [string, number, string, Readonly<Record<string, string>>, string][] = [
      ['when they do not know us', 401, 'Unauthorized', TEXT, 'does not know who asks (401): it must take tokens of service accounts (authentication.webhook.enabled)'],
      ['when we have no right', 403, 'Forbidden (user=x, verb=get, resource=nodes, subresource=metrics)', TEXT, 'does not let us in (403): apply config/rbac/optional/kubelet-metrics.yaml'],
      ['when they have no such page', 404, 'not found', TEXT, 'has no /metrics/cadvisor (404)'],
      ['when they fail', 500, 'sesame', TEXT, 'answered 500'],
      ['when they have nothing to say', 204, '', {}, 'answered 204'],
      ['when they redirect, and nobody follows', 302, '', { location: 'https://elsewhere.example/x?token=sesame' }, 'redirects (302) to https://elsewhere.example/x: redirects are not followed'],
      ['when they answer a web page', 200, '<html></html>', { 'content-type': 'text/html' }, 'answered text/html in place of metrics: something else listens there'],
      ['when they answer without a type', 200, counters('shop', 1), {}, 'answered something without a type in place of metrics: something else listens there'],
      ['when they answer text that is no metrics', 200, 'hello\n', TEXT, 'answered a page without any metric of a container: something else listens there'],
      ['when they answer nothing', 200, '', TEXT, 'answered a page without any metric of a container: something else listens there'],
      ['when a counter is NaN', 200, counters('shop', 1).replace(' 25 ', ' NaN '), TEXT, 'answered a line of container_cpu_cfs_throttled_periods_total that cannot be read'],
      ['when they say beforehand that it is too much', 200, 'x', { ...TEXT, 'content-length': String(64 * 1024 * 1024 + 1) }, 'answered more than 64 MiB'],
    ]
    for (const [title, code, body, headers, expected] of answers) {
      it(title, async () => {
        bench.say(code, body, headers)
        expect(await bench.why()).to.equal(expected)
        expect(bench.heard).to.have.lengthOf(1)
      })
    }

    it('when the answer has no end', async () => {
      const line = `container_memory_usage_bytes{id="/"} ${'1'.repeat(1000)}\n`
      bench.answer = (response) => {
        response.writeHead(200, TEXT)
        const more = (): void => {
          while (!response.destroyed && response.write(line.repeat(500)));
          if (!response.destroyed) response.once('drain', more)
        }
        more()
      }
      expect(await bench.why()).to.equal('answered more than 64 MiB')
    })
    it('when the answer is one line without an end', async () => {
      bench.answer = (response) => void response.writeHead(200, TEXT).write('x'.repeat(70_000))
      expect(await bench.why()).to.equal('answered a line of more than 64 KiB: that is no page of metrics')
    })
    it('when the answer is cut off', async () => {
      bench.answer = (response) => {
        response.writeHead(200, TEXT).write(counters('shop', 1), () => response.destroy())
      }
      expect(await bench.why()).to.match(/^cannot be reached \((UND_ERR_SOCKET|ECONNRESET)\)$/)
    })
    it('when the answer does not begin, or does not end, within the deadline', async () => {
      await bench.reopen({ timeout: millis(300) })
      bench.answer = () => {}
      expect(await bench.why()).to.equal('did not answer within 300ms')
      bench.answer = (response) => void response.writeHead(200, TEXT).write(counters('shop', 1))
      expect(await bench.why()).to.equal('did not answer within 300ms')
    })
    it('when nobody listens', async () => {
      bench.nodes = { 'worker-1': bench.node(1) }
      expect(await bench.ask()).to.deep.equal({ kind: 'NoData', why: 'the kubelet of node worker-1 (127.0.0.1:1) cannot be reached (ECONNREFUSED)' })
    })
    it('when what listens has no TLS', async () => {
      const plain = createPlain((_, response) => void response.end('container_x 1\n')).listen(0, '127.0.0.1')
      await once(plain, 'listening')
      bench.nodes = { 'worker-1': bench.node((plain.address() as AddressInfo).port) }
      const why = await bench.why()
      plain.closeAllConnections()
      plain.close()
      expect(why).to.match(/^cannot be reached \(\w+\)$/)
    })

    const certificates: readonly [string, () => Promise<Issued>, string][] = [
      ['is of another CA', async () => bench.issue(await issueAuthority(systemClock.now(), hours(1))), '(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|CERT_SIGNATURE_FAILURE)'],
      ['is of another address', () => issueLeaf(bench.ca, { dns: ['worker-1'], ips: ['127.0.0.2'] }, systemClock.now(), hours(1)), 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['has expired', () => issueLeaf(bench.ca, { dns: [], ips: ['127.0.0.1'] }, instant(systemClock.now() - hours(48)), hours(1)), 'CERT_HAS_EXPIRED'],
    ]
    for (const [title, issue, code] of certificates) {
      it(`when their certificate ${title}: our token does not leave`, async () => {
        bench.nodes = { 'worker-1': bench.node(await bench.listen(await issue())) }
        expect(await bench.why()).to.match(new RegExp(`^has a certificate that cannot be trusted \\(${code}\\): let kubelets get theirs from the cluster's CA \\(serverTLSBootstrap\\), or name the CA in metrics.kubelet.caFile$`))
        expect(bench.heard).to.deep.equal([])
      })
    }

    it('when the node is gone, cannot be read, or has no address', async () => {
      expect(values(await bench.ask('worker-9'))).to.equal('node worker-9 is gone')
      bench.nodes = { 'worker-1': { addresses: [] } }
      expect(values(await bench.ask())).to.equal('node worker-1 has no InternalIP')
      bench.refuseNodes = new ApiError({ kind: 'Forbidden', code: 403, request: 'GET' })
      expect(values(await bench.ask())).to.equal('the controller may not read nodes: apply config/rbac/optional/kubelet-metrics.yaml')
      bench.refuseNodes = new ApiError({ kind: 'Server', code: 503, request: 'GET' })
      expect(values(await bench.ask())).to.equal('node worker-1 cannot be read (503)')
      expect(bench.heard).to.deep.equal([])
    })
    it('when our own credentials cannot be read', async () => {
      bench.credentials = () => Promise.reject(Object.assign(new Error('sesame'), { code: 'ENOENT' }))
      expect(await bench.why()).to.equal('cannot be asked: the credentials or metrics.kubelet.caFile cannot be read (ENOENT)')
    })
  })

  describe('have certificates', () => {
    it('of the CA that the installation names', async () => {
      const file = join(dir, 'ca.pem')
      writeFileSync(file, bench.ca.cert)
      bench.credentials = async () => ({ tls: { ca: (await issueAuthority(systemClock.now(), hours(1))).cert, rejectUnauthorized: true }, authorization: 'Bearer sesame' })
      expect(await bench.why()).to.match(/^has a certificate that cannot be trusted/)
      await bench.reopen({ caFile: file })
      expect(values(await bench.ask())).to.deep.equal([['periods', 100], ['throttled', 25]])
      await bench.reopen({ caFile: join(dir, 'none.pem') })
      expect(await bench.why()).to.equal('cannot be asked: the credentials or metrics.kubelet.caFile cannot be read (ENOENT)')
    })
    it('that are verified even if those of the API server are not', async () => {
      bench.credentials = () => Promise.resolve({ tls: { rejectUnauthorized: false }, authorization: 'Bearer sesame' })
      expect(await bench.why()).to.match(/^has a certificate that cannot be trusted/)
      expect(bench.heard).to.deep.equal([])
    })
    it('that nobody verifies where the installation says so', async () => {
      bench.credentials = () => Promise.resolve({ tls: { rejectUnauthorized: true }, authorization: 'Bearer sesame' })
      await bench.reopen({ insecureSkipVerify: true })
      expect(values(await bench.ask())).to.deep.equal([['periods', 100], ['throttled', 25]])
    })
  })

  describe('have clocks', () => {
    const age = async (): Promise<number> => {
      const now = systemClock.now()
      const given = await bench.ask('worker-1', 'shop', now)
      if (given.kind === 'NoData') throw new Error(given.why)
      return now - (given.series[0]?.points[0]?.at ?? 0)
    }
    it('that may waver by a second, which makes no second sample of one: Date has whole seconds', async () => {
      const sampled = systemClock.now() - 10_000
      const told = async (behind: number): Promise<unknown> => {
        const date = Math.floor(systemClock.now() / 1000) * 1000 - behind
        bench.say(200, counters('shop', sampled), { ...TEXT, date: new Date(date).toUTCString() })
        const given = await bench.ask()
        return given.kind === 'NoData' ? given.why : given.series[0]?.points[0]?.at
      }
      expect([await told(0), await told(800), await told(0)]).to.deep.equal([sampled, sampled, sampled])
    })
    for (const by of [minutes(-4), minutes(4)]) {
      it(`that are ${by / 60_000} minutes away, which is made good`, async () => {
        bench.sayAhead(by)
        expect(await age()).to.be.within(8_000, 12_500)
      })
    }
    for (const by of [minutes(-6), minutes(6)]) {
      it(`that are ${by / 60_000} minutes away, which is no data`, async () => {
        bench.sayAhead(by)
        expect(await bench.why()).to.match(/^has a clock that is (?:5m59s|6m|6m1s) away from ours$/)
      })
    }
    it('and no samples of the future', async () => {
      bench.say(200, counters('shop', systemClock.now() + minutes(6)))
      expect(await bench.why()).to.equal('tells samples of the future')
    })
  })
})
