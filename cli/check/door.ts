import { X509Certificate } from 'node:crypto'
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { DECISION_VALIDATING_WEBHOOK, MUTATING_CONFIGURATION, OPERATOR_NAMESPACE, VALIDATING_CONFIGURATION, WEBHOOK_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { KubeManifest, KubeObject } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { DEPLOYMENTS, HEALING_POLICIES, MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS } from '../../shared/kube/resources.ts'
import { printable } from '../../shared/lib/text.ts'
import { formatInstant, instant } from '../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION, protectedNamespaces } from '../../shared/rules/rule.ts'
import { find } from '../reading.ts'
import { fail, ok, warn, type Check, type CheckContext, type Finding } from './finding.ts'

type Found = Omit<Finding, 'check'>

interface Configuration extends KubeObject {
  readonly webhooks?: readonly { readonly name?: string; readonly failurePolicy?: string; readonly clientConfig?: { readonly caBundle?: string; readonly service?: object } }[]
}

const INSTALL = 'kubectl apply --server-side -f config/webhook/manifests.yaml, and run the webhook'

export const doorCheck: Check = {
  name: 'webhook',
  run: async (context) => {
    const [validating, mutating] = await Promise.all([
      find<Configuration>(context.api, VALIDATING_WEBHOOKS, { name: VALIDATING_CONFIGURATION }),
      find<Configuration>(context.api, MUTATING_WEBHOOKS, { name: MUTATING_CONFIGURATION }),
    ])
    const found = [configured(VALIDATING_CONFIGURATION, validating, context), configured(MUTATING_CONFIGURATION, mutating, context)]
    if (validating === undefined) return found
    // Decisions on actions may pass: an admission policy holds them.
    const open = (validating.webhooks ?? []).some(({ name, failurePolicy }) => name !== DECISION_VALIDATING_WEBHOOK && failurePolicy !== 'Fail')
    return [
      ...found,
      ...(open ? [warn(`${VALIDATING_CONFIGURATION} lets policies through while the webhook is down: failurePolicy is not Fail`, INSTALL)] : []),
      ...(await tried(context, mutating !== undefined)),
    ]
  },
}

function configured(name: string, found: Configuration | undefined, { now }: CheckContext): Found {
  if (found === undefined) return warn(`${name} is not there: policies are judged by the controller before it acts, but nobody is told when writing one`, INSTALL)
  const bundles = (found.webhooks ?? []).map(({ clientConfig }) => clientConfig?.caBundle ?? '')
  if (bundles.length === 0 || bundles.includes('')) return fail(`${name} has no caBundle: the API server cannot call the webhook`, 'run the webhook: it writes its CA when it starts')
  const ends = bundles.map((bundle) => lastDay(bundle))
  if (ends.includes(undefined)) return fail(`${name} has a caBundle that cannot be read`, 'restart the webhook: it writes its CA when it starts')
  const soonest = Math.min(...ends.map((end) => end ?? 0))
  return soonest <= now ? fail(`${name}: its CA has expired on ${formatInstant(instant(soonest))}`, 'restart the webhook: it renews its CA') : ok(`${name} has a CA that is valid until ${formatInstant(instant(soonest)).slice(0, 10)}`)
}

/** Of the certificate that is valid longest; while it rotates there are two. */
function lastDay(bundle: string): number | undefined {
  try {
    const certificates = Buffer.from(bundle, 'base64').toString('latin1').match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []
    const ends = certificates.map((pem) => new X509Certificate(pem).validToDate.getTime())
    return ends.length === 0 ? undefined : Math.max(...ends)
  } catch {
    return undefined
  }
}

/** Asked by dry runs only: the door is the same for them. */
async function tried(context: CheckContext, mutating: boolean): Promise<readonly Found[]> {
  const refusal = await dryRun(context, probePolicy('refused', context.namespace))
  if ('policy' in refusal) return [fail(`a policy that breaks KS101 was let through in ${context.namespace}: the webhook was not asked`, `does it exclude the namespace? kubectl get validatingwebhookconfiguration ${VALIDATING_CONFIGURATION} -o yaml`)]
  if ('found' in refusal) return [refusal.found]
  // A protected namespace accepts no acting policy at all.
  if (!mutating || protectedNamespaces(DEFAULT_INSTALLATION).has(context.namespace)) return [ok('refuses an unsafe policy')]
  const stamped = await dryRun(context, probePolicy('accepted', context.namespace))
  if ('found' in stamped) return [ok('refuses an unsafe policy'), stamped.found]
  if (!('policy' in stamped)) return [ok('refuses an unsafe policy'), warn(`a harmless policy is refused in ${context.namespace}: ${stamped.refused}`, 'try another namespace with -n')]
  return stamped.policy.spec.selector.namespaces?.includes(context.namespace) === true
    ? [ok('refuses an unsafe policy, and fills in the defaults of a safe one')]
    : [ok('refuses an unsafe policy'), warn('the defaults were not filled in: the mutating webhook did not answer in time', 'the controller fills them in itself; look at the log of the webhook')]
}

type Answer = { readonly policy: HealingPolicy } | { readonly refused: string } | { readonly found: Found }

async function dryRun({ api, namespace }: CheckContext, manifest: KubeManifest): Promise<Answer> {
  try {
    return { policy: await api.create<HealingPolicy>(HEALING_POLICIES, manifest, { dryRun: true, fieldManager: 'kubeskippy-cli' }) }
  } catch (error) {
    if (!isApiError(error)) throw error
    const said = printable(error.serverMessage ?? error.message, 300)
    if (isApiError(error, 'Invalid')) return { refused: said }
    if (isApiError(error, 'Forbidden')) return { found: warn(`could not be tried: ${said}`, 'try a namespace in which you may create HealingPolicies, with -n') }
    if (isApiError(error, 'NotFound')) return { found: warn(`could not be tried: there is no namespace ${namespace}, or no HealingPolicies`, 'try another namespace with -n') }
    if (isApiError(error, 'Server') && (await isLeftOver(api))) return { found: fail(`${VALIDATING_CONFIGURATION} is what is left of an installation without a webhook: every policy is refused`, 'kubeskippy uninstall takes the rest away; or install it again') }
    if (isApiError(error, 'Server', 'Timeout')) return { found: fail(`does not answer: ${said}`, 'is the webhook running, and ready (/readyz)? Until then no policy can be written') }
    throw error
  }
}

/** It calls a Service of whose programs nothing is left, as after an uninstall that was interrupted. */
async function isLeftOver(api: CheckContext['api']): Promise<boolean> {
  const configuration = await find<Configuration>(api, VALIDATING_WEBHOOKS, { name: VALIDATING_CONFIGURATION })
  if ((configuration?.webhooks ?? []).every(({ clientConfig }) => clientConfig?.service === undefined)) return false
  try {
    return (await find(api, DEPLOYMENTS, { namespace: OPERATOR_NAMESPACE, name: WEBHOOK_ACCOUNT })) === undefined
  } catch (error) {
    if (isApiError(error, 'Forbidden')) return false
    throw error
  }
}

/** `refused` breaks KS101 and nothing else; `accepted` selects nothing. Neither is ever stored. */
export const probePolicy = (wanted: 'refused' | 'accepted', namespace: string): KubeManifest & { readonly spec: unknown } => ({
  apiVersion: API_VERSION,
  kind: HEALING_POLICIES.kind,
  metadata: { name: 'kubeskippy-check', namespace },
  spec: {
    // In a protected namespace the API server itself refuses what acts, before it asks the webhook.
    mode: wanted === 'refused' ? 'dryrun' : 'automatic',
    selector: { labelSelector: wanted === 'refused' ? {} : { matchLabels: { 'kubeskippy-check': 'selects-nothing' } } },
    triggers: [{ name: 'check', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m' } }],
    actions: [{ name: 'check', type: 'restart', restartAction: {} }],
  },
})
