import { X509Certificate } from 'node:crypto'
import { expect } from 'chai'
import { MUTATING_WEBHOOKS, NAMESPACES, SECRETS, VALIDATING_WEBHOOKS } from '../shared/kube/resources.ts'
import { hours, seconds, type Millis } from '../shared/lib/time.ts'
import { silentLogger, type Logger } from '../shared/runtime/logger.ts'
import { METRICS } from '../shared/runtime/metric-table.ts'
import { noMetrics, type Sample } from '../shared/runtime/metrics.ts'
import { FakeClock } from '../shared/testing/fake-clock.ts'
import { FakeCluster } from '../shared/testing/fake-cluster/fake-cluster.ts'
import { SERVER_ERROR } from '../shared/testing/fake-cluster/faults.ts'
import { CertificateKeeper } from './keeper.ts'
import { OwnCertificates } from './own.ts'
import { issueAuthority, issueLeaf } from './issue.ts'
import { toSecretData, type Material } from './material.ts'
import { declareCertificateMetrics } from './metrics.ts'

const secret = { namespace: 'kubeskippy-system', name: 'tls' }
const days = (n: number): Millis => hours(24 * n)

interface Webhook {
  readonly name: string
  readonly clientConfig: { readonly url: string; readonly caBundle?: string }
}

function setup() {
  const clock = new FakeClock()
  const cluster = new FakeCluster({ clock, timers: clock })
  cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: secret.namespace } })
  const configuration = (names: readonly string[]) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    webhooks: names.map((name): Webhook => ({ name, clientConfig: { url: `https://127.0.0.1/${name}` } })),
  })
  const install = (): void => {
    cluster.seed(VALIDATING_WEBHOOKS, { ...configuration(['foreign', 'ours']), kind: 'ValidatingWebhookConfiguration', metadata: { name: 'v' } })
    cluster.seed(MUTATING_WEBHOOKS, { ...configuration(['ours']), kind: 'MutatingWebhookConfiguration', metadata: { name: 'm' } })
  }
  const warned: object[] = []
  const log: Logger = { ...silentLogger, warn: (_, fields) => void warned.push(fields ?? {}) }
  const keeperOf = (user: string, ours: readonly string[] = ['ours']) => {
    const served: Material[] = []
    const certificates = new OwnCertificates({
      api: cluster.client(user),
      clock,
      log: silentLogger,
      secret,
      names: { dns: ['localhost'], ips: [] },
      targets: [
        { resource: VALIDATING_WEBHOOKS, name: 'v', webhooks: ours },
        { resource: MUTATING_WEBHOOKS, name: 'm', webhooks: ['ours'], optional: true },
      ],
      serve: (material) => void served.push(material),
    })
    return { keeper: Object.assign(new CertificateKeeper({ certificates, clock, timers: clock, log }), { check: () => certificates.check(), told: () => certificates.remark }), served }
  }
  const webhooks = (resource = VALIDATING_WEBHOOKS, name = 'v'): Webhook[] => (cluster.must(resource, { name }) as unknown as { webhooks: Webhook[] }).webhooks
  const bundle = (): string => Buffer.from(webhooks().find(({ name }) => name === 'ours')?.clientConfig.caBundle ?? '', 'base64').toString()
  return { clock, cluster, warned, install, keeperOf, webhooks, bundle, writes: () => cluster.journal.writes }
}

const authorities = (bundle: string): X509Certificate[] => (bundle.match(/-----BEGIN[^-]+-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem))
const isTrusted = (served: Material | undefined, bundle: string): boolean => {
  const leaf = new X509Certificate(served?.cert ?? '')
  return authorities(bundle).some((authority) => leaf.checkIssued(authority) && leaf.verify(authority.publicKey))
}

