/** `kubeskippy check` on a real API server, with nothing installed, with everything, and with what breaks. */
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CONTROLLER_ACCOUNT, OPERATOR_NAMESPACE, VALIDATING_CONFIGURATION } from '../../shared/api/v1alpha1/names.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { admissionPolicies } from '../../webhook/admission-policies.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { install, type Installation } from '../installation/installation.ts'
import { kubectl, kubeskippy } from './access.ts'
import type { Finding } from '../../cli/check/finding.ts'

const CONFIG = fileURLToPath(new URL('../../config', import.meta.url))

/** As in production; the harness leaves it out to be quicker. */
const LEADING = { 'leader-elect': 'true' }

describe('kubeskippy check', function () {
  this.timeout(600_000)
  let cluster: Cluster
  let installation: Installation | undefined

  before(async () => {
    cluster = await startCluster({ node: false })
  })

  after(async () => {
    await installation?.stopController()
    await installation?.stopWebhook()
    await cluster?.stop()
  })

  const check = async (): Promise<{ readonly code: number | null; readonly of: (name: string, result?: string) => readonly string[] }> => {
    const { code, stdout, stderr } = await kubeskippy(cluster, 'check', '-n', 'default', '-o', 'json')
    expect(stderr).to.equal('')
    const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] }
    return { code, of: (name, result) => findings.filter((finding) => finding.check === name && (result === undefined ? finding.result !== 'ok' : finding.result === result)).map(({ what }) => what) }
  }

  it('says what is missing where nothing is installed', async () => {
    const { code, of } = await check()
    expect(code).to.equal(1)
    expect(of('server', 'ok')[0]).to.match(/^v1\.[0-9]+\./)
    expect([of('crds', 'fail').length, of('admission', 'fail').length]).to.deep.equal([resources.length, admissionPolicies.length])
    expect(of('rights', 'fail')).to.deep.equal([`namespace ${OPERATOR_NAMESPACE} does not exist`])
    expect(of('metrics', 'warn')[0]).to.contain('not served')
  })

  it('finds nothing wrong with a fresh installation: what was applied is what comes back, and every right is there', async () => {
    installation = await install(cluster, { controller: false })
    await installation.startController({ flags: LEADING })
    // It takes the lease when its watches are complete.
    const { code, of } = await eventually(async () => {
      const found = await check()
      expect(found.of('lease')).to.deep.equal([])
      return found
    }, seconds(90))
    for (const name of ['server', 'crds', 'admission', 'rights', 'webhook', 'kill-switch', 'lease', 'ledgers', 'policies', 'healers']) expect(of(name), name).to.deep.equal([])
    expect(of('webhook', 'ok')).to.include('refuses an unsafe policy, and fills in the defaults of a safe one')
    expect(code).to.equal(0)
  })

  it('has stored nothing by that', async () => {
    expect(await kubectl(cluster, ['get', 'healingpolicies', '-A', '--ignore-not-found'])).to.equal('')
    const calls = readFileSync(cluster.auditLog, 'utf8').split('\n').filter((line) => line.includes('(cli)')).map((line) => JSON.parse(line) as { verb: string; requestURI: string; objectRef?: { resource: string } })
    expect(calls.filter(({ requestURI }) => requestURI.includes('dryRun=All'))).to.have.length.greaterThan(0)
    const writes = calls
      .filter(({ verb, requestURI, objectRef }) => !['get', 'list'].includes(verb) && !requestURI.includes('dryRun=All') && objectRef?.resource !== 'subjectaccessreviews')
    expect(writes).to.deep.equal([])
  })

  it('finds a right that was taken away, a healer that is missing and a policy that nobody has seen', async () => {
    await installation?.stopController()
    await kubectl(cluster, ['patch', 'clusterrole', CONTROLLER_ACCOUNT, '--type=json', '-p', '[{"op":"remove","path":"/rules/0"}]'])
    await kubectl(cluster, ['create', 'namespace', 'shop'])
    const { apiVersion, kind, spec } = buildPolicy()
    await kubectl(cluster, ['apply', '-f', '-'], { apiVersion, kind, metadata: { name: 'cart', namespace: 'shop' }, spec })
    // What the API server goes by follows what is stored.
    const { code, of } = await eventually(async () => {
      const found = await check()
      expect(found.of('rights', 'fail')[0]).to.match(/kubeskippy-controller-manager may not (?:get|list|watch) pods/)
      return found
    }, seconds(60))
    expect(code).to.equal(1)
    expect(of('healers', 'warn')[0]).to.contain('shop has policies but no account')
    expect(of('lease', 'fail')).to.deep.equal(['no controller holds the lease kubeskippy-controller: nothing is healed'])
    expect(of('policies', 'warn')[0]).to.contain('no controller has looked at shop/cart')
    await kubectl(cluster, ['apply', '--server-side', '--force-conflicts', '-f', `${CONFIG}/rbac`])
    await kubeskippy(cluster, 'enable', '-n', 'shop')
    await eventually(async () => {
      const mended = await check()
      expect([mended.of('rights'), mended.of('healers')]).to.deep.equal([[], []])
    }, seconds(60))
  })

  it('finds a webhook that does not answer, and one that was never configured', async () => {
    await installation?.stopWebhook()
    const down = await check()
    expect(down.code).to.equal(1)
    expect(down.of('webhook', 'fail')[0]).to.contain('does not answer')
    await kubectl(cluster, ['delete', 'validatingwebhookconfiguration', VALIDATING_CONFIGURATION])
    const gone = await check()
    expect(gone.of('webhook', 'warn')[0]).to.contain(`${VALIDATING_CONFIGURATION} is not there`)
  })

  it('is a table for people', async () => {
    await installation?.startController({ flags: LEADING })
    // It takes the lease when its watches are complete.
    await eventually(async () => {
      const { stdout } = await kubeskippy(cluster, 'check')
      expect(stdout).to.match(/^ok {4}server/m).and.to.match(/fix: /).and.to.match(/ok, [0-9]+ warnings?, 0 failures\n$/)
    }, seconds(90))
  })
})
