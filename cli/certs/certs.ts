/** `kubeskippy certs`: what is stored and trusted, and one round of what the webhook does for itself. */
import { compareBundle, readConfiguration, settle, type WebhookTarget } from '../../certs/ca-bundle.ts'
import { ProvidedCertificates } from '../../certs/provided.ts'
import { currentMaterial } from '../../certs/secret-source.ts'
import { WEBHOOK_TLS_SECRET } from '../../shared/api/v1alpha1/names.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { SECRETS } from '../../shared/kube/resources.ts'
import { printable } from '../../shared/lib/text.ts'
import { formatInstant } from '../../shared/lib/time.ts'
import { silentLogger, type Logger } from '../../shared/runtime/logger.ts'
import { servedNames, TARGETS } from '../../webhook/certificates.ts'
import { DONE, FAILED, withCluster, type ClusterFlags } from '../command.ts'
import { deedOn, withDeeds, type Deeds } from '../deeds.ts'
import type { CliEnvironment } from '../environment.ts'
import { moment, pairs, toText } from '../layout.ts'
import { inFormat, type Output } from '../output.ts'
import { find } from '../reading.ts'

export interface CertsFlags extends ClusterFlags {
  readonly namespace: string
  readonly output: Output
}

/** Exit code: 1 when API servers would not trust a webhook that shows it. */
export const showCerts = (env: CliEnvironment, { namespace, output, ...flags }: CertsFlags): Promise<number> =>
  withCluster(env, flags, async (api) => {
    const now = api.serverTime() ?? env.clock.now()
    const certificates = new ProvidedCertificates({ api, clock: env.clock, log: silentLogger, secret: { namespace, name: WEBHOOK_TLS_SECRET }, targets: TARGETS, serve: () => {} })
    const distrusted = (await certificates.check()) ?? certificates.remark
    const expires = certificates.expires
    const problem = expires !== undefined && expires <= now ? 'the certificate has expired' : distrusted
    const found = { namespace, secret: WEBHOOK_TLS_SECRET, expires: expires === undefined ? undefined : formatInstant(expires), trusted: problem === undefined, problem }
    env.stdout(inFormat(output, () => found, () => toText(pairs([
      ['secret', `${namespace}/${WEBHOOK_TLS_SECRET}`],
      ['expires', moment(found.expires, now)],
      ['trusted', problem === undefined ? 'yes' : `no: ${problem}`],
    ], 0))))
    return problem === undefined ? DONE : FAILED
  })

/** Exit code: 1 when a configuration does not hold the CA afterwards. */
export const ensureCerts = (env: CliEnvironment, { namespace, ...flags }: CertsFlags): Promise<number> =>
  withDeeds(env, flags, async (api, deeds) => {
    const log = lines(env, deeds)
    const secret = (): Promise<KubeObject | undefined> => find(api, SECRETS, { namespace, name: WEBHOOK_TLS_SECRET })
    const before = await secret()
    const published = new Set<WebhookTarget>()
    for (let attempt = 1; ; attempt++) {
      // Before the Secret: what is then written cannot be older than what is there.
      const configurations = await Promise.all(TARGETS.map((target) => readConfiguration(api, target)))
      const { material, facts } = await currentMaterial({ api, clock: env.clock, log, namespace, name: WEBHOOK_TLS_SECRET, names: servedNames(namespace) })
      const problems = await Promise.all(TARGETS.map(async (target, index) => {
        const seen = compareBundle(target, configurations[index], material.caBundle)
        const problem = await settle({ api, log }, seen, material.caBundle)
        if (problem === undefined && seen.state === 'Differs') published.add(target)
        return problem
      }))
      const left = problems.filter((problem) => problem !== undefined)
      if (left.length > 0 && attempt < ATTEMPTS) continue
      const after = await secret()
      deeds.did(deedOn(SECRETS, { namespace, name: WEBHOOK_TLS_SECRET, uid: after?.metadata.uid }, before === undefined ? 'created' : before.metadata.resourceVersion === after?.metadata.resourceVersion ? 'unchanged' : 'updated'))
      for (const [index, target] of TARGETS.entries()) {
        if (problems[index] === undefined) deeds.did(deedOn(target.resource, { name: target.name, uid: configurations[index]?.metadata.uid }, published.has(target) ? 'updated' : 'unchanged'))
      }
      const expires = formatInstant(facts.leafExpires)
      deeds.tell('expires', expires, `${WEBHOOK_TLS_SECRET}: valid until ${expires}`)
      for (const problem of left) env.stderr(`error: ${problem}\n`)
      return left.length === 0 ? DONE : FAILED
    }
  })

/** A webhook that keeps its own may write between a read and a write of ours; what it wrote is then read. */
const ATTEMPTS = 5
const LONGEST_LINE = 4000

/** What is done is told in lines. */
function lines({ stderr }: CliEnvironment, { show }: Deeds): Logger {
  const line = (write: (text: string) => void): Logger['info'] => (message, fields = {}) => write(printable([message, ...Object.entries(fields).map(([name, value]) => `${name} ${String(value)}`)].join(', '), LONGEST_LINE))
  const complain = line((text) => stderr(`${text}\n`))
  const log: Logger = { debug: () => {}, info: line(show), warn: complain, error: complain, child: () => log }
  return log
}
