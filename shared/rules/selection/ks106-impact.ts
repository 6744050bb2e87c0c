import { SELECTABLE_KINDS } from '../../api/v1alpha1/kinds.ts'
import { isOneOf } from '../../api/v1alpha1/action-kinds.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { sameJson } from '../../lib/json.ts'
import { plural } from '../../lib/text.ts'
import type { AccessQuestion } from '../access.ts'
import { rootOf, selectedObjects, type LiveObject, type LiveObjects } from '../across/live-objects.ts'
import { acts, selectedNamespaces, selectedResources, type Finding, type Rule, type RuleContext } from '../rule.ts'
import { selectedSets } from './selected.ts'

/** Half of two or three workloads says nothing about a selector. */
const FEWEST_WORKLOADS = 4

/** What there is in one namespace, for a policy that selects there anew. */
export interface Preview {
  readonly namespace: string
  /** Absent: nobody could look. */
  readonly live?: LiveObjects
}

/**
 * Where one looks: in the policy's own namespace, when that is selected. What is in another one is not for its author to be told.
 * Whoever applies the same selection again has been told before.
 */
export function previewOf(policy: HealingPolicy, old: HealingPolicy | undefined): Preview | undefined {
  const { namespace } = policy.metadata
  if (namespace === undefined || !selectedNamespaces(policy).includes(namespace)) return undefined
  return old !== undefined && sameJson(old.spec.selector, policy.spec.selector) ? undefined : { namespace }
}

/** Whether all that it selects is among what is listed: of anything else nobody knows how much there is. */
const isListed = (policy: HealingPolicy): boolean => selectedResources(policy).every((kind) => isOneOf(SELECTABLE_KINDS, kind))

const mayList = (namespace: string): AccessQuestion => ({ who: 'Author', namespace, apiGroup: '', resource: 'pods', verb: 'list', optional: true })

export const ks106: Rule = {
  id: 'KS106',
  severity: 'W',
  title: 'A selector matches something now, and not more than half of the workloads of its namespace.',
  why: 'a wrong label selects nothing or too much, and neither is seen before the night when it matters',
  fix: 'compare with kubectl get pods --show-labels; kubeskippy simulate shows what would be done, and with --last 24h what would have been',
  needs: 'cluster',
  // For the other rules that count what is selected as well.
  asks: (_policy, { preview } = {}) => (preview === undefined ? [] : [mayList(preview.namespace)]),
  check: (policy, context) => {
    const here = previewed(policy, context)
    return here === undefined ? [] : impactOn(policy, here)
  },
}

/** What is in the namespace, as far as the author may be told. */
function previewed(policy: HealingPolicy, { preview, access }: Pick<RuleContext, 'preview' | 'access'>): LiveObjects | undefined {
  if (preview?.live === undefined || !isListed(policy) || (access !== undefined && access(mayList(preview.namespace)) !== 'Allowed')) return undefined
  const { objects, complete } = preview.live
  return { objects: objects.filter(({ namespace }) => namespace === preview.namespace), complete }
}

/** How many objects are selected now; undefined: nobody knows, or the author may not. A policy of several namespaces has more elsewhere. */
export function selectedNow(policy: HealingPolicy, context: Pick<RuleContext, 'preview' | 'access'>): number | undefined {
  const here = selectedNamespaces(policy).length === 1 ? previewed(policy, context) : undefined
  return here?.complete === true ? selectedObjects(policy, here).filter((object) => isOneOf(selectedResources(policy), object)).length : undefined
}

function impactOn(policy: HealingPolicy, here: LiveObjects): Finding[] {
  const path = 'spec.selector'
  // KS101 refuses it as a policy of everything: not the opposite as well.
  if (acts(policy) && selectedSets(policy).length === 0) return []
  const selected = selectedObjects(policy, here)
  // Before anything is rolled out, as in a new namespace, there is nothing to compare with.
  if (selected.length === 0) return here.complete && here.objects.some((object) => isOneOf(selectedResources(policy), object)) ? [{ path, what: 'selects nothing now' }] : []
  const workloads = rootsOf(here.objects, here)
  const hit = rootsOf(selected, here)
  if (workloads < FEWEST_WORKLOADS || 2 * hit <= workloads || !here.complete) return []
  return [{ path, what: `selects ${hit} of ${plural(workloads, 'workload')} now` }]
}

const rootsOf = (objects: readonly LiveObject[], live: LiveObjects): number => new Set(objects.map((object) => rootOf(object, live).uid)).size
