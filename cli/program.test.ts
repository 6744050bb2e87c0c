import { expect } from 'chai'
import { noCluster } from './testing/bench.ts'
import { setUp } from './testing/healer-bench.ts'

describe('the command line', () => {
  const misuses = ['enabel', 'enable', 'enable -n Shop', 'enable -n shop/cart', 'enable shop', 'enable -n shop till', 'disable shop -o yaml', 'enable -n shop --force', 'enable -n shop --consent-to', 'enable -n shop --consent-to Ops', 'enable -n shop --consent-to shop', 'disable -n shop --consent-to shop', 'enable --consent-to ops', 'enable -n shop -o table', 'disable -n shop -o yaml', 'certs show -n Shop', 'certs ensure -o json', 'version now and then']
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

  it('says where the name of a namespace belongs', async () => {
    expect((await setUp().run('enable default', noCluster)).err).to.equal('error: unexpected "default": did you mean -n default?\n')
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
    expect(err).to.match(/^error: .*the API server does not answer.*\n$/)
  })
})
