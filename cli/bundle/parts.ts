/** What a bundle is made of: each part by itself, so that what one person may not read leaves the others as they are. */
import type { KubeObject, Resource } from '../../shared/kube/api.ts'
import type { KubeConnection } from '../../shared/kube/transport.ts'
import { KILL_SWITCH, MUTATING_CONFIGURATION, OPERATOR_NAMESPACE, VALIDATING_CONFIGURATION } from '../../shared/api/v1alpha1/names.ts'
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, DEPLOYMENTS, ENDPOINT_SLICES, EVENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, LEASES, MUTATING_WEBHOOKS, PODS, POD_DISRUPTION_BUDGETS, REPLICA_SETS, SERVICES, VALIDATING_WEBHOOKS } from '../../shared/kube/resources.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { isObject } from '../../shared/lib/json.ts'
import { minutes } from '../../shared/lib/time.ts'
import type { Finding } from '../check/finding.ts'
import { find } from '../reading.ts'
import { redactedJson, redactedLog } from './redacted.ts'

export interface Part {
  /** In the archive. */
  readonly path: string
  /** @throws when it cannot be read */
  readonly read: () => Promise<Content>
}

export interface Content {
  /** Without secrets. */
  readonly text: string
  /** There was more before it. */
  readonly truncated?: true
}

export interface PartsOptions {
  readonly api: KubeConnection
  readonly version: string
  /** Of policies, actions and events; absent: all. */
  readonly namespace: string | undefined
  readonly check: () => Promise<readonly Finding[]>
}

/** Of a kind; the newest of them. */
const MOST_OBJECTS = 2000
/** TRAP: with a limit of its own (`limitBytes`) the kubelet goes back this many lines and then sends the first bytes of them: the newest are missing. */
const LOG = { tailLines: 20_000, lastBytes: 4 * 1024 * 1024, timeout: minutes(1) } as const
/** What programs of ours answer, and where unless they are told otherwise. */
const ANSWERS = [
  { path: 'metrics', name: 'metrics.txt', port: 'metrics' },
  { path: 'readyz?verbose', name: 'readyz.txt', port: 'health' },
  { path: 'livez?verbose', name: 'livez.txt', port: 'health' },
] as const
const PODS_OF_OURS = 'app.kubernetes.io/name=kubeskippy'
const CONFIGS_OF_OURS = `${PODS_OF_OURS},app.kubernetes.io/component=config`

const json = (value: unknown): Content => ({ text: `${JSON.stringify(redactedJson(value), null, 2)}\n` })

/** What is known without a look at the cluster. */
export function parts({ api, version, namespace, check }: PartsOptions): readonly Part[] {
  const inOperators = { namespace: OPERATOR_NAMESPACE }
  const all = (path: string, resource: Resource, options: Parameters<typeof newest>[2]): Part => ({ path, read: async () => json(await newest(api, resource, options)) })
  const one = (path: string, resource: Resource, name: string, where: { readonly namespace?: string } = {}): Part => ({ path, read: async () => json((await find(api, resource, { ...where, name })) ?? null) })
  const where = namespace === undefined ? {} : { namespace }
  return [
    { path: 'versions.json', read: async () => json({ kubeskippy: version, kubernetes: (await api.serverVersion()).name, api: await api.versionsOf(GROUP) }) },
    { path: 'check.json', read: async () => json(await check()) },
    all('policies.json', HEALING_POLICIES, where),
    all('actions.json', HEALING_ACTIONS, where),
    all('ledgers.json', HEALING_LEDGERS, inOperators),
    {
      path: 'events.json',
      read: async () => json(await newest(api, EVENTS, where, (event) => isObject(event) && typeof event['reportingController'] === 'string' && event['reportingController'].startsWith(GROUP))),
    },
    ...resources.map(({ plural }) => one(`definitions/${plural}.json`, CUSTOM_RESOURCE_DEFINITIONS, `${plural}.${GROUP}`)),
    one('webhooks/validating.json', VALIDATING_WEBHOOKS, VALIDATING_CONFIGURATION),
    one('webhooks/mutating.json', MUTATING_WEBHOOKS, MUTATING_CONFIGURATION),
    all('programs/deployments.json', DEPLOYMENTS, { ...inOperators, labelSelector: PODS_OF_OURS }),
    // Why pods of ours are not there, do not start or get no reviews: what stands between a Deployment and a connection.
    all('programs/replica-sets.json', REPLICA_SETS, { ...inOperators, labelSelector: PODS_OF_OURS }),
    all('programs/disruption-budgets.json', POD_DISRUPTION_BUDGETS, inOperators),
    all('programs/services.json', SERVICES, inOperators),
    all('programs/endpoint-slices.json', ENDPOINT_SLICES, inOperators),
    all('programs/events.json', EVENTS, inOperators),
    all('programs/pods.json', PODS, { ...inOperators, labelSelector: PODS_OF_OURS }),
    // Of each shard one more, where the work is shared.
    all('programs/leases.json', LEASES, inOperators),
    // Each revision that still runs has its own.
    all('programs/configs.json', CONFIG_MAPS, { ...inOperators, labelSelector: CONFIGS_OF_OURS }),
    one('programs/kill-switch.json', CONFIG_MAPS, KILL_SWITCH, inOperators),
  ]
}

