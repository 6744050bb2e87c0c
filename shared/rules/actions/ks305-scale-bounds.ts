import { knownKind } from '../../api/v1alpha1/kinds.ts'
import type { ActionTemplate, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { acts, selectedResources, type Finding, type Rule } from '../rule.ts'
import { memberOf, scalingOf, wayOf } from '../scaling.ts'
import { liveScaling, questionsAboutScaling } from './live-scaling.ts'
import { judgedPatches, pathOf, type JudgedPatch } from './judged-patches.ts'

export const ks305: Rule = {
  id: 'KS305',
  severity: 'E',
  alsoWarns: true,
  title: 'Bounds of scaling must leave a number, and never 0, and so must a patch of replicas. Scaling a StatefulSet down is warned about, and so is a number that it may have more than, and one far above today. What an autoscaler scales is not scaled beside it.',
  why: 'with bounds that contradict each other nobody can tell how many replicas are meant, and 0 is an outage',
  fix: 'write 1 <= minReplicas <= replicas <= maxReplicas',
  partlyNeeds: 'cluster',
  asks: (_policy, { scaling } = {}) => (scaling === undefined ? [] : questionsAboutScaling(scaling)),
  check(policy, context) {
    if (!acts(policy)) return []
    const scales = policy.spec.actions.flatMap(({ type, scaleAction }, index): Finding[] =>
      type === 'scale' && scaleAction !== undefined ? bounds(scaleAction, `spec.actions[${index}].scaleAction`) : [],
    )
    const refused = [...scales, ...judgedPatches(policy, context.installation).flatMap(patched)]
    return [...refused, ...[...statefulSets(policy), ...liveScaling(policy, context)].filter((finding) => !refused.some((other) => actionOf(other) === actionOf(finding)))]
  },
}

/** `spec.actions[0]`. */
const actionOf = ({ path }: Pick<Finding, 'path'>): string => path.split('.', 2).join('.')

const patched = (patch: JudgedPatch): Finding[] =>
  patch.findings.flatMap(({ rule, what }) => (rule === 'KS305' ? [{ path: pathOf(patch), what, fix: 'write a number from 1 up, or type: scale with bounds of its own' }] : []))

function bounds({ direction, replicas, minReplicas, maxReplicas }: NonNullable<ActionTemplate['scaleAction']>, path: string): Finding[] {
  const to0 = (field: string): Finding => ({ path: `${path}.${field}`, what: `${field} of 0 ${field === 'replicas' && direction !== 'absolute' ? 'changes nothing' : 'allows scaling to 0'}`, fix: 'write 1 or more' })
  const zeros = [...(minReplicas === 0 ? [to0('minReplicas')] : []), ...(replicas === 0 ? [to0('replicas')] : []), ...(maxReplicas === 0 ? [to0('maxReplicas')] : [])]
  if (zeros.length > 0) return zeros
  if (maxReplicas !== undefined && maxReplicas < minReplicas) return [{ path: `${path}.maxReplicas`, what: `maxReplicas ${maxReplicas} is below minReplicas ${minReplicas}` }]
  if (direction === 'absolute' && replicas !== undefined) {
    if (replicas < minReplicas) return [{ path: `${path}.replicas`, what: `replicas ${replicas} is below minReplicas ${minReplicas}` }]
    if (maxReplicas !== undefined && replicas > maxReplicas) return [{ path: `${path}.replicas`, what: `replicas ${replicas} is above maxReplicas ${maxReplicas}` }]
  }
  return []
}

/** The number of a StatefulSet that goes down, or may: how many there are then is not known before. */
const statefulSets = (policy: HealingPolicy): Finding[] =>
  selectedResources(policy).some((resource) => knownKind(resource)?.kind === 'StatefulSet')
    ? policy.spec.actions.flatMap((action, index): Finding[] => {
        const scaling = scalingOf(action)
        const way = scaling === undefined || action.target === 'Pod' ? 'up' : wayOf(scaling)
        if (scaling === undefined || way === 'up') return []
        const what = scaling.direction === 'down' ? 'scales a StatefulSet down' : `scales a StatefulSet to ${scaling.replicas}, which is down where it has more`
        return [
          {
            path: `spec.actions[${index}].${memberOf(action)}`,
            severity: 'W',
            what,
            why: 'the pods with the highest numbers go, and with them members of a quorum or shards',
            fix: way === undefined ? 'write direction: up with maxReplicas, or make sure that the application can lose them' : 'make sure that the application can lose them',
          },
        ]
      })
    : []
