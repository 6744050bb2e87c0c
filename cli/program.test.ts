import { expect } from 'chai'
import { ApiError } from '../shared/kube/errors.ts'
import { ConfigError } from '../shared/lib/errors.ts'
import { noCluster } from './testing/bench.ts'
import { setUp } from './testing/healer-bench.ts'

describe('the command line', () => {
  const misuses = ['enabel', 'enable', 'enable -n Shop', 'enable -n shop/cart', 'enable shop', 'enable -n shop till', 'disable shop -o yaml', 'disable -n shop -o text', 'disable -n shop --print', 'enable -n shop --force', 'enable -n shop --consent-to', 'enable -n shop --consent-to Ops', 'enable -n shop --consent-to shop', 'disable -n shop --consent-to shop', 'enable --consent-to ops', 'certs show -n Shop', 'version now and then']
  for (const line of misuses) {
    it(`exits 2 for: ${line}`, async () => {
      const { code, err } = await setUp().run(line, noCluster)
      expect(code).to.equal(2)
      expect(err).to.match(/^error: /)
    })
  }

  for (const line of ['', 'help', '--help', 'enable --help']) {
    it(`helps, and exits 0, for: ${line === '' ? 'nothing' : line}`, async () => {
      const { code, out } = await setUp().run(line, noCluster)
      expect(code).to.equal(0)
      expect(out).to.contain('Usage: kubeskippy')
    })
  }

  it('prints the version', async () => {
    for (const line of ['version', '--version']) expect(await setUp().run(line, noCluster)).to.deep.equal({ code: 0, out: '1.2.3\n', err: '' })
  })

  it('prints it as data, too', async () => {
    expect(await setUp().run('version -o json', noCluster)).to.deep.equal({ code: 0, out: '{\n  "version": "1.2.3"\n}\n', err: '' })
    expect((await setUp().run('version -o yaml', noCluster)).out).to.equal('version: 1.2.3\n')
  })

  it('says where the name of a namespace belongs', async () => {
    expect((await setUp().run('enable default', noCluster)).err).to.equal('error: unexpected "default": did you mean -n default?\n')
    expect((await setUp().run('enable till -n shop --consent-to shop x', noCluster)).err).to.equal('error: --consent-to shop: a namespace needs no consent to its own policies\nerror: unexpected "till": did you mean -n till?\nerror: unexpected "x": did you mean -n x?\n')
    expect((await setUp().run('disable', noCluster)).err).to.equal('error: -n, --namespace is missing: in which namespace?\n')
  })

  it('hands the flags of a program on as they are', async () => {
    const given: string[][] = []
    const controller = (argv: readonly string[]): Promise<number> => (given.push([...argv]), Promise.resolve(7))
    const { code } = await setUp().run('controller --help --config a -x', { programs: { controller, webhook: controller } })
    expect({ code, given }).to.deep.equal({ code: 7, given: [['--help', '--config', 'a', '-x']] })
  })

  it('says that the API server does not answer', async () => {
    const { cluster, run } = setUp()
    cluster.faults.add(() => ({ when: 'before', answer: 'reset' }))
    const { code, err } = await run('enable -n shop')
    expect(code).to.equal(1)
    expect(err).to.match(/^error: .*the API server does not answer.*; does it run, and is it the one that the kubeconfig names\?\n$/)
    expect(err.trim().split('\n')).to.have.length(1)
  })

  const refused: readonly (readonly [what: string, error: ApiError, code: number, says: string])[] = [
    ['a certificate that is not trusted', new ApiError({ kind: 'Network', code: 0, request: 'GET version' }, { cause: Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }) }), 1, 'GET version: Network: the certificate of the API server is not trusted (self-signed certificate); look at certificate-authority and server in the kubeconfig, and at the clock of this machine'],
    ['credentials that have expired', new ApiError({ kind: 'Unauthorized', code: 401, request: 'GET version' }), 1, 'GET version: Unauthorized (401); renew the token or certificate of the kubeconfig; in a pod: is its ServiceAccount still there?'],
    ['credentials that cannot be used', new ApiError({ kind: 'Network', code: 0, request: 'GET version' }, { cause: new ConfigError(['kubeconfig: no']) }), 2, 'kubeconfig: no'],
  ]
  for (const [what, error, code, says] of refused) {
    it(`says what to do about ${what}`, async () => {
      const { cluster, run } = setUp()
      const api = Object.assign(cluster.client('person'), { serverVersion: () => Promise.reject(error), close: () => Promise.resolve() })
      expect(await run('check', { connect: () => Promise.resolve(api) })).to.deep.equal({ code, out: '', err: `error: ${says}\n` })
    })
  }
})
