import { knownKind } from '../../api/v1alpha1/kinds.ts'
import type { ActionTemplate, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { acts, selectedResources, type Finding, type Rule } from '../rule.ts'
import { needsAll } from '../../api/v1alpha1/trigger-match.ts'
import { quoted } from '../../lib/text.ts'
import { actsAlone, rungsOf } from '../ladder.ts'
import { memberOf, scalingOf, takesMost, wayOf } from '../scaling.ts'
import { noReasonForFewer } from './cures.ts'
import { liveScaling, questionsAboutScaling } from './live-scaling.ts'
import { judgedPatches, pathOf, type JudgedPatch } from './judged-patches.ts'

export const ks305: Rule = {
  id: 'KS305',
  severity: 'E',
  alsoWarns: true,
  title: 'Bounds of scaling must leave a number, never 0 and not above the ceiling of the installation, and so must a patch of replicas. One act that takes most replicas away is warned about, and refused where the trigger is about trouble that fewer replicas make worse; scaling a StatefulSet down is warned about, and so is a number that it may have more than, and one far above today. What an autoscaler scales is not scaled beside it.',
  why: 'with bounds that contradict each other nobody can tell how many replicas are meant, and 0 is an outage',
  fix: 'write 1 <= minReplicas <= replicas <= maxReplicas',
  noExemption: 'nothing is ever scaled to 0, or beside an autoscaler, and the ceiling is raised by who set it',
  partlyNeeds: 'cluster',
  asks: (_policy, { scaling } = {}) => (scaling === undefined ? [] : questionsAboutScaling(scaling)),
  check(policy, context) {
    if (!acts(policy)) return []
    const scales = policy.spec.actions.flatMap(({ type, scaleAction }, index): Finding[] =>
      type === 'scale' && scaleAction !== undefined ? bounds(scaleAction, `spec.actions[${index}].scaleAction`, context.installation.ceiling.replicas) : [],
    )
    const refused = [...scales, ...judgedPatches(policy, context.installation).flatMap((patch) => patched(patch, context.installation.ceiling.replicas))]
    return [...refused, ...[...atOneStroke(policy), ...statefulSets(policy), ...liveScaling(policy, context)].filter((finding) => !refused.some((other) => actionOf(other) === actionOf(finding)))]
  },
}

/** `spec.actions[0]`. */
const actionOf = ({ path }: Pick<Finding, 'path'>): string => path.split('.', 2).join('.')

const patched = (patch: JudgedPatch, ceiling: number): Finding[] =>
  patch.findings.flatMap(({ rule, what }) => (rule === 'KS305' ? [{ path: pathOf(patch), what, fix: `write a number from 2 to ${ceiling}, the ceiling of this installation, or type: scale with bounds of its own` }] : []))

function bounds({ direction, replicas, minReplicas, maxReplicas }: NonNullable<ActionTemplate['scaleAction']>, path: string, ceiling: number): Finding[] {
  const to0 = (field: string): Finding => ({ path: `${path}.${field}`, what: `${field} of 0 ${field === 'replicas' && direction !== 'absolute' ? 'changes nothing' : 'allows scaling to 0'}`, fix: 'write 1 or more' })
  const zeros = [...(minReplicas === 0 ? [to0('minReplicas')] : []), ...(replicas === 0 ? [to0('replicas')] : []), ...(maxReplicas === 0 ? [to0('maxReplicas')] : [])]
  if (zeros.length > 0) return zeros
  if (maxReplicas !== undefined && maxReplicas < minReplicas) return [{ path: `${path}.maxReplicas`, what: `maxReplicas ${maxReplicas} is below minReplicas ${minReplicas}` }]
  if (direction === 'absolute' && replicas !== undefined) {
    if (replicas < minReplicas) return [{ path: `${path}.replicas`, what: `replicas ${replicas} is below minReplicas ${minReplicas}` }]
    if (maxReplicas !== undefined && replicas > maxReplicas) return [{ path: `${path}.replicas`, what: `replicas ${replicas} is above maxReplicas ${maxReplicas}` }]
  }
  const [member, most] = direction === 'up' ? (['maxReplicas', maxReplicas] as const) : (['replicas', direction === 'absolute' ? replicas : undefined] as const)
  if (most === undefined || most <= ceiling) return []
  return [{ path: `${path}.${member}`, what: `${member} ${most} is above the ceiling of this installation (${ceiling})`, why: 'nodes and quotas are full long before such a bound stops anything, and what others run there is evicted', fix: `write ${ceiling} at the most, or raise ceiling.replicas of the installation` }]
}

/** One act that may take most of the replicas away. Where the trouble is too few that serve it is never what helps. */
const atOneStroke = (policy: HealingPolicy): Finding[] =>
  policy.spec.actions.flatMap((action, index): Finding[] => {
    const scaling = action.target === 'Pod' ? undefined : scalingOf(action)
    const what = scaling === undefined ? undefined : takesMost(scaling)
    if (scaling === undefined || what === undefined) return []
    const path = `spec.actions[${index}].${memberOf(action)}`
    const triggers = policy.spec.triggers.filter(({ name }) => rungsOf(policy, name).some((rung) => rung.index === index))
    const reasons = triggers.map((trigger) => ({ trigger, why: noReasonForFewer(trigger) }))
    // Where all have to meet, one that is a reason is enough.
    const worse = needsAll(policy.spec) && reasons.some(({ why }) => why === undefined) ? undefined : reasons.find(({ why }) => why !== undefined)
    if (worse?.why !== undefined && actsAlone(policy, action)) return [{ path, what: `${what}, and ${quoted(worse.trigger.name, 63)} is trouble that fewer do not end`, why: worse.why, fix: 'scale up, or restart; or write requiresApproval: true' }]
    return [{ path, severity: 'W', what, why: 'nobody knows yet whether the rest can bear it, and an outage looks idle too', fix: 'write direction: down with replicas: 1, and minReplicas as many as serve without the others' }]
  })

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
