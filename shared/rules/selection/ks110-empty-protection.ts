import { ACTS_ON, isOneOf, POD } from '../../api/v1alpha1/action-kinds.ts'
import { isCustom, knownKind, nameOf, nearestKinds, type KindReference } from '../../api/v1alpha1/kinds.ts'
import { printable } from '../../lib/text.ts'
import { acts, type Finding, type Rule } from '../rule.ts'

export const ks110: Rule = {
  id: 'KS110',
  severity: 'E',
  alsoWarns: true,
  title: 'protectedResources name kinds that exist. Kinds that nothing is ever done to are warned about.',
  why: 'an entry with a wrong kind protects nothing, and everybody believes that it does',
  fix: 'write v1 Pod, or apps/v1 Deployment, StatefulSet or DaemonSet',
  check: (policy) =>
    acts(policy)
      ? (policy.spec.safetyRules.protectedResources ?? []).flatMap((entry, index): Finding[] => {
          if (isCustom(entry) || isOneOf(PROTECTABLE, entry)) return []
          const path = `spec.safetyRules.protectedResources[${index}].kind`
          const known = knownKind(entry)
          if (known !== undefined) return [{ path, severity: 'W', what: `${nameOf(known)} owns no pod and is never acted on` }]
          const near = nearestKinds(entry).filter((name) => PROTECTABLE.some((kind) => nameOf(kind) === name))
          return [{ path, what: `unknown kind ${printable(nameOf(entry), 80)}`, ...(near.length > 0 ? { fix: `did you mean ${near.slice(0, 3).join(' or ')}?` } : {}) }]
        })
      : [],
}

/** Pods, and what may own them: the owner's protection is that of its pods. */
const PROTECTABLE: readonly KindReference[] = [
  POD,
  ...Object.values(ACTS_ON).flat(),
  { apiVersion: 'v1', kind: 'ReplicationController' },
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'batch/v1', kind: 'CronJob' },
]
