/** A Prometheus that is down, slow, empty, or tells nonsense and lies, asked by a controller on a real API server: nothing is done, and `explain` says why. */
import { expect } from 'chai'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubeskippy } from '../cli/access.ts'
import { deployment, inNamespace, useFixture } from '../healing/fixture.ts'

const ANOTHER_TIME = /NoData: .*answered for a time that is \S+ away: its clock or a cache in between is wrong$/m

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: string
  /** Seconds before now. */
  readonly age?: number
}

describe('a Prometheus that cannot be trusted', function () {
  this.timeout(400_000)
  const fixture = useFixture({ controller: false, node: false })
  let liar: Server
  let port: number
  let pods: readonly string[] = []
  let answer: (response: ServerResponse) => void = () => {}

  const json = (response: ServerResponse, body: unknown, code = 200): void => void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  const samples = (told: readonly Sample[]) => (response: ServerResponse): void =>
    json(response, { status: 'success', data: { resultType: 'vector', result: told.map(({ labels, value, age = 0 }) => ({ metric: labels, value: [Date.now() / 1000 - age, value] })) } })
  const ofPods = (value: string, more: Partial<Sample> = {}) => (response: ServerResponse): void => samples(pods.map((pod) => ({ labels: { namespace: 'shop', pod }, value, ...more })))(response)

  const policy = (mode: string, metric: object, name = 'heal'): object => ({
    apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name, namespace: 'shop' },
    spec: {
      mode,
      selector: { labelSelector: { matchLabels: { app: 'web' } } },
      triggers: [{ name: 'measured', type: 'metric', cooldownPeriod: '0s', metricTrigger: { operator: '>', threshold: 90, duration: '0s', ...metric } }],
      actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
      safetyRules: { healthCheckTimeout: '30m', stabilizationWindow: '5m' },
    },
  })

  const listen = async (): Promise<void> => {
    liar = createServer((request, response) => {
      request.resume().on('end', () => answer(response))
    })
    await once(liar.listen(port, '127.0.0.1'), 'listening')
    port = (liar.address() as AddressInfo).port
  }
  const hangUp = async (): Promise<void> => {
    liar.closeAllConnections()
    await new Promise((resolve) => liar.close(resolve))
  }

  before(async () => {
    port = 0
    await listen()
    fixture.own({ stop: hangUp })
    await fixture.namespace('shop')
    await fixture.apply(inNamespace('shop', deployment('web', 'always', { replicas: 3 })))
    pods = await eventually(async () => {
      const names = (await fixture.pods('shop')).map(({ metadata }) => metadata.name)
      expect(names).to.have.length(3)
      return names
    }, seconds(120))
    answer = ofPods('5')
    await fixture.apply(policy('automatic', { query: 'lock_age_seconds' }))
    await fixture.installation.startController({ flags: { 'sync-interval': '1s', 'prometheus-source': `name=main,url=http://127.0.0.1:${port},timeout=3s` } })
  })

  const explained = (expected: RegExp, name = 'heal'): Promise<string> =>
    eventually(async () => {
      const { code, stdout, stderr } = await kubeskippy(fixture.cluster, 'explain', `hp/${name}`, '-n', 'shop')
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).to.match(expected)
      return stdout
    }, seconds(120))
  const nothingDone = async (): Promise<void> => {
    expect(await fixture.actions('shop')).to.deep.equal([])
    expect(fixture.evictions('shop')).to.deep.equal([])
  }

  const cases: readonly (readonly [title: string, answer: (response: ServerResponse) => void, why: RegExp])[] = [
    ['has no series', samples([]), /NoData: lock_age_seconds has no series$/m],
    ['tells of others', samples([{ labels: { namespace: 'bank', pod: 'web-0' }, value: '950' }]), /NoData: lock_age_seconds has no series of namespace shop$/m],
    ['leaves the labels out', samples([{ labels: {}, value: '950' }]), /NoData: lock_age_seconds has series without label namespace/m],
    ['tells what is not a number', ofPods('NaN'), /NoData: its value is NaN/m],
    ['tells what is without an end', ofPods('+Inf'), /NoData: its value is infinite/m],
    ['tells of long ago', ofPods('950', { age: 400 }), ANOTHER_TIME],
    ['tells of what is to come', ofPods('950', { age: -400 }), ANOTHER_TIME],
    ['tells 10 MB', (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.alloc(10_000_000, ' ')), /NoData: .*answered more than 8 MiB: aggregate, or narrow the selectors$/m],
    ['sends us elsewhere', (response) => void response.writeHead(302, { location: 'http://elsewhere.example/login' }).end(), /NoData: .*redirects \(302\) to http:\/\/elsewhere\.example\/login: redirects are not followed/m],
    ['is a web page', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), /NoData: .*answered 200 with a web page/m],
    ['stops in the middle', (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"success","data":{"resu'), /NoData: .*not JSON/m],
    ['says that it cannot', (response) => json(response, { status: 'error', errorType: 'execution', error: 'out of \u001b[31mmemory' }, 422), /NoData: .*cannot evaluate the query: out of \[31mmemory$/m],
    ['says nothing', () => {}, /NoData: .*did not answer within 3s$/m],
  ]
  for (const [title, lie, why] of cases) {
    it(`one that ${title}`, async () => {
      answer = ofPods('5')
      await explained(/measured: Quiet/)
      answer = lie
      await explained(why)
      await nothingDone()
    })
  }

  it('one that is gone, and comes back', async () => {
    await hangUp()
    await explained(/NoData: .*cannot be reached \(ECONNREFUSED\)$/m)
    answer = ofPods('5')
    await listen()
    await explained(/measured: Quiet/)
    await nothingDone()
  })

  it('one that says of everything that it is broken: an outage of something else', async () => {
    answer = ofPods('950')
    await explained(/decision +StormGate: .*too many objects of the policy at once/)
    await nothingDone()
  })

  it('no metrics-server', async () => {
    await fixture.apply(policy('automatic', { query: 'memory_usage_percent' }, 'memory'))
    await explained(/NoData: metrics-server is not installed: the API metrics\.k8s\.io is not served$/m, 'memory')
    await nothingDone()
  })
})
