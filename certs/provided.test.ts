import { expect } from 'chai'
import { MUTATING_WEBHOOKS, NAMESPACES, SECRETS, VALIDATING_WEBHOOKS } from '../shared/kube/resources.ts'
import { hours, type Millis } from '../shared/lib/time.ts'
import { silentLogger } from '../shared/runtime/logger.ts'
import { FakeClock } from '../shared/testing/fake-clock.ts'
import { FakeCluster } from '../shared/testing/fake-cluster/fake-cluster.ts'
import { issueAuthority, issueLeaf, type Issued } from './issue.ts'
import { ProvidedCertificates } from './provided.ts'

const secret = { namespace: 'kubeskippy-system', name: 'tls' }
const days = (n: number): Millis => hours(24 * n)
const HOST = 'door.kubeskippy-system.svc'

describe('certificates that somebody else provides', () => {
  let [old, next]: Issued[] = []
  const clock = new FakeClock()
  let leafOf: (authority: Issued | undefined, host?: string, validity?: Millis) => Promise<Issued>
  before(async () => {
    const made = await Promise.all([issueAuthority(clock.now(), days(700)), issueAuthority(clock.now(), days(700))])
    ;[old, next] = made
    leafOf = (authority = made[0], host = HOST, validity = days(90)) => issueLeaf(authority, { dns: [host], ips: [] }, clock.now(), validity)
  })

  function setup() {
    const cluster = new FakeCluster({ clock, timers: clock })
    cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: secret.namespace } })
    const targets = [
      { resource: VALIDATING_WEBHOOKS, name: 'v', kind: 'ValidatingWebhookConfiguration' },
      { resource: MUTATING_WEBHOOKS, name: 'm', kind: 'MutatingWebhookConfiguration' },
    ]
    const configure = (...bundles: (Issued | undefined)[]): void => {
      const caBundle = Buffer.from(bundles.map((one) => one?.cert ?? '').join('')).toString('base64')
      for (const { resource, name, kind } of targets) {
        const webhooks = [{ name: 'ours', clientConfig: { service: { namespace: secret.namespace, name: 'door' }, ...(caBundle === '' ? {} : { caBundle }) } }]
        const object = { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name }, webhooks }
        if (cluster.all(resource).length === 0) cluster.seed(resource, object)
        else cluster.change(resource, { name }, (stored) => ({ ...stored, webhooks }))
      }
    }
    const encode = (text: string): string => Buffer.from(text).toString('base64')
    /** As cert-manager writes it: `ca.crt` without a key. */
    const store = ({ cert, key }: Issued, authority = old): void => {
      const data = { 'tls.crt': encode(cert), 'tls.key': encode(key), 'ca.crt': encode(authority?.cert ?? '') }
      if (cluster.all(SECRETS).length === 0) cluster.seed(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: secret, type: 'kubernetes.io/tls', data })
      else cluster.change(SECRETS, secret, (stored) => ({ ...stored, data }))
    }
    const served: string[] = []
    const certificates = new ProvidedCertificates({
      api: cluster.client('door'), clock, log: silentLogger, secret,
      targets: targets.map(({ resource, name }) => ({ resource, name, webhooks: ['ours'], ...(name === 'm' ? { optional: true as const } : {}) })),
      serve: ({ cert }) => void served.push(cert),
    })
    return { cluster, configure, store, served, certificates }
  }

  it('are served, and nothing is written', async () => {
    const { configure, store, served, certificates, cluster } = setup()
    configure(old)
    const leaf = await leafOf(old)
    store(leaf)
    expect(await certificates.check()).to.equal(undefined)
    expect(await certificates.check()).to.equal(undefined)
    expect(served).to.deep.equal([leaf.cert])
    expect(certificates.expires).to.equal(clock.now() + days(90))
    expect(cluster.journal.writes).to.deep.equal([])
  })

  it('that are not there yet are waited for', async () => {
    const { configure, store, served, certificates } = setup()
    configure()
    expect(await certificates.check()).to.equal('the Secret tls does not exist')
    store(await leafOf(old))
    expect(await certificates.check()).to.equal('v has no caBundle: nobody has put one there yet')
    configure(old)
    expect(await certificates.check()).to.equal(undefined)
    expect(served).to.have.lengthOf(1)
  })

  it('a configuration that API servers go on without is told, and keeps nobody waiting', async () => {
    const { configure, store, certificates, cluster } = setup()
    store(await leafOf(old))
    configure(old)
    cluster.drop(MUTATING_WEBHOOKS, { name: 'm' })
    expect([await certificates.check(), certificates.remark]).to.deep.equal([undefined, 'm does not exist'])
    configure(next)
    expect(await certificates.check()).to.contain('the caBundle of v does not hold')
    expect(certificates.remark).to.contain('the caBundle of m does not hold')
  })

  it('a webhook that somebody has taken out of a configuration is told', async () => {
    const { configure, store, certificates, cluster } = setup()
    store(await leafOf(old))
    configure(old)
    cluster.change(VALIDATING_WEBHOOKS, { name: 'v' }, (stored) => ({ ...stored, webhooks: [] }))
    expect(await certificates.check()).to.equal('v does not exist')
    configure(old)
    expect(await certificates.check()).to.equal(undefined)
  })

  it('that nobody would trust are told', async () => {
    const { configure, store, certificates } = setup()
    store(await leafOf(old))
    expect(await certificates.check()).to.equal('v does not exist')
    configure(next)
    expect(await certificates.check()).to.equal('the caBundle of v does not hold the authority of the certificate in the Secret')
    configure(old)
    store(await leafOf(old, 'elsewhere.example'))
    expect(await certificates.check()).to.equal(undefined, 'what is served is still the good one')
    const fresh = setup()
    fresh.configure(old)
    fresh.store(await leafOf(old, 'elsewhere.example'))
    expect(await fresh.certificates.check()).to.equal(`the certificate in the Secret is not valid for ${HOST}, by which v leads here`)
  })

  it('a new leaf of the same authority is served at once', async () => {
    const { configure, store, served, certificates } = setup()
    configure(old)
    store(await leafOf(old))
    await certificates.check()
    store(await leafOf(old))
    expect(await certificates.check()).to.equal(undefined)
    expect(served).to.have.lengthOf(2)
  })

  it('a leaf of a new authority is served when the bundle holds that, in either order', async () => {
    for (const injectedFirst of [false, true]) {
      const { configure, store, served, certificates } = setup()
      configure(old)
      store(await leafOf(old))
      await certificates.check()
      if (injectedFirst) configure(next)
      else store(await leafOf(next), next)
      const between = await certificates.check()
      expect(between === undefined, 'what is served is trusted').to.equal(!injectedFirst)
      expect(served).to.have.lengthOf(1)
      if (injectedFirst) store(await leafOf(next), next)
      else configure(next)
      expect(await certificates.check()).to.equal(undefined)
      expect(served).to.have.lengthOf(2)
    }
  })

  it('a Secret that is spoilt or gone changes nothing about what is served', async () => {
    const { configure, store, served, certificates, cluster } = setup()
    configure(old)
    const leaf = await leafOf(old)
    store(leaf)
    await certificates.check()
    for (const spoilt of [{ ...leaf, key: 'x' }, { ...leaf, cert: '' }, { ...leaf, key: (await leafOf(old)).key }]) {
      store(spoilt)
      expect(await certificates.check()).to.equal(undefined)
    }
    cluster.drop(SECRETS, secret)
    expect(await certificates.check()).to.equal(undefined)
    expect(served).to.have.lengthOf(1)
  })

  it('a chain is followed to the authority in the bundle, and an expired authority is none', async () => {
    const { configure, store, served, certificates } = setup()
    configure(old, next)
    const leaf = await leafOf(next)
    store({ cert: `${leaf.cert}${next?.cert ?? ''}`, key: leaf.key })
    expect(await certificates.check()).to.equal(undefined)
    expect(served).to.have.lengthOf(1)
    const short = await issueAuthority(clock.now(), hours(1))
    const late = setup()
    late.configure(short)
    late.store(await leafOf(short))
    expect(await late.certificates.check()).to.equal(undefined)
    clock.jump(hours(2))
    expect(await late.certificates.check()).to.match(/does not hold the authority/)
  })
  it('of a door outside of the cluster are valid for its address', async () => {
    const authority = await issueAuthority(clock.now(), days(700))
    const store = async (cluster: FakeCluster, ips: readonly string[]): Promise<void> => {
      const leaf = await issueLeaf(authority, { dns: [HOST], ips }, clock.now(), days(90))
      const data = Object.fromEntries(Object.entries({ 'tls.crt': leaf.cert, 'tls.key': leaf.key }).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
      cluster.seed(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: secret, type: 'kubernetes.io/tls', data })
    }
    const caBundle = Buffer.from(authority.cert).toString('base64')
    for (const [url, ips, problem] of [
      ['https://127.0.0.1:9443/validate', ['127.0.0.1'], undefined],
      ['https://[::1]:9443/validate', ['::1'], undefined],
      ['https://127.0.0.1:9443/validate', [], 'the certificate in the Secret is not valid for 127.0.0.1, by which v leads here'],
      ['https://[::1]:9443/validate', ['127.0.0.1'], 'the certificate in the Secret is not valid for ::1, by which v leads here'],
      [`https://${HOST}/validate`, [], undefined],
    ] as const) {
      const { cluster, configure, certificates } = setup()
      configure(authority)
      await store(cluster, ips)
      for (const [resource, name] of [[VALIDATING_WEBHOOKS, 'v'], [MUTATING_WEBHOOKS, 'm']] as const) cluster.change(resource, { name }, (stored) => ({ ...stored, webhooks: [{ name: 'ours', clientConfig: { url, caBundle } }] }))
      expect(await certificates.check(), `${url} ${ips.join(',')}`).to.equal(problem)
      cluster.change(VALIDATING_WEBHOOKS, { name: 'v' }, (stored) => ({ ...stored, webhooks: [{ name: 'ours', clientConfig: { url, caBundle: '' } }] }))
      expect(await certificates.check()).to.equal('v has no caBundle: nobody has put one there yet')
    }
  })
})
