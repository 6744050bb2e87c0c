import { expect } from 'chai'
import { parse } from 'yaml'
import { issueAuthority, issueLeaf } from '../../certs/issue.ts'
import { MUTATING_CONFIGURATION, VALIDATING_CONFIGURATION, WEBHOOK_TLS_SECRET } from '../../shared/api/v1alpha1/names.ts'
import { NAMESPACES, SECRETS } from '../../shared/kube/resources.ts'
import { hours, type Millis } from '../../shared/lib/time.ts'
import { servedNames, TARGETS } from '../../webhook/certificates.ts'
import { webhookConfigurations } from '../../webhook/manifests.ts'
import { setUpCli, type BenchOptions } from '../testing/bench.ts'

const KEY = { namespace: 'kubeskippy-system', name: WEBHOOK_TLS_SECRET }
const days = (n: number): Millis => hours(24 * n)

interface Configuration {
  readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle?: string } }[]
}

function setUp(options: BenchOptions & { readonly configured?: false } = {}) {
  const bench = setUpCli(options)
  const { cluster } = bench
  cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: KEY.namespace } })
  if (options.configured !== false) {
    for (const manifest of webhookConfigurations({ kind: 'service' }) as readonly { kind: string; metadata: { name: string } }[]) {
      const target = TARGETS.find(({ resource }) => resource.kind === manifest.kind)
      if (target !== undefined) cluster.seed(target.resource, manifest as never)
    }
  }
  const stored = (): Readonly<Record<string, string>> | undefined => (cluster.peek(SECRETS, KEY) as { readonly data?: Record<string, string> } | undefined)?.data
  const bundles = (): string[] => TARGETS.flatMap(({ resource, name }) => (cluster.must(resource, { name }) as Configuration).webhooks?.map(({ clientConfig }) => clientConfig.caBundle ?? '') ?? [])
  return { ...bench, stored, bundles }
}

describe('kubeskippy certs ensure', () => {
  it('makes the certificate and publishes its CA everywhere', async () => {
    const { run, stored, bundles } = setUp()
    const { code, out, err } = await run('certs ensure')
    expect({ code, err }).to.deep.equal({ code: 0, err: '' })
    expect(out.split('\n')).to.deep.equal([
      'making certificates, secret kubeskippy-webhook-tls, renewal authority',
      `ca bundle published, configuration ${VALIDATING_CONFIGURATION}`,
      `ca bundle published, configuration ${MUTATING_CONFIGURATION}`,
      'kubeskippy-webhook-tls: valid until 2030-04-01T00:00:00.000Z',
      '',
    ])
    expect(bundles().every((bundle) => bundle === stored()?.['ca.crt'])).to.equal(true)
    expect((await run('certs show')).code).to.equal(0)
  })

  it('writes nothing before it is time, and renews the certificate under its CA when it is', async () => {
    const { run, clock, cluster, stored } = setUp()
    await run('certs ensure')
    const [first, writes] = [stored(), cluster.journal.writes.length]
    clock.jump((days(60) - 1000) as Millis)
    expect((await run('certs ensure')).code).to.equal(0)
    expect(cluster.journal.writes).to.have.length(writes)
    clock.jump(1000 as Millis)
    expect((await run('certs ensure')).out).to.contain('renewal leaf')
    expect([stored()?.['ca.crt'], stored()?.['tls.crt'] === first?.['tls.crt']]).to.deep.equal([first?.['ca.crt'], false])
    expect((await run('certs show')).out).to.match(/trusted {2}yes/)
  })

  it('says what is missing, and keeps what it has made', async () => {
    const { run, stored } = setUp({ configured: false })
    const { code, err } = await run('certs ensure')
    expect({ code, err }).to.deep.equal({ code: 1, err: `error: ${VALIDATING_CONFIGURATION} does not exist\nerror: ${MUTATING_CONFIGURATION} does not exist\n` })
    expect(stored()).to.have.property('tls.crt')
  })

  it('takes turns with a webhook that writes between its read and its write', async () => {
    const { run, cluster, bundles, stored } = setUp()
    let others = 0
    cluster.faults.add(({ verb, resource, name = '' }) => {
      if (verb === 'patch' && others++ < 3) cluster.change(resource, { name }, (object) => ({ ...object, metadata: { ...object.metadata, labels: { touched: String(others) } } }))
      return undefined
    })
    expect(await run('certs ensure')).to.include({ code: 0, err: '' })
    expect(others).to.be.above(3)
    expect(bundles().every((bundle) => bundle === stored()?.['ca.crt'])).to.equal(true)
  })

  it('says what it may not do', async () => {
    const { code, err } = await setUp({ deny: ({ verb }) => (verb === 'create' ? 'no' : undefined) }).run('certs ensure')
    expect(code).to.equal(1)
    expect(err).to.match(/^error: .*secrets/)
  })
})

describe('kubeskippy certs show', () => {
  it('says that there is none', async () => {
    const { code, out } = await setUp().run('certs show')
    expect(code).to.equal(1)
    expect(out).to.equal('secret   kubeskippy-system/kubeskippy-webhook-tls\ntrusted  no: the Secret kubeskippy-webhook-tls does not exist\n')
  })

  it('says the same as data', async () => {
    const { run } = setUp()
    await run('certs ensure')
    const wanted = { namespace: KEY.namespace, secret: KEY.name, expires: '2030-04-01T00:00:00.000Z', trusted: true }
    expect(JSON.parse((await run('certs show -o json')).out)).to.deep.equal(wanted)
    expect(parse((await run('certs show -o yaml')).out)).to.deep.equal(wanted)
  })

  it('says when another CA is published, and writes nothing', async () => {
    const { run, cluster, clock } = setUp()
    await run('certs ensure')
    const authority = await issueAuthority(clock.now(), days(700))
    const leaf = await issueLeaf(authority, servedNames(KEY.namespace), clock.now(), days(90))
    const encode = (text: string): string => Buffer.from(text).toString('base64')
    cluster.change(SECRETS, KEY, (secret) => ({ ...secret, data: { 'tls.crt': encode(leaf.cert), 'tls.key': encode(leaf.key) } }))
    const writes = cluster.journal.writes.length
    const { code, out } = await run('certs show')
    expect(code).to.equal(1)
    expect(out).to.contain('does not hold the authority')
    expect(cluster.journal.writes).to.have.length(writes)
  })

  for (const [when, span, code] of [['just before its end', days(90) - 1000, 0], ['at its end', days(90), 1]] as const) {
    it(`exits with ${code} ${when}`, async () => {
      const { run, clock } = setUp()
      await run('certs ensure')
      clock.jump(span as Millis)
      expect((await run('certs show')).code).to.equal(code)
    })
  }
})
