/** The door under a constant load: replicas come and go, certificates are renewed, the API server restarts. */
import { X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { issueAuthority, issueLeaf, type Issued } from '../../certs/issue.ts'
import { toSecretData } from '../../certs/material.ts'
import { OPERATOR_NAMESPACE, VALIDATING_CONFIGURATION, WEBHOOK_TLS_SECRET } from '../../shared/api/v1alpha1/names.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { hours, millis, seconds } from '../../shared/lib/time.ts'
import { rawPolicy } from '../../shared/rules/test-policy.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { openDoor, type Door } from './door.ts'
import { startLoad, type Load, type Outcome } from './load.ts'
import { startService, type Service } from './service.ts'

const PER_SECOND = 50
/** How far the certificates are from their renewal when the suite begins; both are real, and so are the clocks. */
const UNTIL_LEAF = seconds(60)
const UNTIL_AUTHORITY = seconds(150)

const named = (name: string, spec: Record<string, unknown> = {}): string => stringify({ ...rawPolicy(spec), metadata: { name, namespace: 'shop' } }, { version: '1.1' })
const SPECIMENS = [
  { body: named('good') },
  { body: named('bad', { safetyRules: { maxActionsPerHour: 99 } }), refusedWith: 'spec.safetyRules.maxActionsPerHour: [KS401]' },
  { body: named('good-too', { mode: 'monitor' }) },
  { body: named('bad-too', { selector: { resources: [{ apiVersion: 'v1', kind: 'Pod' }] } }), refusedWith: 'spec.selector.labelSelector: [KS101]' },
]

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

describe('the front door under load', function () {
  this.timeout(480_000)
  let door: Door
  let service: Service
  let load: Load
  let prepared: { readonly authority: Issued; readonly leaf: Issued; readonly at: number }
  const day = hours(24)

  before(async () => {
    door = await openDoor({
      flags: { 'quiet-period': '5s' },
      front: async (replicas) => {
        service = await startService(replicas)
        return `https://127.0.0.1:${service.port}`
      },
      prepare: async (must) => {
        const now = systemClock.now()
        const authority = await issueAuthority(now, millis(180 * day + UNTIL_AUTHORITY))
        const leaf = await issueLeaf(authority, { dns: ['kubeskippy-webhook', ...['', '.svc', '.svc.cluster.local'].map((suffix) => `kubeskippy-webhook.${OPERATOR_NAMESPACE}${suffix}`), 'localhost'], ips: ['127.0.0.1'] }, now, millis(30 * day + UNTIL_LEAF))
        const secret = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { namespace: OPERATOR_NAMESPACE, name: WEBHOOK_TLS_SECRET }, data: toSecretData({ caBundle: authority.cert, caKey: authority.key, ...leaf }) }
        await must(['apply', '-f', '-'], { input: JSON.stringify(secret) })
        prepared = { authority, leaf, at: performance.now() }
      },
    })
    await door.second.start()
    await door.second.ready()
    await bothReady()
    load = await startLoad(door.cluster.kubeconfig, 'shop', SPECIMENS, PER_SECOND)
    await delay(1_000)
  })
  after(async () => {
    await load?.stop()
    await door?.stop()
    await service?.stop()
  })

  const ports = (): readonly number[] => [door.cluster.sparePorts[0] ?? 0, door.cluster.sparePorts[2] ?? 0]
  const bothReady = (): Promise<unknown> => eventually(() => expect(service.endpoints).to.have.members([...ports()]), seconds(90))
  const authorities = async (): Promise<X509Certificate[]> => {
    const encoded = await door.must(['get', 'validatingwebhookconfiguration', VALIDATING_CONFIGURATION, '-o', 'jsonpath={.webhooks[0].clientConfig.caBundle}'])
    return (Buffer.from(encoded, 'base64').toString().match(PEM) ?? []).map((pem) => new X509Certificate(pem))
  }
  const served = (port: number): Promise<X509Certificate> =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false }, (answer) => {
        const certificate = (answer.socket as TLSSocket).getPeerX509Certificate()
        answer.resume().once('end', () => (certificate === undefined ? reject(new Error('no certificate')) : resolve(certificate)))
      })
      sent.on('error', reject).end()
    })
  /** Since the certificates were made. */
  const until = (span: number): Promise<void> => delay(Math.max(0, prepared.at + span - performance.now()))
  /** Runs `act`, then a little longer, and returns what became of every review that began since. */
  const during = async (act: () => Promise<void>): Promise<readonly Outcome[]> => {
    const since = performance.now()
    await act()
    await delay(1_000)
    // A slow machine takes longer for as many.
    await eventually(() => expect(load.outcomes.filter(({ started }) => started >= since).length).to.be.above(50), seconds(60))
    const outcomes = await load.settled(since)
    const rate = outcomes.length / ((performance.now() - since) / 1000)
    // A machine that is busy with other suites does not keep up: the number says what was measured.
    console.log(`      ${rate.toFixed(0)} of ${PER_SECOND} reviews a second`)
    expect(outcomes.length, 'reviews that were answered').to.be.above(50)
    return outcomes
  }
  const allRight = (outcomes: readonly Outcome[]): void => void expect(outcomes.flatMap(({ problem }) => problem ?? [])).to.deep.equal([])

  it('a leaf that is renewed: no review fails, no verdict is wrong', async () => {
    const outcomes = await during(async () => {
      await until(UNTIL_LEAF)
      await eventually(async () => {
        const [first, second] = await Promise.all(ports().map(served))
        expect(first?.serialNumber).to.equal(second?.serialNumber).and.not.equal(new X509Certificate(prepared.leaf.cert).serialNumber)
        expect(first?.verify(new X509Certificate(prepared.authority.cert).publicKey)).to.equal(true)
      }, seconds(80))
    })
    allRight(outcomes)
  })

  it('an authority that is renewed: none, and both are published', async () => {
    const outcomes = await during(async () => {
      await until(UNTIL_AUTHORITY)
      await eventually(async () => {
        const [next, ...earlier] = await authorities()
        expect(earlier.map(String)).to.deep.equal([String(new X509Certificate(prepared.authority.cert))])
        for (const leaf of await Promise.all(ports().map(served))) expect(next !== undefined && leaf.verify(next.publicKey)).to.equal(true)
      }, seconds(180))
    })
    allRight(outcomes)
  })

  it('a rolling restart of both replicas, twice: no review fails, no verdict is wrong', async () => {
    const outcomes = await during(async () => {
      for (const program of [door.program, door.second, door.program, door.second]) {
        await program.stop()
        await program.start()
        await program.ready()
        await bothReady()
      }
    })
    allRight(outcomes)
  })

  // The API server tries a call to a webhook once: what a dead replica has in hand, and connections that are made to it until its endpoint is gone, fail.
  it('a replica that is killed, again and again: no wrong verdict, and nothing fails once its endpoint is gone', async () => {
    const failed: number[] = []
    for (const victim of [door.program, door.second, door.program]) {
      let killed = 0
      let gone = 0
      const outcomes = await during(async () => {
        await delay(Math.random() * 500)
        killed = performance.now()
        await victim.kill()
        await eventually(() => expect(service.endpoints).to.have.lengthOf(1), seconds(30))
        gone = performance.now()
        await delay(1_000)
        await victim.start()
        await victim.ready()
        await bothReady()
      })
      const problems = outcomes.filter(({ problem }) => problem !== undefined)
      for (const { started, ended, problem } of problems) {
        expect(problem).to.match(/^failed: 500 .*(EOF|connection reset by peer|connection refused)/)
        expect(ended).to.be.above(killed)
        expect(started).to.be.below(gone)
      }
      // A connection that works is used again: it is not every call of that second. The most that was seen at one kill are seven.
      expect(problems.length).to.be.at.most(10 + ((gone - killed) / 1000) * PER_SECOND * 0.2)
      failed.push(problems.length)
    }
    console.log(`      failed at each kill: ${failed.join(', ')}`)
  })

  it('an API server that restarts: all is well again by itself', async () => {
    await door.cluster.restartApiServer()
    const since = performance.now()
    await eventually(async () => {
      const last = load.outcomes.slice(-100)
      expect(last.every(({ started, problem }) => started >= since && problem === undefined)).to.equal(true)
    }, seconds(180))
    expect([door.program.process, door.second.process]).to.not.include(undefined)
    allRight(await during(() => delay(3_000)))
  })

  it('as many reviews were sent in all that time as there should have been', async function () {
    // What a slow machine was late with is made up for.
    this.timeout(900_000)
    const due = await load.finished()
    expect(due).to.be.above(PER_SECOND * 30)
    expect(load.outcomes).to.have.lengthOf(due)
  })
})
