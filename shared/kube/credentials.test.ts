import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ConfigError } from '../lib/errors.ts'
import { seconds } from '../lib/time.ts'
import { silentLogger } from '../runtime/logger.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { CredentialCache, loadAccess, nameOfCluster, namespaceOf } from './credentials.ts'

describe('credentials', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubeskippy-credentials-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const kubeconfig = (user: object, cluster: object = {}): string => {
    const file = join(folder, 'config')
    const content = {
      'current-context': 'one',
      contexts: [
        { name: 'one', context: { cluster: 'c', user: 'u' } },
        { name: 'placed', context: { cluster: 'c', user: 'u', namespace: 'shop' } },
      ],
      clusters: [{ name: 'c', cluster: { server: 'https://example.invalid:6443/k8s/', ...cluster } }],
      users: [{ name: 'u', user }],
    }
    writeFileSync(file, JSON.stringify(content))
    return file
  }

  /** The same, otherwise in some fields. */
  const changed = (fields: object): string => {
    const file = kubeconfig({})
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...fields }))
    return file
  }

  it('take server and path from the kubeconfig, and the token of its user', async () => {
    const access = loadAccess({ kubeconfig: kubeconfig({ token: 'secret\n' }) })
    expect([access.origin, access.prefix]).to.deep.equal(['https://example.invalid:6443', '/k8s'])
    expect((await access.read()).authorization).to.equal('Bearer secret')
  })

  it('read a token file each time, relative to the kubeconfig', async () => {
    writeFileSync(join(folder, 'token'), 'one\n')
    const access = loadAccess({ kubeconfig: kubeconfig({ tokenFile: 'token' }) })
    expect((await access.read()).authorization).to.equal('Bearer one')
    writeFileSync(join(folder, 'token'), 'two\n')
    expect((await access.read()).authorization).to.equal('Bearer two')
  })

  it('take the certificates of cluster and user', async () => {
    const data = (text: string): string => Buffer.from(text).toString('base64')
    const user = { 'client-certificate-data': data('cert'), 'client-key-data': data('key') }
    const { tls } = await loadAccess({ kubeconfig: kubeconfig(user, { 'certificate-authority-data': data('ca') }) }).read()
    expect([tls.ca, tls.cert, tls.key].map(String)).to.deep.equal(['ca', 'cert', 'key'])
    expect(tls.rejectUnauthorized).to.equal(true)
  })

  it('tell the namespace of the context, if it names one', () => {
    const file = kubeconfig({})
    expect([namespaceOf({ kubeconfig: file }), namespaceOf({ kubeconfig: file, context: 'placed' })]).to.deep.equal([undefined, 'shop'])
    expect(() => namespaceOf({ kubeconfig: file, context: 'none' })).to.throw(ConfigError)
  })

  it('tell server and context for people, without what is secret', () => {
    const file = kubeconfig({ token: 'secret' }, { server: 'https://ann:secret@example.invalid/k8s/' })
    expect([nameOfCluster({ kubeconfig: file }), nameOfCluster({ kubeconfig: file, context: 'placed' })]).to.deep.equal(['https://example.invalid/k8s (context one)', 'https://example.invalid/k8s (context placed)'])
  })

  const wrong: readonly (readonly [string, () => unknown])[] = [
    ['a file that is not there', () => loadAccess({ kubeconfig: join(folder, 'none') })],
    ['a context that is not there', () => loadAccess({ kubeconfig: kubeconfig({}), context: 'two' })],
    ['a proxy, which would be ignored', () => loadAccess({ kubeconfig: kubeconfig({}, { 'proxy-url': 'http://proxy.invalid' }) })],
    ['another identity, which would be ignored', () => loadAccess({ kubeconfig: kubeconfig({ as: 'admin' }) })],
    ['a server that nothing here speaks to', () => loadAccess({ kubeconfig: kubeconfig({}, { server: 'unix:///var/run/kube.sock' }) })],
    ['a server that is no URL', () => loadAccess({ kubeconfig: kubeconfig({}, { server: 'nowhere' }) })],
  ]
  for (const [what, run] of wrong) it(`refuse ${what}`, () => expect(run).to.throw(ConfigError))

  const told: readonly (readonly [what: string, run: () => unknown, says: string])[] = [
    ['a file that is not there', () => loadAccess({ kubeconfig: '/nowhere/config' }), '/nowhere/config is not there; give another with --kubeconfig or KUBECONFIG'],
    ['a folder', () => loadAccess({ kubeconfig: '/' }), '/ is a folder and no file; give another with --kubeconfig or KUBECONFIG'],
    ['another context, of one like it', () => loadAccess({ kubeconfig: kubeconfig({}), context: 'plaecd' }), 'there is no context "plaecd", did you mean placed?'],
    ['another context, of one like it, when the namespace is asked', () => namespaceOf({ kubeconfig: kubeconfig({}), context: 'plaecd' }), 'there is no context "plaecd", did you mean placed?'],
    ['another context', () => loadAccess({ kubeconfig: kubeconfig({}), context: 'production' }), 'there is no context "production"; kubectl config get-contexts lists them'],
    ['a current context that is not there', () => loadAccess({ kubeconfig: changed({ 'current-context': 'on' }) }), 'there is no context "on", which is its current-context, did you mean one?'],
    ['no current context', () => loadAccess({ kubeconfig: changed({ 'current-context': '' }) }), 'it has no current-context: choose one with --context, or by kubectl config use-context NAME'],
    ['a cluster that is not there', () => loadAccess({ kubeconfig: changed({ clusters: [{ name: 'clusters', cluster: { server: 'https://a.invalid' } }] }) }), 'the context "one" names the cluster "c", which is not there; kubectl config get-clusters lists those that are'],
  ]
  for (const [what, run, says] of told) {
    it(`say what is wrong in one line, and what to do, of ${what}`, () => expect(run).to.throw(ConfigError).with.deep.property('problems', [`kubeconfig: ${says}`]))
  }

  for (const [text, says] of [['a: [', 'is no YAML: .+'], ['', 'is no kubeconfig: it holds no map'], ['- a', 'is no kubeconfig: it holds no map'], ['contexts: [{name: a}]', 'is no kubeconfig: .+']] as const) {
    it(`name the file, in one line, that is ${JSON.stringify(text)}`, () => {
      const file = join(folder, 'config')
      writeFileSync(file, text)
      expect(() => loadAccess({ kubeconfig: file })).to.throw(ConfigError, new RegExp(`^kubeconfig: ${file} ${says}; mend it, or give another with --kubeconfig or KUBECONFIG$`))
    })
  }

  it('are not sent without TLS, unless somebody says so', async () => {
    const access = (cluster: object) => loadAccess({ kubeconfig: kubeconfig({ token: 'secret' }, { server: 'http://127.0.0.1:8001', ...cluster }) })
    expect(() => access({})).to.throw(ConfigError, /^kubeconfig: the server is an http:\/\/ address, .*write https:\/\/, or insecure-skip-tls-verify: true/)
    expect((await access({ 'insecure-skip-tls-verify': true }).read()).authorization).to.equal('Bearer secret')
  })

  it('say what is missing where there is neither a kubeconfig nor a pod', () => {
    const host = process.env['KUBERNETES_SERVICE_HOST']
    delete process.env['KUBERNETES_SERVICE_HOST']
    try {
      for (const access of [{}, { context: 'prd' }]) expect(() => loadAccess(access)).to.throw(ConfigError, /^no kubeconfig, and not in a pod: give --kubeconfig FILE/)
    } finally {
      if (host !== undefined) process.env['KUBERNETES_SERVICE_HOST'] = host
    }
  })

  it('are read once a minute, and kept while they cannot be read', async () => {
    const clock = new FakeClock()
    let reads = 0
    let broken = false
    const read = () => {
      reads++
      return broken ? Promise.reject(new Error('briefly unreadable')) : Promise.resolve({ tls: { rejectUnauthorized: true }, authorization: `Bearer ${reads}` })
    }
    const cache = new CredentialCache({ origin: '', prefix: '', read }, clock, silentLogger)
    await Promise.all([cache.get(), cache.get()])
    await clock.advance(seconds(59))
    expect((await cache.get()).authorization).to.equal('Bearer 1')
    broken = true
    await clock.advance(seconds(1))
    expect((await cache.get()).authorization).to.equal('Bearer 1')
    broken = false
    expect((await cache.get()).authorization).to.equal('Bearer 3')
    expect(cache.expire()).to.equal(false)
    await clock.advance(seconds(1))
    expect(cache.expire()).to.equal(true)
    expect((await cache.get()).authorization).to.equal('Bearer 4')
  })
})
