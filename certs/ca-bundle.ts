/** Publishes the authorities in the webhook configurations, and touches nothing else there. */
import type { KubeApi, KubeObject, Resource } from '../shared/kube/api.ts'
import { isApiError } from '../shared/kube/errors.ts'
import type { Logger } from '../shared/runtime/logger.ts'

export interface WebhookTarget {
  readonly resource: Resource
  /** Of the configuration. */
  readonly name: string
  /** Names of our webhooks in it: others may have been added by hand. */
  readonly webhooks: readonly string[]
  /** API servers go on without it (`failurePolicy: Ignore`): what is wrong with it is told, and keeps nobody waiting. */
  readonly optional?: true
}

export interface ClientConfig {
  readonly url?: string
  readonly service?: { readonly namespace?: string; readonly name?: string }
  /** PEM in base64. */
  readonly caBundle?: string
}

export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly { readonly name?: string; readonly clientConfig?: ClientConfig }[]
}

/** What of ours is in a configuration. */
export interface Ours {
  readonly target: WebhookTarget
  /** How API servers call our webhooks, with their places in the list. */
  readonly calls: readonly { readonly index: number; readonly client: ClientConfig }[]
  /** What somebody has taken away: nobody asks us about what one of our webhooks was for. Undefined when all are there. */
  readonly lost: string | undefined
  readonly configuration?: WebhookConfiguration
}

/** What a configuration holds: `Published` the bundle in each of our webhooks. */
export type BundleState = 'Published' | 'Differs' | 'Missing'

export interface Seen extends Ours {
  readonly state: BundleState
}

type Api = Pick<KubeApi, 'get' | 'patch'>

export async function readConfiguration(api: Api, { resource, name }: WebhookTarget): Promise<WebhookConfiguration | undefined> {
  try {
    return await api.get<WebhookConfiguration>(resource, { name })
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined
    throw error
  }
}

export function oursIn(target: WebhookTarget, configuration: WebhookConfiguration | undefined): Ours {
  const gone = new Set(target.webhooks)
  const calls = (configuration?.webhooks ?? []).flatMap(({ name, clientConfig: client = {} }, index) => {
    if (name === undefined || !target.webhooks.includes(name)) return []
    gone.delete(name)
    return [{ index, client }]
  })
  if (configuration === undefined || calls.length === 0) return { target, calls, lost: `${target.name} does not exist` }
  return { target, calls, lost: gone.size === 0 ? undefined : `${target.name} has lost ${[...gone].join(', ')}: install it again`, configuration }
}

/** Annotations by which cert-manager's injector is asked to write the bundle. */
const INJECTIONS = ['cert-manager.io/inject-ca-from', 'cert-manager.io/inject-ca-from-secret', 'cert-manager.io/inject-apiserver-ca']

/** @returns which of them is on it */
export const injectedBy = (configuration: Pick<KubeObject, 'metadata'> | undefined): string | undefined => INJECTIONS.find((key) => configuration?.metadata.annotations?.[key] !== undefined)

/** @param caBundle PEM */
export function compareBundle(target: WebhookTarget, configuration: WebhookConfiguration | undefined, caBundle: string): Seen {
  const encoded = Buffer.from(caBundle).toString('base64')
  const ours = oursIn(target, configuration)
  return { ...ours, state: ours.calls.length === 0 ? 'Missing' : ours.calls.every(({ client }) => client.caBundle === encoded) ? 'Published' : 'Differs' }
}

/**
 * Writes the bundle, guarded by the version that was read: whoever wrote in between has perhaps written a newer one.
 * @returns false when it has changed since; read again
 */
export async function publishBundle(api: Api, { target, calls, configuration }: Seen, caBundle: string): Promise<boolean> {
  if (configuration === undefined) return false
  const encoded = Buffer.from(caBundle).toString('base64')
  const body = [
    { op: 'replace', path: '/metadata/resourceVersion', value: configuration.metadata.resourceVersion },
    ...calls.map(({ index }) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: encoded })),
  ]
  try {
    await api.patch(target.resource, { name: target.name }, { type: 'json', body })
    return true
  } catch (error) {
    if (isApiError(error, 'Conflict', 'NotFound', 'Recreated', 'PatchFailed')) return false
    throw error
  }
}

/** Brings one configuration to the bundle (PEM). Why it is not there; undefined when it is. */
export async function settle({ api, log }: { readonly api: Api; readonly log: Logger }, seen: Seen, caBundle: string): Promise<string | undefined> {
  const { name } = seen.target
  if (seen.state === 'Missing') return seen.lost
  if (seen.state === 'Published') return undefined
  const injected = injectedBy(seen.configuration)
  if (injected !== undefined) return `${name} carries the annotation ${injected}, so that somebody else writes its caBundle: take it away, or run with --certificates=provided`
  const published = await publishBundle(api, seen, caBundle)
  if (published) log.info('ca bundle published', { configuration: name })
  return published ? undefined : `${name} has changed meanwhile`
}