describe('the keeper of certificates', () => {
  it('makes the secret, serves from it and publishes its authority, in our webhooks only', async () => {
    const { install, keeperOf, webhooks, bundle, cluster } = setup()
    install()
    const { keeper, served } = keeperOf('a')
    expect(await keeper.check()).to.equal(undefined)
    expect(served).to.have.lengthOf(1)
    expect(bundle()).to.equal(served[0]?.caBundle)
    expect(webhooks()[0]).to.deep.equal({ name: 'foreign', clientConfig: { url: 'https://127.0.0.1/foreign' } })
    expect(webhooks(MUTATING_WEBHOOKS, 'm')[0]?.clientConfig.caBundle).to.equal(webhooks()[1]?.clientConfig.caBundle)
    expect(cluster.must(SECRETS, secret)).to.have.property('type', 'kubernetes.io/tls')
  })

  it('writes nothing when nothing has changed', async () => {
    const { install, keeperOf, writes } = setup()
    install()
    const { keeper, served } = keeperOf('a')
    await keeper.check()
    const before = writes().length
    await keeper.check()
    expect(writes()).to.have.lengthOf(before)
    expect(served).to.have.lengthOf(1)
  })

  it('puts the bundle back where it was blanked', async () => {
    const { install, keeperOf, bundle, cluster } = setup()
    install()
    const { keeper, served } = keeperOf('a')
    await keeper.check()
    cluster.change(VALIDATING_WEBHOOKS, { name: 'v' }, (object) => ({ ...object, webhooks: [{ name: 'ours', clientConfig: { url: 'https://127.0.0.1/ours' } }] }))
    await keeper.check()
    expect(bundle()).to.equal(served[0]?.caBundle)
  })

  it('leaves a bundle to whom an annotation gives it, and says so', async () => {
    const { install, keeperOf, cluster, writes } = setup()
    install()
    const { keeper } = keeperOf('a')
    await keeper.check()
    cluster.change(VALIDATING_WEBHOOKS, { name: 'v' }, (object) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { 'cert-manager.io/inject-ca-from': 'a/b' } },
      webhooks: [{ name: 'ours', clientConfig: { url: 'https://127.0.0.1/ours', caBundle: 'AAAA' } }],
    }))
    const before = writes().length
    expect(await keeper.check()).to.match(/^v carries the annotation cert-manager\.io\/inject-ca-from, .*--certificates=provided$/)
    expect(writes()).to.have.lengthOf(before)
  })

  it('serves although a configuration is missing, and says so', async () => {
    const { install, keeperOf } = setup()
    const { keeper, served } = keeperOf('a')
    expect(await keeper.check()).to.equal('v does not exist')
    expect(served).to.have.lengthOf(1)
    install()
    expect(await keeper.check()).to.equal(undefined)
  })

  it('publishes to what is left of a configuration, and says what is not', async () => {
    const { install, keeperOf, cluster, bundle } = setup()
    const { keeper } = keeperOf('a', ['ours', 'other'])
    install()
    expect(await keeper.check()).to.equal('v has lost other: install it again')
    expect(authorities(bundle())).to.have.lengthOf(1)
    cluster.change(VALIDATING_WEBHOOKS, { name: 'v' }, (stored) => ({ ...stored, webhooks: [...(stored as unknown as { webhooks: Webhook[] }).webhooks, { name: 'other', clientConfig: { url: 'https://127.0.0.1/other' } }] }))
    expect([await keeper.check(), await keeper.check()]).to.deep.equal([undefined, undefined])
  })

  it('one that API servers go on without is told, mended, and keeps nobody waiting', async () => {
    const { install, keeperOf, cluster, webhooks } = setup()
    const { keeper } = keeperOf('a')
    install()
    const stored = cluster.must(MUTATING_WEBHOOKS, { name: 'm' })
    cluster.drop(MUTATING_WEBHOOKS, { name: 'm' })
    expect([await keeper.check(), keeper.told()]).to.deep.equal([undefined, 'm does not exist'])
    const { metadata: _, ...rest } = stored
    cluster.seed(MUTATING_WEBHOOKS, { ...rest, kind: 'MutatingWebhookConfiguration', metadata: { name: 'm' } })
    expect([await keeper.check(), keeper.told()]).to.deep.equal([undefined, undefined])
    expect(webhooks(MUTATING_WEBHOOKS, 'm')[0]?.clientConfig.caBundle).to.equal(webhooks().find(({ name }) => name === 'ours')?.clientConfig.caBundle)
    cluster.drop(VALIDATING_WEBHOOKS, { name: 'v' })
    expect([await keeper.check(), keeper.told()]).to.deep.equal(['v does not exist', undefined])
  })

  it('tells the end of its certificate and who trusts it, as of its last look', async () => {
    const { clock, cluster, install, keeperOf } = setup()
    const { keeper } = keeperOf('a')
    const reads = new Map<string, () => readonly Sample<string>[]>()
    declareCertificateMetrics({ ...noMetrics, sampled: (definition, read) => void reads.set(definition.name, read) }, keeper)
    const values = (name: string) => reads.get(name)?.().map(({ value }) => value)
    expect([values(METRICS.certificateEnd.name), values(METRICS.bundleInSync.name)]).to.deep.equal([[], [0, 0]])
    await keeper.start()
    expect(values(METRICS.bundleInSync.name), 'neither is there').to.deep.equal([0, 0])
    expect(values(METRICS.certificateEnd.name)).to.deep.equal([Number(keeper.expires) / 1000])
    expect(Number(keeper.expires)).to.be.within(clock.now() + days(89), clock.now() + days(91))
    install()
    await clock.advance(seconds(2))
    expect(values(METRICS.bundleInSync.name)).to.deep.equal([1, 1])
    cluster.drop(MUTATING_WEBHOOKS, { name: 'm' })
    await clock.advance(seconds(10))
    expect(values(METRICS.bundleInSync.name)).to.deep.equal([1, 0])
    await keeper.stop()
  })

  it('two of them at once agree on one secret', async () => {
    const { install, keeperOf, bundle } = setup()
    install()
    const [a, b] = [keeperOf('a'), keeperOf('b')]
    await Promise.all([a.keeper.check(), b.keeper.check()])
    await Promise.all([a.keeper.check(), b.keeper.check()])
    expect(a.served.at(-1)).to.deep.equal(b.served.at(-1))
    expect(bundle()).to.equal(a.served.at(-1)?.caBundle)
  })

  it('a restart keeps authority and leaf', async () => {
    const { install, keeperOf } = setup()
    install()
    const before = keeperOf('a')
    await before.keeper.check()
    const afterwards = keeperOf('a')
    await afterwards.keeper.check()
    expect(afterwards.served).to.deep.equal(before.served)
  })

  it('a new leaf of the same authority is served at once', async () => {
    const { install, keeperOf, clock, bundle } = setup()
    install()
    const { keeper, served } = keeperOf('a')
    await keeper.check()
    const first = bundle()
    clock.jump(days(61))
    await keeper.check()
    expect(served).to.have.lengthOf(2)
    expect(served[1]?.cert).to.not.equal(served[0]?.cert)
    expect(bundle()).to.equal(first)
  })

  it('a new authority is published beside the old one, a round before it is served by', async () => {
    const { install, keeperOf, clock, bundle } = setup()
    install()
    const [a, b] = [keeperOf('a'), keeperOf('b')]
    await a.keeper.check()
    await b.keeper.check()
    const [old] = authorities(bundle())
    // The leaf is renewed all along: at this time it is not what expires.
    for (const day of [61, 122, 183, 244, 305, 366, 427, 488, 549]) {
      clock.jump(days(61))
      await a.keeper.check()
      await b.keeper.check()
      expect(authorities(bundle()), `day ${day}`).to.have.lengthOf(1)
    }
    const before = a.served.length
    clock.jump(days(2))
    await a.keeper.check()
    expect(authorities(bundle())).to.have.lengthOf(2)
    expect(authorities(bundle())[1]?.serialNumber).to.equal(old?.serialNumber)
    expect(a.served).to.have.lengthOf(before)
    // The other one finds it published, perhaps a moment ago: it waits for a round as well.
    await b.keeper.check()
    expect(b.served).to.have.lengthOf(before)
    await a.keeper.check()
    expect(a.served).to.have.lengthOf(before + 1)
    await b.keeper.check()
    expect(b.served).to.have.lengthOf(before + 1)
    const leaf = new X509Certificate(a.served.at(-1)?.cert ?? '')
    expect(leaf.checkIssued(authorities(bundle())[0] ?? leaf)).to.equal(true)
    expect(b.served.at(-1)).to.deep.equal(a.served.at(-1))
  })

  it('a spoilt secret is made anew, and the authority that others still serve by stays published', async () => {
    const { install, keeperOf, bundle, cluster } = setup()
    install()
    const { keeper, served } = keeperOf('a')
    await keeper.check()
    const [old] = authorities(bundle())
    cluster.change(SECRETS, secret, (object) => ({ ...object, data: { ...(object as unknown as { data: object }).data, 'tls.key': 'AAAA' } }))
    await keeper.check()
    expect(authorities(bundle()).map(({ serialNumber }) => serialNumber)).to.have.lengthOf(2).and.to.include(old?.serialNumber)
    await keeper.check()
    expect(served).to.have.lengthOf(2)
  })

  it('a lost secret is made anew, and the authority that this replica serves by stays published', async () => {
    const { install, keeperOf, bundle, cluster } = setup()
    install()
    const { keeper, served } = keeperOf('a')
    await keeper.check()
    const [old] = authorities(bundle())
    cluster.drop(SECRETS, secret)
    await keeper.check()
    expect(served).to.have.lengthOf(1)
    expect(authorities(bundle()).map(({ serialNumber }) => serialNumber)).to.have.lengthOf(2).and.to.include(old?.serialNumber)
    await keeper.check()
    expect(served).to.have.lengthOf(2)
  })

  for (const lost of [false, true]) {
    it(`a new certificate waits once more where the bundle was blanked meanwhile${lost ? ', and the answer to what put it back was lost' : ''}`, async () => {
      const { install, keeperOf, bundle, cluster } = setup()
      install()
      const { keeper, served } = keeperOf('a')
      await keeper.check()
      cluster.drop(SECRETS, secret)
      await keeper.check()
      cluster.change(VALIDATING_WEBHOOKS, { name: 'v' }, (object) => ({ ...object, webhooks: [{ name: 'ours', clientConfig: { url: 'https://127.0.0.1/ours' } }] }))
      if (lost) cluster.faults.add(({ verb }) => (verb === 'patch' ? { when: 'after', answer: SERVER_ERROR } : undefined), 1)
      const problem = await keeper.check().then(() => undefined, String)
      expect(problem === undefined, problem).to.equal(!lost)
      expect(authorities(bundle())).to.have.lengthOf(2)
      expect(served, 'as it was put back').to.have.lengthOf(1)
      if (lost) {
        await keeper.check()
        expect(served, 'as it was found put back').to.have.lengthOf(1)
      }
      await keeper.check()
      expect(served).to.have.lengthOf(2)
    })
  }

  it('certificates that somebody else has put there are served when the bundle holds both authorities, and nobody fights over it', async () => {
    const { install, keeperOf, bundle, cluster, clock, writes } = setup()
    install()
    const [a, b] = [keeperOf('a'), keeperOf('b')]
    await a.keeper.check()
    await b.keeper.check()
    const [old] = authorities(bundle())
    const authority = await issueAuthority(clock.now(), days(700))
    const leaf = await issueLeaf(authority, { dns: ['localhost'], ips: [] }, clock.now(), days(80))
    const restored = toSecretData({ caBundle: authority.cert, caKey: authority.key, ...leaf })
    cluster.change(SECRETS, secret, (object) => ({ ...object, data: restored }))
    await Promise.all([a.keeper.check(), b.keeper.check()])
    await Promise.all([a.keeper.check(), b.keeper.check()])
    expect(authorities(bundle()).map(({ serialNumber }) => serialNumber)).to.deep.equal([new X509Certificate(authority.cert).serialNumber, old?.serialNumber])
    await Promise.all([a.keeper.check(), b.keeper.check()])
    for (const { served } of [a, b]) expect(served.map(({ cert }) => cert)).to.deep.equal([served[0]?.cert, leaf.cert])
    const written = writes().length
    for (let round = 0; round < 3; round++) await Promise.all([a.keeper.check(), b.keeper.check()])
    expect(writes()).to.have.lengthOf(written)
  })

  // Of a backup of 70 days the leaf is renewed at once.
  for (const age of [10, 70, 100]) {
    it(`what is served is trusted at every moment when a backup of ${age} days is put into the secret`, async () => {
      const { install, keeperOf, bundle, cluster, clock } = setup()
      install()
      const authority = await issueAuthority(clock.now(), days(730))
      const leaf = await issueLeaf(authority, { dns: ['localhost'], ips: [] }, clock.now(), days(90))
      clock.jump(days(age))
      const { keeper, served } = keeperOf('a')
      for (let round = 0; round < 2; round++) await keeper.check()
      cluster.change(SECRETS, secret, (object) => ({ ...object, data: toSecretData({ caBundle: authority.cert, caKey: authority.key, ...leaf }) }))
      for (let round = 1; round <= 4; round++) {
        await keeper.check()
        expect(isTrusted(served.at(-1), bundle()), `round ${round}`).to.equal(true)
      }
      expect(authorities(served.at(-1)?.caBundle ?? '')[0]?.serialNumber).to.equal(new X509Certificate(authority.cert).serialNumber)
    })
  }

  it('the authority that others serve by stays published when a replica that has just begun renews it', async () => {
    const { install, keeperOf, bundle, clock } = setup()
    install()
    const one = keeperOf('a')
    for (let round = 0; round < 2; round++) await one.keeper.check()
    clock.jump(days(551))
    await keeperOf('b').keeper.check()
    expect(authorities(bundle())).to.have.length(2)
    expect(isTrusted(one.served.at(-1), bundle())).to.equal(true)
  })

  it('a write whose answer was lost is found by reading', async () => {
    const { install, keeperOf, cluster } = setup()
    install()
    cluster.faults.add(({ verb }) => (verb === 'create' ? { when: 'after', answer: SERVER_ERROR } : undefined), 1)
    const { keeper, served } = keeperOf('a')
    await keeper.check().then(
      () => expect.fail('the fault should show'),
      () => undefined,
    )
    await keeper.check()
    expect(served).to.have.lengthOf(1)
    expect(cluster.all(SECRETS)).to.have.lengthOf(1)
  })

  it('says what to do as long as nobody answers, and once for each reason', async () => {
    const { keeperOf, clock, cluster, warned } = setup()
    const { keeper } = keeperOf('a')
    const down = cluster.faults.add(() => ({ when: 'before', answer: 'reset' }))
    void keeper.start()
    const turns = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) await clock.advance(seconds(2))
    }
    await turns()
    expect(keeper.problem).to.match(/^the API server does not answer.*; does it run, and is it the one that the kubeconfig names\?$/)
    expect(warned).to.have.length(1)
    expect(warned[0]).to.include({ fix: 'does it run, and is it the one that the kubeconfig names?' }).and.not.have.property('error')
    down()
    cluster.faults.add(() => ({ when: 'before', answer: SERVER_ERROR }))
    await turns()
    expect(warned).to.have.length(2)
    expect(warned[1]).to.have.property('error')
    await keeper.stop()
  })

  it('starts when there is something to serve, tells why it is not in sync, and stops', async () => {
    const { install, keeperOf, clock, cluster } = setup()
    const { keeper, served } = keeperOf('a')
    cluster.faults.add(() => ({ when: 'before', answer: SERVER_ERROR }), 2)
    const started = keeper.start()
    for (let i = 0; i < 40 && served.length === 0; i++) {
      await clock.advance(hours(0.001))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await started
    expect(keeper.problem).to.equal('v does not exist')
    install()
    await clock.advance(hours(0.01))
    expect(keeper.problem).to.equal(undefined)
    clock.jump(days(91))
    expect(keeper.problem).to.equal('the certificate has expired')
    await keeper.stop()
    expect(clock.pending).to.equal(0)
  })
})
