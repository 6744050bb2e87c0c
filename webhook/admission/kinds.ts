/** What the door asks the cluster before it judges: what the custom kinds are that a policy selects. */
import { groupOf, isCustom, nameOf, type KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import type { DiscoveredResource, KubeReader } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { isObject } from '../../shared/lib/json.ts'
import { nearest } from '../../shared/lib/text.ts'
import { seconds } from '../../shared/lib/time.ts'
import type { KindFacts, KindsFound } from '../../shared/rules/rule.ts'

/** Of the two seconds that the door has for all of its questions. */
const PATIENCE = seconds(1)

/** Nothing is known of any kind of a group while the API server does not answer: then the controller tells. */
export async function kindsFor(api: Pick<KubeReader, 'discover'>, policy: unknown): Promise<KindsFound> {
  const kinds = customKinds(policy)
  const versions = [...new Set(kinds.map(({ apiVersion }) => apiVersion))]
  const served = new Map(await Promise.all(versions.map(async (apiVersion) => [apiVersion, await resourcesOf(api, apiVersion)] as const)))
  return new Map(
    kinds.flatMap((kind) => {
      const resources = served.get(kind.apiVersion)
      return resources === undefined ? [] : [[nameOf(kind), factsOf(kind, resources)] as const]
    }),
  )
}

/** Empty where there is no such group and version; undefined where nobody answers. */
async function resourcesOf(api: Pick<KubeReader, 'discover'>, apiVersion: string): Promise<readonly DiscoveredResource[] | undefined> {
  try {
    return await api.discover(groupOf(apiVersion), apiVersion.slice(apiVersion.indexOf('/') + 1), { timeout: PATIENCE })
  } catch (error) {
    return isApiError(error, 'NotFound') ? [] : undefined
  }
}

function factsOf({ kind }: KindReference, resources: readonly DiscoveredResource[]): KindFacts {
  const found = resources.find((resource) => resource.kind === kind)
  if (found === undefined) return { found: false, near: nearest(kind, [...new Set(resources.map((resource) => resource.kind))]) }
  const { plural, namespaced, scalable } = found
  return { found: true, plural, namespaced, scalable }
}

function customKinds(policy: unknown): readonly KindReference[] {
  const spec = isObject(policy) && isObject(policy['spec']) ? policy['spec'] : {}
  const selector = isObject(spec['selector']) ? spec['selector'] : {}
  const list = (value: unknown): readonly Record<string, unknown>[] => (Array.isArray(value) ? value.slice(0, MOST_KINDS).filter(isObject) : [])
  return list(selector['resources']).flatMap(({ apiVersion, kind }) => (typeof apiVersion === 'string' && typeof kind === 'string' && isCustom({ apiVersion, kind }) ? [{ apiVersion, kind }] : []))
}

/** The schema takes no more; what comes here has not been judged by it yet. */
const MOST_KINDS = 16
