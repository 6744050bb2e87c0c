import { isCustom, KNOWN_KINDS, knownKind, nameOf, nearestKinds, type KindReference } from '../../api/v1alpha1/kinds.ts'
import { printable } from '../../lib/text.ts'
import { selectedResources, type Finding, type KindFacts, type Rule } from '../rule.ts'

export const ks107: Rule = {
  id: 'KS107',
  severity: 'E',
  alsoWarns: true,
  title: 'Selected kinds must be known, and namespaced. Custom resources are known to their API server only: one that it does not know (yet) is warned about.',
  why: 'a policy with a wrong kind watches nothing and says nothing',
  fix: 'select v1 Pod, or apps/v1 Deployment, StatefulSet or DaemonSet',
  partlyNeeds: 'cluster',
  check: (policy, { kinds }) =>
    selectedResources(policy).flatMap((resource, index): Finding[] => {
      const path = `spec.selector.resources[${index}].kind`
      const known = knownKind(resource)
      if (known === undefined) {
        if (isCustom(resource)) return discovered(resource, kinds?.get(nameOf(resource)), path)
        // The kind is right, and stands in another group or version.
        const at = KNOWN_KINDS.some(({ kind }) => kind === resource.kind) ? `spec.selector.resources[${index}].apiVersion` : path
        return [{ path: at, what: `unknown kind ${printable(nameOf(resource), 80)}`, ...instead(resource) }]
      }
      if (known.namespaced || known.forbidden !== undefined) return []
      return [{ path, what: `${nameOf(known)} is cluster-scoped`, why: CLUSTER_SCOPED }]
    }),
}

const CLUSTER_SCOPED = 'a HealingPolicy reaches objects of namespaces only'

function instead(unknown: KindReference): Pick<Finding, 'why' | 'fix'> {
  const word = unknown.kind.toLowerCase()
  // No use in mending the word: what was meant must not be selected either.
  const forbidden = KNOWN_KINDS.find((known) => known.forbidden !== undefined && (known.kind.toLowerCase() === word || known.plural === word))
  if (forbidden !== undefined) return { why: `no policy may act on ${nameOf(forbidden)}: ${forbidden.forbidden ?? ''}`, fix: 'select the pods or workloads that are broken' }
  const near = nearestKinds(unknown)
  return near.length > 0 ? { fix: `did you mean ${near.slice(0, 3).join(' or ')}?` } : {}
}

/** Its definition may come later, with the same release even; the status of the policy says while there is none. */
function discovered(kind: KindReference, facts: KindFacts | undefined, path: string): Finding[] {
  if (facts === undefined) return []
  const name = printable(nameOf(kind), 80)
  if (facts.found) return facts.namespaced ? [] : [{ path, what: `${name} is cluster-scoped`, why: CLUSTER_SCOPED }]
  const [near] = facts.near
  return [{ path, severity: 'W', what: `the API server has no ${name}`, fix: near === undefined ? 'install its definition' : `did you mean ${printable(near, 63)}?` }]
}
