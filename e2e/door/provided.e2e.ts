/**
 * The door with certificates that somebody else keeps. In place of cert-manager and its injector, the test writes the
 * Secret as the one does and the bundle as the other does.
 */
import { expect } from 'chai'
import { stringify } from 'yaml'
import { issueAuthority, issueLeaf, type Issued } from '../../certs/issue.ts'
import { MUTATING_CONFIGURATION, OPERATOR_NAMESPACE, VALIDATING_CONFIGURATION, WEBHOOK_TLS_SECRET } from '../../shared/api/v1alpha1/names.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { hours, seconds } from '../../shared/lib/time.ts'
import { rawPolicy } from '../../shared/rules/test-policy.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { isToKeepCertificates, webhookRbac } from '../../webhook/manifests.ts'
import { openDoor, type Door } from './door.ts'

const CONFIGURATIONS = [`validatingwebhookconfiguration/${VALIDATING_CONFIGURATION}`, `mutatingwebhookconfiguration/${MUTATING_CONFIGURATION}`]
const BAD = stringify(rawPolicy({ safetyRules: { maxActionsPerHour: 99 } }), { version: '1.1' })
/** What the chart gives the account where somebody else keeps the certificate. */
const READING = webhookRbac.flatMap((manifest) => {
  const { rules } = manifest as { readonly rules?: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[] }
  return rules === undefined ? [] : [{ ...manifest, rules: rules.map((rule) => ({ ...rule, verbs: rule.verbs.filter((verb) => !rule.resources.some((resource) => isToKeepCertificates(resource, verb))) })).filter(({ verbs }) => verbs.length > 0) }]
})
const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('the front door with provided certificates', function () {
  this.timeout(300_000)
  let door: Door
  let authority: Issued

  const leafOf = (issuer: Issued) => issueLeaf(issuer, { dns: [`kubeskippy-webhook.${OPERATOR_NAMESPACE}.svc`], ips: ['127.0.0.1'] }, systemClock.now(), hours(1))
  /** `type` and keys of what cert-manager writes for a Certificate of a CA issuer. */
  const store = async (must: Door['must'], issuer: Issued): Promise<void> => {
    const { cert, key } = await leafOf(issuer)
    const secret = {
      apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls',
      metadata: { namespace: OPERATOR_NAMESPACE, name: WEBHOOK_TLS_SECRET, annotations: { 'cert-manager.io/certificate-name': 'kubeskippy-webhook' } },
      data: { 'tls.crt': base64(cert), 'tls.key': base64(key), 'ca.crt': base64(issuer.cert) },
    }
    await must(['apply', '--server-side', '--field-manager=cert-manager-certificates-issuing', '--force-conflicts', '-f', '-'], { input: JSON.stringify(secret) })
  }
  const inject = async (must: Door['must'], bundle: string): Promise<void> => {
    for (const configuration of CONFIGURATIONS) {
      await must(['annotate', '--overwrite', configuration, `cert-manager.io/inject-ca-from=${OPERATOR_NAMESPACE}/kubeskippy-webhook`])
      await must(['patch', configuration, '--type=json', '-p', JSON.stringify([0, 1].map((index) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: base64(bundle) })))])
    }
  }
  const works = async (): Promise<void> => {
    const { code, stderr } = await door.kubectl(['apply', '-f', '-'], { input: BAD })
    expect([code, stderr.includes('[KS401]')], stderr).to.deep.equal([1, true])
    await door.must(['apply', '--dry-run=server', '-f', '-'], { input: stringify(rawPolicy(), { version: '1.1' }) })
  }
  const readiness = async (): Promise<string> => (await fetch(`${door.probes}/readyz?verbose`)).text()
  const versions = async (): Promise<string[]> =>
    Promise.all([[...CONFIGURATIONS], ['-n', OPERATOR_NAMESPACE, `secret/${WEBHOOK_TLS_SECRET}`]].map((what) => door.must(['get', ...what, '-o', 'jsonpath={..metadata.resourceVersion}'])))

  before(async () => {
    authority = await issueAuthority(systemClock.now(), hours(10))
    door = await openDoor({
      flags: { certificates: 'provided' },
      prepare: async (must) => {
        await store(must, authority)
        await inject(must, authority.cert)
        await must(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: READING }) })
      },
    })
  })
  after(async () => door?.stop())

  it('judges policies, and writes neither the Secret nor a bundle', async () => {
    await works()
    const before = await versions()
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    expect(await versions()).to.deep.equal(before)
  })

  it('serves a renewed leaf', async () => {
    await store(door.must, authority)
    await works()
    await eventually(works, seconds(60))
  })

  it('follows a new authority, however the Secret and the bundle come', async () => {
    for (const order of ['secret', 'bundle'] as const) {
      const next = await issueAuthority(systemClock.now(), hours(10))
      if (order === 'secret') await store(door.must, next)
      await inject(door.must, next.cert)
      if (order === 'bundle') await store(door.must, next)
      await eventually(works, seconds(60))
      authority = next
    }
  })

  it('is not ready while the bundle would not do, leaves it as it is, and is ready again when it does', async () => {
    const stranger = await issueAuthority(systemClock.now(), hours(1))
    await inject(door.must, stranger.cert)
    await eventually(async () => expect(await readiness()).to.contain('does not hold the authority of the certificate in the Secret'), seconds(60))
    const bundle = await door.must(['get', CONFIGURATIONS[0] ?? '', '-o', 'jsonpath={.webhooks[0].clientConfig.caBundle}'])
    expect(bundle).to.equal(base64(stranger.cert))
    // The door may have learned of the bundle before the API server has.
    await eventually(async () => expect((await door.kubectl(['apply', '-f', '-'], { input: BAD })).stderr).to.contain('failed calling webhook'), seconds(60))
    await inject(door.must, authority.cert)
    await eventually(async () => expect((await fetch(`${door.probes}/readyz`)).status).to.equal(200), seconds(60))
    await eventually(works, seconds(60))
  })
})
