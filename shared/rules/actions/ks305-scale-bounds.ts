import { knownKind } from '../../api/v1alpha1/kinds.ts'
import type { ActionTemplate, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { acts, selectedResources, type Finding, type Rule } from '../rule.ts'
import { judgedPatches, pathOf, type JudgedPatch } from './judged-patches.ts'

export const ks305: Rule = {
  id: 'KS305',
  severity: 'E',
  alsoWarns: true,
  title: 'Bounds of scaling must leave a number, and never 0, and so must a patch of replicas. Scaling a StatefulSet down is warned about.',
  why: 'with bounds that contradict each other nobody can tell how many replicas are meant, and 0 is an outage',
  fix: 'write 1 <= minReplicas <= replicas <= maxReplicas',
  check(policy, { installation }) {
    if (!acts(policy)) return []
    const scales = policy.spec.actions.flatMap(({ type, scaleAction }, index): Finding[] =>
      type === 'scale' && scaleAction !== undefined ? findings(policy, scaleAction, `spec.actions[${index}].scaleAction`) : [],
    )
    return [...scales, ...judgedPatches(policy, installation).flatMap(patched)]
  },
}

const patched = (patch: JudgedPatch): Finding[] =>
  patch.findings.flatMap(({ rule, what }) => (rule === 'KS305' ? [{ path: pathOf(patch), what, fix: 'write a number from 1 up, or type: scale with bounds of its own' }] : []))

function findings(policy: HealingPolicy, { direction, replicas, minReplicas, maxReplicas }: NonNullable<ActionTemplate['scaleAction']>, path: string): Finding[] {
  const to0 = (field: string): Finding => ({ path: `${path}.${field}`, what: `${field} of 0 ${field === 'replicas' && direction !== 'absolute' ? 'changes nothing' : 'allows scaling to 0'}`, fix: 'write 1 or more' })
  const zeros = [...(minReplicas === 0 ? [to0('minReplicas')] : []), ...(replicas === 0 ? [to0('replicas')] : []), ...(maxReplicas === 0 ? [to0('maxReplicas')] : [])]
  if (zeros.length > 0) return zeros
  if (maxReplicas !== undefined && maxReplicas < minReplicas) return [{ path: `${path}.maxReplicas`, what: `maxReplicas ${maxReplicas} is below minReplicas ${minReplicas}` }]
  if (direction === 'absolute' && replicas !== undefined) {
    if (replicas < minReplicas) return [{ path: `${path}.replicas`, what: `replicas ${replicas} is below minReplicas ${minReplicas}` }]
    if (maxReplicas !== undefined && replicas > maxReplicas) return [{ path: `${path}.replicas`, what: `replicas ${replicas} is above maxReplicas ${maxReplicas}` }]
  }
  return direction === 'down' ? statefulSets(policy, path) : []
}

const statefulSets = (policy: HealingPolicy, path: string): Finding[] =>
  selectedResources(policy).some((resource) => knownKind(resource)?.kind === 'StatefulSet')
    ? [
        {
          path: `${path}.direction`,
          severity: 'W',
          what: 'scales a StatefulSet down',
          why: 'the pods with the highest numbers go, and with them members of a quorum or shards',
          fix: 'make sure that the application can lose them',
        },
      ]
    : []
