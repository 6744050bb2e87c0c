import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { knownKind, nameOf, type KnownKind } from '../../api/v1alpha1/kinds.ts'
import { quoted } from '../../lib/text.ts'
import { acts, selectedResources, type Finding, type Rule } from '../rule.ts'

/** What to select instead, where there is something better than the general advice. */
const INSTEAD: Readonly<Record<string, string>> = {
  'apps/v1 ReplicaSet': 'select the Deployment that owns it, or v1 Pod',
  'batch/v1 Job': 'leave retries to backoffLimit of the Job',
  'batch/v1 CronJob': 'leave retries to backoffLimit of its jobTemplate',
}

export const ks301: Rule = {
  id: 'KS301',
  severity: 'E',
  title: 'Triggers and actions must fit the selected kinds.',
  why: 'condition triggers look at pods and restart evicts them: on anything else the policy does nothing, or not what it says',
  fix: 'select v1 Pod, or apps/v1 Deployment, StatefulSet or DaemonSet',
  check(policy) {
    const known = selectedResources(policy).map((resource, index) => ({ index, kind: knownKind(resource) }))
    const podless = known.flatMap(({ index, kind }): Finding[] => (unhealable(kind) ? [podlessFinding(index, kind)] : []))
    return [...podless, ...unclearTargets(policy)]
  },
}

/** Unknown, cluster-scoped and forbidden kinds have rules of their own. */
const unhealable = (kind: KnownKind | undefined): kind is KnownKind =>
  kind !== undefined && kind.pods === undefined && kind.namespaced && kind.forbidden === undefined

function podlessFinding(index: number, kind: KnownKind): Finding {
  const fix = INSTEAD[nameOf(kind)]
  return { path: `spec.selector.resources[${index}].kind`, what: `no trigger or action fits ${nameOf(kind)}`, ...(fix === undefined ? {} : { fix }) }
}

/** With a workload selected, "restart" could mean one pod or all of them: only the first exists, and must be said. */
function unclearTargets(policy: HealingPolicy): Finding[] {
  const workload = selectedResources(policy).find((resource) => knownKind(resource)?.pods === 'owned')
  if (!acts(policy) || workload === undefined) return []
  return policy.spec.actions.flatMap(({ name, target }, index): Finding[] =>
    target === undefined
      ? [
          {
            path: `spec.actions[${index}].target`,
            what: `action ${quoted(name, 63)} does not say what it restarts while ${nameOf(workload)} is selected`,
            why: 'restarting a whole workload is not available, and one pod may not be what was meant',
            fix: 'write target: Pod',
          },
        ]
      : [],
  )
}
