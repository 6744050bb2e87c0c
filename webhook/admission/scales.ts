/** What the door asks the cluster before it judges: whether the custom kinds that a policy would scale have a scale. */
import { isCustom, nameOf, type KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import type { KubeReader } from '../../shared/kube/api.ts'
import { findKind } from '../../shared/kube/discovery.ts'
import { isObject } from '../../shared/lib/json.ts'
import { seconds } from '../../shared/lib/time.ts'
import type { Scales } from '../../shared/rules/rule.ts'

/** The API server itself waits for the door for three seconds. */
const PATIENCE = seconds(1)

/** Nothing is known of a kind that is not installed (yet), and of any while the API server does not answer: then the controller tells. */
export async function scalesFor(api: Pick<KubeReader, 'discover'>, policy: unknown): Promise<Scales> {
  const known = await Promise.all(
    wouldScale(policy).map(async (kind): Promise<readonly [string, boolean][]> => {
      try {
        const found = await findKind(api, kind, { timeout: PATIENCE })
        return found === undefined ? [] : [[nameOf(kind), found.scalable]]
      } catch {
        return []
      }
    }),
  )
  return new Map(known.flat())
}

const NONE: readonly KindReference[] = []

function wouldScale(policy: unknown): readonly KindReference[] {
  const spec = isObject(policy) && isObject(policy['spec']) ? policy['spec'] : {}
  const selector = isObject(spec['selector']) ? spec['selector'] : {}
  const list = (value: unknown): readonly Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isObject) : [])
  if (!list(spec['actions']).some(({ type }) => type === 'scale')) return NONE
  return list(selector['resources']).flatMap(({ apiVersion, kind }) => (typeof apiVersion === 'string' && typeof kind === 'string' && isCustom({ apiVersion, kind }) ? [{ apiVersion, kind }] : []))
}
