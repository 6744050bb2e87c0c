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

/** What a configuration holds: `Published` the bundle in each of our webhooks. */
export type BundleState = 'Published' | 'Differs' | 'Missing'

export interface Seen {
  readonly target: WebhookTarget
  readonly state: BundleState
  readonly configuration?: WebhookConfiguration
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

/** How API servers call our webhooks in it. */
export const clientConfigs = ({ webhooks }: WebhookTarget, configuration: WebhookConfiguration | undefined): readonly ClientConfig[] =>
  configuration?.webhooks?.filter(({ name }) => name !== undefined && webhooks.includes(name)).map(({ clientConfig = {} }) => clientConfig) ?? []

/** Annotations by which cert-manager's injector is asked to write the bundle. */
const INJECTIONS = ['cert-manager.io/inject-ca-from', 'cert-manager.io/inject-ca-from-secret', 'cert-manager.io/inject-apiserver-ca']

const injectedBy = (configuration: WebhookConfiguration | undefined): string | undefined => INJECTIONS.find((key) => configuration?.metadata.annotations?.[key] !== undefined)

/** What somebody has taken away: nobody asks us about what one of our webhooks was for. Undefined when all are there. */
export function lacking({ name, webhooks }: WebhookTarget, configuration: WebhookConfiguration | undefined): string | undefined {
  const there = new Set(configuration?.webhooks?.map((webhook) => webhook.name))
  const gone = webhooks.filter((webhook) => !there.has(webhook))
  if (configuration === undefined || gone.length === webhooks.length) return `${name} does not exist`
  return gone.length === 0 ? undefined : `${name} has lost ${gone.join(', ')}: install it again`
}

/** @param caBundle PEM */
export function compareBundle(target: WebhookTarget, configuration: WebhookConfiguration | undefined, caBundle: string): Seen {
  const encoded = Buffer.from(caBundle).toString('base64')
  const ours = clientConfigs(target, configuration)
  if (configuration === undefined || ours.length === 0) return { target, state: 'Missing' }
  const published = ours.every((one) => one.caBundle === encoded)
  return { target, state: published ? 'Published' : 'Differs', configuration }
}

/**
 * Writes the bundle, guarded by the version that was read: whoever wrote in between has perhaps written a newer one.
 * @returns false when it has changed since; read again
 */
export async function publishBundle(api: Api, { target, configuration }: Seen, caBundle: string): Promise<boolean> {
  if (configuration === undefined) return false
  const encoded = Buffer.from(caBundle).toString('base64')
  const body = [
    { op: 'replace', path: '/metadata/resourceVersion', value: configuration.metadata.resourceVersion },
    ...(configuration.webhooks ?? []).flatMap(({ name }, index) =>
      name !== undefined && target.webhooks.includes(name) ? [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: encoded }] : [],
    ),
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
  if (seen.state === 'Missing') return lacking(seen.target, seen.configuration)
  if (seen.state === 'Published') return undefined
  const injected = injectedBy(seen.configuration)
  if (injected !== undefined) return `${name} carries the annotation ${injected}, so that somebody else writes its caBundle: take it away, or run with --certificates=provided`
  const published = await publishBundle(api, seen, caBundle)
  if (published) log.info('ca bundle published', { configuration: name })
  return published ? undefined : `${name} has changed meanwhile`
}
