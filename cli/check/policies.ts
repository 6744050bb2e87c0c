import { CONTROLLER_ACCOUNT, HEALER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { NAMESPACES, POD_METRICS } from '../../shared/kube/resources.ts'
import { printable } from '../../shared/lib/text.ts'
import { DEFAULT_INSTALLATION } from '../../controller/healing/installation.ts'
import { protectedNamespaces } from '../../shared/rules/rule.ts'
import { healerPermissions } from '../../controller/actions/index.ts'
import { ApiLiveReader } from '../../controller/adapters/live-reader.ts'
import { isConstrained, mayBeHealer } from '../impersonation.ts'
import { fail, ok, warn, type Check, type CheckContext, type Finding } from './finding.ts'

type Found = Omit<Finding, 'check'>

/** Whether there is somebody who may act, where policies want to. */
export const healersCheck: Check = {
  name: 'healers',
  run: async (context) => {
    const policies = await context.policies()
    const closed = new Map(await Promise.all([...new Set(policies.flatMap(reachOf))].map(async (namespace) => [namespace, await whyClosed(context, namespace)] as const)))
    const acting = [...new Set(policies.filter(({ spec }) => spec.mode !== 'monitor').flatMap(reachOf))].sort()
    const healers = acting.length === 0 ? [ok('no policy acts')] : await Promise.all(acting.map(async (namespace) => closed.get(namespace) ?? (await healer(context, namespace))))
    const abroad = [...new Set(policies.flatMap((policy) => reachOf(policy).map((where) => `${policy.metadata.namespace} ${where}`)))].sort().map((pair) => pair.split(' '))
    return [...healers, ...(await Promise.all(abroad.filter(([home, where = '']) => home !== where && closed.get(where) === undefined).map(([home = '', where = '']) => consent(context, home, where))))]
  },
}

/** Where nobody can consent, there is no use in being told how. */
async function whyClosed({ api }: CheckContext, namespace: string): Promise<Found | undefined> {
  if (protectedNamespaces(DEFAULT_INSTALLATION).has(namespace)) return warn(`${namespace} is protected: policies do nothing there`, `take ${namespace} out of selector.namespaces, or use mode: monitor`)
  try {
    const { metadata } = await api.get(NAMESPACES, { name: namespace })
    if (metadata.deletionTimestamp === undefined) return undefined
    return warn(`${namespace} is being deleted: policies do nothing there`)
  } catch (error) {
    if (isApiError(error, 'NotFound')) return warn(`${namespace} does not exist: policies that select it do nothing there`, `take ${namespace} out of selector.namespaces, or create it`)
    // What may not be read is judged as before.
    if (isApiError(error, 'Forbidden')) return undefined
    throw error
  }
}

/** Where a policy looks, and acts. */
const reachOf = ({ metadata, spec }: HealingPolicy): readonly string[] => spec.selector.namespaces ?? [metadata.namespace ?? '']

async function consent({ api, now }: CheckContext, home: string, where: string): Promise<Found> {
  const state = await new ApiLiveReader({ api, clock: { now: () => now }, installation: DEFAULT_INSTALLATION }).consent(home, where)
  if (state === 'Given') return ok(`${where} lets policies of ${home} in`)
  const what = state === 'Missing' ? `${where} does not consent to policies of ${home}: they do nothing there` : `whether ${where} consents to policies of ${home} could not be asked`
  return warn(what, `kubeskippy enable -n ${where} --consent-to ${home}`)
}

async function healer({ api, now }: CheckContext, namespace: string): Promise<Found> {
  const reader = new ApiLiveReader({ api, clock: { now: () => now }, installation: DEFAULT_INSTALLATION })
  const state = await reader.healer(namespace, healerPermissions)
  switch (state) {
    case 'Ready':
      return reachable(api, namespace)
    case 'Missing':
      return warn(`${namespace} has policies but no account ${HEALER_ACCOUNT}: they find, and do nothing`, `kubeskippy enable -n ${namespace}`)
    case 'Forbidden':
      return warn(`${namespace}: ${HEALER_ACCOUNT} may not do all that actions need`, `kubeskippy enable -n ${namespace}`)
    default:
      return state satisfies never
  }
}

/** Whether the controller may act as that healer, and only in the way that the API server has for it. */
async function reachable(api: CheckContext['api'], namespace: string): Promise<Found> {
  const [constrained, whole] = await Promise.all([isConstrained(api), mayBeHealer(api, namespace)])
  if (constrained === whole) {
    return constrained
      ? fail(`${namespace}: ${CONTROLLER_ACCOUNT} has the verb impersonate on ${HEALER_ACCOUNT}, and may do whatever that one may`, 'upgrade the release with rbac.impersonation: auto, or remove the Role that grants it')
      : warn(`${namespace}: ${CONTROLLER_ACCOUNT} may not act as ${HEALER_ACCOUNT}: policies find, and do nothing`, `add ${namespace} to healers.namespaces of the chart, with rbac.impersonation: legacy`)
  }
  return ok(`${namespace} may be healed`)
}

/** Whether somebody looks at the policies, and takes them as they are. */
export const policiesCheck: Check = {
  name: 'policies',
  run: async (context) => {
    const policies = await context.policies()
    const unseen = policies.filter(({ metadata, status }) => (status?.observedGeneration ?? 0) < (metadata.generation ?? 1))
    const refused = policies.filter(({ status }) => status?.conditions?.some(({ type, status: value }) => type === 'Accepted' && value === 'False') === true)
    const found = [
      ...(unseen.length === 0 ? [] : [warn(`no controller has looked at ${names(unseen)}`, 'is the controller running, and ready (/readyz)?')]),
      ...(refused.length === 0 ? [] : [warn(`not accepted: ${names(refused)}`, 'kubeskippy explain NAME -n NAMESPACE says why')]),
    ]
    return found.length > 0 ? found : [ok(policies.length === 1 ? '1 policy' : `${policies.length} policies`)]
  },
}

const MOST_NAMES = 5

function names(policies: readonly HealingPolicy[]): string {
  const all = policies.map(({ metadata }) => printable(`${metadata.namespace}/${metadata.name}`, 320))
  return `${all.slice(0, MOST_NAMES).join(', ')}${all.length > MOST_NAMES ? ` and ${all.length - MOST_NAMES} more` : ''}`
}

/** metrics-server, or whoever serves its API. */
export const metricsCheck: Check = {
  name: 'metrics',
  run: async ({ api }) => {
    try {
      await api.list(POD_METRICS, { limit: 1 })
      return [ok('metrics.k8s.io answers')]
    } catch (error) {
      if (isApiError(error, 'NotFound')) return [warn('metrics.k8s.io is not served: triggers on CPU and memory have no data', 'install metrics-server, where such triggers are wanted')]
      if (isApiError(error, 'Server', 'Timeout')) return [warn(`metrics.k8s.io does not answer (${error.code}): triggers on CPU and memory have no data`, 'look at metrics-server: kubectl get apiservice v1beta1.metrics.k8s.io')]
      throw error
    }
  },
}
