/** The programs where something around them is not as it should be: what they say, and that they go on when it is mended. */
import { createServer, type Server } from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { rawPolicy } from '../../shared/rules/test-policy.ts'
import { minutes, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { exec, type Finished } from '../cluster/exec.ts'
import { Guest } from '../cluster/guest.ts'
import { kubectl } from '../cli/access.ts'
import { install, type Installation } from '../installation/installation.ts'

const ROOT = join(import.meta.dirname, '../..')
const LEDGERS = 'healingledgers.kubeskippy.io'
const CRD_FILE = join(ROOT, `config/crd/bases/kubeskippy.io_healingledgers.yaml`)
const PATIENCE = seconds(120)

describe('a program that starts where something is wrong', function () {
  this.timeout(600_000)
  let cluster: Cluster
  let installation: Installation

  const readiness = async (): Promise<string> => {
    try {
      return await (await fetch(`${installation.controller.readyUrl}?verbose`)).text()
    } catch {
      return ''
    }
  }
  const says = async (expected: RegExp): Promise<void> => void (await eventually(async () => expect(await readiness()).to.match(expected), PATIENCE))
  const launch = (flags: Record<string, string> = {}): Promise<void> => installation.controller.start({ kubeconfig: installation.controllerKubeconfig(), ...flags })
  /** Where no API server is. */
  const nobody = (): string => {
    const file = join(cluster.dir, 'nobody.kubeconfig')
    writeFileSync(file, readFileSync(installation.controllerKubeconfig(), 'utf8').replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'))
    return file
  }
  const ends = (args: readonly string[]): Promise<Finished> => exec(process.execPath, [join(ROOT, 'cli/main.ts'), ...args], { timeout: 60_000 })

  before(async () => {
    cluster = await startCluster({ node: false })
    installation = await install(cluster, { controller: false, webhook: false })
  })
  afterEach(async () => void (await installation?.stopController()))
  after(async () => cluster?.stop())

  it('waits for kinds that are not installed, says how to install them, and goes on by itself', async () => {
    await kubectl(cluster, ['delete', 'crd', LEDGERS])
    await launch()
    await says(/^\[-\]definitions failed: the API server does not know the kind HealingLedger; kubectl apply --server-side -f config\/crd\/bases/m)
    expect((await fetch(installation.controller.readyUrl)).status).to.equal(500)
    await kubectl(cluster, ['apply', '--server-side', '-f', CRD_FILE])
    await installation.controller.ready()
  })

  it('waits as long as the API server would drop a field that it writes', async () => {
    const remove = { op: 'remove', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/remedies' }
    await kubectl(cluster, ['patch', 'crd', LEDGERS, '--type=json', '-p', JSON.stringify([remove])])
    await launch()
    await says(/^\[-\]definitions failed: the API server would drop spec\.remedies of HealingLedger: its definition is older than this program; kubectl apply/m)
    expect(await readiness()).to.match(/^\[-\]working failed: not started/m)
    await kubectl(cluster, ['apply', '--server-side', '--force-conflicts', '-f', CRD_FILE])
    await installation.controller.ready()
  })

  it('stops writing when the definitions are taken back under it, and goes on when they are back', async () => {
    await launch()
    await installation.controller.ready()
    const remove = { op: 'remove', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/remedies' }
    await kubectl(cluster, ['patch', 'crd', LEDGERS, '--type=json', '-p', JSON.stringify([remove])])
    // It looks once a minute.
    await eventually(async () => expect(await readiness()).to.match(/^\[-\]definitions failed: the API server would drop spec\.remedies/m), seconds(240))
    await kubectl(cluster, ['create', 'namespace', 'waiting'])
    await kubectl(cluster, ['apply', '-f', '-'], stringify(rawPolicy({ namespace: 'waiting' }), { version: '1.1' }))
    const conditions = async (): Promise<string> => kubectl(cluster, ['get', 'healingpolicy', '-n', 'waiting', 'cart-healing', '-o', 'jsonpath={.status.conditions}'])
    // Long enough for a status to be written.
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect(await conditions()).to.equal('')
    await kubectl(cluster, ['apply', '--server-side', '--force-conflicts', '-f', CRD_FILE])
    await eventually(async () => expect(await conditions()).to.contain('Accepted'), PATIENCE)
    expect(await readiness()).to.match(/^\[\+\]definitions ok/m)
  })

  it('says which rights it lacks, and works once it has them', async () => {
    const roles = JSON.parse(await kubectl(cluster, ['get', 'clusterrolebinding', 'kubeskippy-controller-manager', '-o', 'json'])) as { metadata: Record<string, unknown> }
    await kubectl(cluster, ['delete', 'clusterrolebinding', 'kubeskippy-controller-manager'])
    await launch()
    await says(/^\[-\]watch pods failed: not listed yet: this account may not do it \(LIST pods\); kubectl apply --server-side -k config, or helm upgrade/m)
    for (const name of ['resourceVersion', 'uid', 'creationTimestamp', 'managedFields']) delete roles.metadata[name]
    await kubectl(cluster, ['create', '-f', '-'], roles)
    await installation.controller.ready()
  })

  it('says that nobody answers where the API server should be', async () => {
    const kubeconfig = nobody()
    await launch({ kubeconfig })
    await says(/^\[-\]definitions failed: the API server does not answer \(ECONNREFUSED\); does it run, and is it the one that the kubeconfig names\?$/m)
    const asked = await ends(['check', '--kubeconfig', kubeconfig])
    expect([asked.code, asked.stderr]).to.deep.equal([1, 'error: GET version: Network: the API server does not answer (connect ECONNREFUSED 127.0.0.1:1); does it run, and is it the one that the kubeconfig names?\n'])
  })

  it('says the same of the webhook, and once for each change', async () => {
    const { webhook } = installation
    await webhook.start({ kubeconfig: nobody() })
    try {
      const said = async (): Promise<string> => (await fetch(`${webhook.readyUrl}?verbose`)).text()
      await eventually(async () => expect(await said()).to.match(/^\[-\]validating configuration failed: the API server does not answer \(ECONNREFUSED\); does it run, and is it the one that the kubeconfig names\?$/m), PATIENCE)
      // It tries every two seconds.
      await new Promise((resolve) => setTimeout(resolve, 7_000))
      const lines = readFileSync(webhook.logFile, 'utf8').split('\n').filter((line) => line.includes('certificates could not be checked'))
      expect(lines).to.have.length(1)
      expect(lines[0]).to.contain('does it run').and.not.contain('stack')
    } finally {
      await webhook.stop()
    }
  })

  it('ends with one line when something else listens where it should', async () => {
    const other: Server = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const token = join(cluster.dir, 'alerts-token')
    writeFileSync(token, 'sixteen characters')
    try {
      for (const [program, flag] of [['controller', 'metrics-bind-address'], ['controller', 'health-probe-bind-address'], ['controller', 'alerts-bind-address'], ['webhook', 'metrics-bind-address'], ['webhook', 'bind-address']] as const) {
        const free = Object.entries({ 'metrics-bind-address': '127.0.0.1:0', 'health-probe-bind-address': '127.0.0.1:0', ...(flag === 'alerts-bind-address' ? { 'alerts-token-file': token } : {}), [flag]: `127.0.0.1:${port}` })
        // The last two listen only once an API server has answered.
        const { code, stdout } = await ends([program, '--kubeconfig', nobody(), ...free.map(([name, value]) => `--${name}=${value}`)])
        expect(code, program).to.equal(1)
        const errors = stdout.trim().split('\n').map((line) => JSON.parse(line) as { level: number; error?: { message: string } }).filter(({ level }) => level >= 50)
        expect(errors.map(({ error }) => error)).to.deep.equal([{ name: 'ConfigError', message: `--${flag} 127.0.0.1:${port}: something else listens there: end it, or choose another address` }])
      }
    } finally {
      other.close()
    }
  })

  it('ends with 2 and every mistake in its flags and its file, a line each', async () => {
    const config = join(cluster.dir, 'wrong.yaml')
    writeFileSync(config, 'lgo: {level: info}\nsyncInterval: -3\n')
    const { code, stdout, stderr } = await ends(['controller', '--kubeconfig', join(cluster.dir, 'none'), '--config', config, '--log-levle=debug', '--metrics-bind-address=here', '--log-level=loud', 'now'])
    expect([code, stdout]).to.deep.equal([2, ''])
    const lines = stderr.trim().split('\n')
    expect(lines).to.have.length(7)
    for (const expected of ['unknown flag "--log-levle", did you mean --log-level?', 'unexpected argument "now"', 'unknown key "lgo", did you mean log?', '--metrics-bind-address: "here" is not HOST:PORT', '--log-level: must be one of', 'syncInterval: must be a duration', 'kubeconfig: ']) {
      expect(stderr).to.contain(expected)
    }
  })

  for (const shift of [600, -600]) {
    it(`says that its clock is ten minutes ${shift > 0 ? 'ahead' : 'behind'}, and works`, async () => {
      const program = new Guest(cluster, { name: 'shifted', file: process.execPath, isReady: async () => (await readiness()).includes('[+]working ok') })
      const { host } = new URL(installation.controller.readyUrl)
      try {
        await program.launch(['--import', join(import.meta.dirname, 'shifted-clock.ts'), join(ROOT, 'cli/main.ts'), 'controller', `--shift=${shift}`, '--leader-elect=false', `--kubeconfig=${installation.controllerKubeconfig()}`, `--health-probe-bind-address=${host}`, '--metrics-bind-address=127.0.0.1:0'])
        await program.ready()
        await says(new RegExp(`^\\[!\\]clock: the clock of this machine is (?:9m5[0-9]s|10m[0-9]*s?) ${shift > 0 ? 'ahead of' : 'behind'} that of the API server: synchronize both`, 'm'))
        const namespace = `shifted-${shift > 0 ? 'ahead' : 'behind'}`
        await kubectl(cluster, ['create', 'namespace', namespace])
        await kubectl(cluster, ['apply', '-f', '-'], stringify(rawPolicy({ namespace }), { version: '1.1' }))
        // What it writes is by the API server's clock.
        await eventually(async () => {
          const { metadata, status } = JSON.parse(await kubectl(cluster, ['get', 'healingpolicy', '-n', namespace, 'cart-healing', '-o', 'json'])) as { metadata: { creationTimestamp: string }; status?: { conditions: readonly { lastTransitionTime: string }[] } }
          const times = (status?.conditions ?? []).map(({ lastTransitionTime }) => Date.parse(lastTransitionTime) - Date.parse(metadata.creationTimestamp))
          expect(times).to.have.length.greaterThan(0).and.satisfy((all: readonly number[]) => all.every((after) => after > -10_000 && after < minutes(5)))
        }, PATIENCE)
      } finally {
        await program.stop()
      }
    })
  }
})
