/** The door in operation: down, restarted, twice, with its bundle blanked, its Secret spoilt, and fed with garbage. */
import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { CONTROLLER_USER, MUTATING_CONFIGURATION, OPERATOR_NAMESPACE, VALIDATING_CONFIGURATION, WEBHOOK_TLS_SECRET } from '../../shared/api/v1alpha1/names.ts'
import { millis } from '../../shared/lib/time.ts'
import { rawPolicy } from '../../shared/rules/test-policy.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startAsker } from './asker.ts'
import { openDoor, send, type Door } from './door.ts'

const policy = (name: string, metadata: Record<string, unknown> = {}): string =>
  stringify({ ...rawPolicy(), metadata: { name, namespace: 'shop', ...metadata } }, { version: '1.1' })
const BAD = stringify(rawPolicy({ safetyRules: { maxActionsPerHour: 99 } }), { version: '1.1' })

describe('the front door in operation', function () {
  this.timeout(300_000)
  let door: Door
  before(async () => {
    door = await openDoor()
  })
  after(async () => door?.stop())

  const apply = (input: string, ...flags: string[]) => door.kubectl(['apply', '-f', '-', ...flags], { input })
  const bundle = async (configuration: string): Promise<string> =>
    Buffer.from(await door.must(['get', configuration, '-o', 'jsonpath={.webhooks[0].clientConfig.caBundle}']), 'base64').toString()
  const validating = `validatingwebhookconfiguration/${VALIDATING_CONFIGURATION}`
  const mutating = `mutatingwebhookconfiguration/${MUTATING_CONFIGURATION}`
  /** The bundle is looked at every ten seconds, and API servers learn of the change by a watch. */
  const healed = async (assertion: () => Promise<unknown>): Promise<void> => void (await eventually(assertion, millis(90_000)))
  const works = async (): Promise<void> => {
    const { code, stderr } = await apply(BAD)
    expect([code, stderr.includes('[KS401]')], stderr).to.deep.equal([1, true])
  }
  /** Serial number of what is served at the URL, once it is verified by the authorities. */
  const verified = (url: string, ca: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), ca, servername: 'localhost' }, () => {
        resolve(socket.getPeerX509Certificate()?.serialNumber ?? '')
        socket.destroy()
      })
      socket.on('error', reject)
    })

  it('refuses and publishes the same authority in both configurations', async () => {
    await works()
    expect(await bundle(mutating)).to.equal(await bundle(validating))
  })

  it('a restart keeps authority and certificate', async () => {
    const before = [await bundle(validating), await verified(door.url, await bundle(validating))]
    await door.program.stop()
    await door.program.start()
    await door.program.ready()
    expect([await bundle(validating), await verified(door.url, await bundle(validating))]).to.deep.equal(before)
    await works()
  })

  it('a crash while down keeps policies out, and lets everything else pass', async () => {
    await door.must(['apply', '-f', '-'], { input: policy('doomed', { finalizers: ['example.com/hold'] }) })
    await door.must(['create', 'namespace', 'brief'])
    await door.must(['apply', '-f', '-'], { input: policy('doomed', { namespace: 'brief' }) })
    await door.program.kill()
    try {
      const { code, stderr } = await apply(policy('late'))
      expect(code).to.equal(1)
      expect(stderr).to.contain('failed calling webhook')
      // The controller's own writes do not pass the door.
      await door.must(['-n', 'shop', 'label', 'hp', 'doomed', 'a=b', '--as', CONTROLLER_USER, '--as-group', 'system:masters'])
      await door.must(['-n', 'shop', 'delete', 'hp', 'doomed', '--wait=false'])
      await door.must(['-n', 'shop', 'patch', 'hp', 'doomed', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'])
      await door.must(['delete', 'namespace', 'brief', '--timeout=180s'])
    } finally {
      await door.program.start()
      await door.program.ready()
    }
    await works()
  })

  it('puts back a bundle that was blanked by hand, and changes nothing else', async () => {
    await door.must(['patch', validating, '--type=json', '-p', JSON.stringify([{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }, { op: 'replace', path: '/webhooks/0/timeoutSeconds', value: 7 }])])
    await healed(async () => expect(await bundle(validating)).to.equal(await bundle(mutating)))
    expect(await door.must(['get', validating, '-o', 'jsonpath={.webhooks[0].timeoutSeconds}'])).to.equal('7')
    await healed(works)
  })

  it('is not ready while the configuration by which it judges is missing, and ready again when it is back', async () => {
    const stored = await door.must(['get', validating, '-o', 'json'])
    const ready = async (): Promise<readonly [number, string]> => {
      const answer = await fetch(`${door.probes}/readyz`)
      return [answer.status, await answer.text()]
    }
    await door.must(['delete', validating])
    await healed(async () => {
      const [status, text] = await ready()
      expect([status, text.includes(`[-]validating configuration failed: ${VALIDATING_CONFIGURATION} does not exist`)], text).to.deep.equal([500, true])
    })
    const { metadata: _, ...rest } = JSON.parse(stored) as Record<string, unknown>
    await door.must(['create', '-f', '-'], { input: JSON.stringify({ ...rest, metadata: { name: VALIDATING_CONFIGURATION } }) })
    await healed(async () => expect((await ready())[0]).to.equal(200))
    await healed(works)
  })

  it('is ready without the mutating configuration, says so, judges, and publishes its bundle when it is back', async () => {
    const stored = await door.must(['get', mutating, '-o', 'json'])
    const told = async (): Promise<readonly [number, string]> => {
      const answer = await fetch(`${door.probes}/readyz?verbose`)
      return [answer.status, (await answer.text()).split('\n').find((line) => line.includes('mutating')) ?? '']
    }
    await door.must(['delete', mutating])
    await healed(async () => expect(await told()).to.deep.equal([200, `[!]mutating configuration: ${MUTATING_CONFIGURATION} does not exist`]))
    expect((await fetch(`${door.probes}/readyz`)).status).to.equal(200)
    await works()
    const { metadata: _, webhooks, ...rest } = JSON.parse(stored) as { readonly metadata: unknown; readonly webhooks: readonly { readonly clientConfig: object }[] }
    const bare = webhooks.map(({ clientConfig, ...one }) => ({ ...one, clientConfig: { ...clientConfig, caBundle: undefined } }))
    await door.must(['create', '-f', '-'], { input: JSON.stringify({ ...rest, webhooks: bare, metadata: { name: MUTATING_CONFIGURATION } }) })
    await healed(async () => expect(await bundle(mutating)).to.equal(await bundle(validating)))
    await healed(async () => expect(await told()).to.deep.equal([200, '[+]mutating configuration ok']))
  })

  it('a second replica serves by the same Secret', async () => {
    await door.second.start()
    await door.second.ready()
    const url = `https://127.0.0.1:${door.cluster.sparePorts[2]}`
    expect(await verified(url, await bundle(validating))).to.equal(await verified(door.url, await bundle(validating)))
  })

  it('two replicas make one new Secret from a spoilt one, and the door never stays shut', async () => {
    const before = await bundle(validating)
    await door.must(['-n', OPERATOR_NAMESPACE, 'patch', 'secret', WEBHOOK_TLS_SECRET, '--type=merge', '-p', '{"data":{"tls.key":"AAAA"}}'])
    await healed(async () => expect(await bundle(validating)).to.not.equal(before))
    await healed(works)
    const secondUrl = `https://127.0.0.1:${door.cluster.sparePorts[2]}`
    await healed(async () => {
      const now = await bundle(validating)
      const [first] = now.split(/(?<=-----END CERTIFICATE-----\n)/)
      expect(await verified(door.url, first ?? '')).to.equal(await verified(secondUrl, first ?? ''))
    })
    const data = await door.must(['-n', OPERATOR_NAMESPACE, 'get', 'secret', WEBHOOK_TLS_SECRET, '-o', 'jsonpath={.data.tls\\.crt}'])
    expect(await verified(door.url, await bundle(validating))).to.equal(new X509Certificate(Buffer.from(data, 'base64')).serialNumber)
    await works()
    await door.second.stop()
  })

  it('a Secret that was deleted is made anew', async () => {
    await door.must(['-n', OPERATOR_NAMESPACE, 'delete', 'secret', WEBHOOK_TLS_SECRET])
    await healed(async () => {
      // Meanwhile the old certificate is served, and its authority stays published.
      await works()
      expect((await door.kubectl(['-n', OPERATOR_NAMESPACE, 'get', 'secret', WEBHOOK_TLS_SECRET])).code).to.equal(0)
    })
    await healed(works)
  })

  it('an object of 3 MB gets a clean answer from the API server, and a review of one from the door', async () => {
    const junk = stringify({ ...rawPolicy(), junk: 'x'.repeat(2_900_000) })
    const { code, stderr } = await door.kubectl(['create', '--validate=false', '-f', '-'], { input: junk })
    expect(code === 0 || /too large|TooLarge|too long|413/i.test(stderr), stderr.slice(0, 500)).to.equal(true)
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u', operation: 'UPDATE', namespace: 'shop', name: 'a', resource: { group: 'kubeskippy.io', version: 'v1alpha1', resource: 'healingpolicies' }, object: { ...rawPolicy(), junk: 'x'.repeat(3_000_000) }, oldObject: { ...rawPolicy(), junk: 'y'.repeat(3_000_000) } } }
    const answer = await send(`${door.url}/validate`, { body: JSON.stringify(review) })
    expect([answer.code, (JSON.parse(answer.body) as { response: { allowed: boolean } }).response.allowed]).to.deep.equal([200, true])
  })

  it('garbage by raw HTTPS is a clean 4xx, and the door stays open', async () => {
    const cases: [string, Parameters<typeof send>[1], number][] = [
      ['/validate', { body: '' }, 400],
      ['/validate', { body: '{}' }, 400],
      ['/validate', { body: '[1' }, 400],
      ['/mutate', { body: 'x', headers: { 'content-type': 'text/plain' } }, 415],
      ['/validate', { method: 'GET' }, 405],
      ['/', { body: '{}' }, 404],
      ['/../../etc/passwd', { method: 'GET' }, 404],
      ['/validate', { body: Buffer.alloc(9 * 1024 * 1024, 0x5b) }, 413],
    ]
    for (const [path, sent, code] of cases) expect((await send(`${door.url}${path}`, sent)).code, path).to.equal(code)
    await works()
  })

  it('strangers that hold more connections than there may be, and feed them slowly, shut nobody out', async () => {
    const port = Number(new URL(door.url).port)
    const body = `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 8000000\r\n\r\n${' '.repeat(10_000)}`
    const strangers = Array.from({ length: 300 }, (_, index) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
        if (index % 2 === 0) socket.write(body)
      })
      socket.on('error', () => {}).resume()
      return socket
    })
    try {
      await eventually(() => expect(strangers.filter(({ destroyed, authorizationError }) => !destroyed && authorizationError !== null).length).to.be.above(200), millis(20_000))
      for (let i = 0; i < 5; i++) await works()
      expect((await fetch(`${door.probes}/readyz`)).status).to.equal(200)
    } finally {
      for (const socket of strangers) socket.destroy()
    }
    await works()
  })

  // Each of these ports is served by the same thread as reviews are.
  it('clients that ask again and again before they are answered, at every port: reviews go on', async () => {
    const askers = [
      await startAsker(door.url, '/metrics'),
      await startAsker(door.url, '/validate'),
      await startAsker(door.probes, '/readyz?verbose'),
      await startAsker(door.program.metricsUrl, '/metrics'),
    ]
    try {
      for (let i = 0; i < 10; i++) await works()
      for (const asker of askers) expect(asker.sent(), asker.url).to.be.above(1000)
    } finally {
      for (const asker of askers) asker.stop()
    }
  })

  it('counts reviews and rules', async () => {
    const text = await (await fetch(door.program.metricsUrl)).text()
    expect(text).to.match(/kubeskippy_admission_reviews_total\{webhook="validate",operation="CREATE",verdict="denied"\} [1-9]/)
    expect(text).to.match(/kubeskippy_safety_validations_total\{rule="KS401",severity="E"\} [1-9]/)
    expect(text).to.contain('kubeskippy_safety_validations_total{rule="KS105",severity="E"} 0')
  })
})