interface PodOfOurs extends KubeObject {
  readonly spec: { readonly containers: readonly { readonly name: string; readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[] }[] }
}

/** What each pod of ours has logged, and answers. @throws ApiError when pods cannot be listed */
export async function podParts(api: KubeConnection): Promise<readonly Part[]> {
  const pods = await newest<PodOfOurs>(api, PODS, { namespace: OPERATOR_NAMESPACE, labelSelector: PODS_OF_OURS })
  return pods.flatMap(({ metadata: { name }, spec: { containers } }) => {
    const key = { namespace: OPERATOR_NAMESPACE, name }
    const folder = `programs/${name.replace(/^kubeskippy-/, '')}`
    return containers.flatMap((container) => [
      { path: `${folder}/${container.name}.log`, read: async () => endOfLog(await api.log(PODS, key, { container: container.name, ...LOG })) },
      { path: `${folder}/${container.name}.previous.log`, read: async () => endOfLog(await previousLog(api, key, container.name)) },
      ...ANSWERS.flatMap(({ path, name: file, port }) => {
        const at = container.ports?.find((each) => each.name === port)?.containerPort
        return at === undefined ? [] : [{ path: `${folder}/${file}`, read: async () => ({ text: redactedAnswer(file, await api.podAnswer(key, at, path)) }) }]
      }),
    ])
  })
}

/** Values of labels are bounded words of ours (`metric-table.ts`), and numbers are no secrets. */
const redactedAnswer = (file: string, text: string): string => (file === 'metrics.txt' ? text : redactedLog(text))

/** Whole lines: of half a secret nobody can tell that it is one. */
function endOfLog(log: string): Content {
  const cut = Buffer.byteLength(log) >= LOG.lastBytes
  const text = redactedLog(cut ? log.slice(log.indexOf('\n') + 1) : log)
  return cut || log.split('\n').length > LOG.tailLines ? { text, truncated: true } : { text }
}

async function previousLog(api: KubeConnection, key: { readonly namespace: string; readonly name: string }, container: string): Promise<string> {
  try {
    return await api.log(PODS, key, { container, previous: true, ...LOG })
  } catch (error) {
    // There was none.
    if (isApiError(error, 'BadRequest')) return ''
    throw error
  }
}

async function newest<T extends KubeObject>(api: KubeConnection, resource: Resource, options: { readonly namespace?: string; readonly labelSelector?: string }, wanted: (object: unknown) => boolean = () => true): Promise<readonly T[]> {
  let kept: T[] = []
  let token: string | undefined
  do {
    const page = await api.list<T>(resource, { ...options, limit: 500, ...(token === undefined ? {} : { continue: token }) })
    kept = [...kept, ...page.items.filter(wanted)].toSorted((a, b) => made(b).localeCompare(made(a))).slice(0, MOST_OBJECTS)
    token = page.continue
  } while (token !== undefined)
  return kept
}

const made = ({ metadata }: KubeObject): string => metadata.creationTimestamp ?? ''
