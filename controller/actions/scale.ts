/** scale: another number of replicas, through the scale subresource and within the bounds. */
import { ACTS_ON, isOneOf } from '../../shared/api/v1alpha1/action-kinds.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { describe } from '../healing/owners.ts'
import type { WorkloadView } from '../healing/snapshot.ts'
import type { ActionKind, Scaling } from './action.ts'
import { refuse } from './evict.ts'
import { intentOf, REPLICAS } from './fields.ts'

type ScaleArgs = NonNullable<ActionTemplate['scaleAction']>

const SCALABLE = ACTS_ON.scale

export const scaleAction: ActionKind<ScaleArgs> = {
  type: 'scale',
  args: (template) => template.scaleAction,
  expects: () => 'replicas',
  plan: (args, target) => {
    const { ref, resourceVersion } = target
    if (target.shape !== 'Workload' || (target.scale === undefined && !isOneOf(SCALABLE, ref))) return refuse('Unsupported', `${describe(ref)} has no number of replicas to change`)
    // Nobody scales to 0 to heal: whoever did it meant it.
    if (target.replicas === 0) return refuse('Unsupported', `${describe(ref)} was scaled to 0 by somebody`)
    const replicas = wanted(args, target.replicas)
    if (replicas === target.replicas) return refuse('NothingToDo', `${describe(ref)} has ${replicas} replicas already, and ${args.direction} within ${bounds(args)} is no other number`)
    return {
      operations: [{ kind: 'scale', target: ref, preconditions: { uid: ref.uid, resourceVersion }, replicas, ...pluralOf(target) }],
      changes: [{ field: 'spec.replicas', oldValue: String(target.replicas), newValue: String(replicas) }],
      intent: [intentOf(REPLICAS, target.replicas, replicas)],
    }
  },
}

export const pluralOf = ({ scale }: Pick<WorkloadView, 'scale'>): Pick<Scaling, 'plural'> => (scale === undefined ? {} : { plural: scale.plural })

/** Never away from where it shall go: a bound that today's number is beyond already is no reason to move it back. */
export function wanted({ direction, replicas, minReplicas, maxReplicas = Number.MAX_SAFE_INTEGER }: ScaleArgs, now: number): number {
  const least = Math.max(1, minReplicas)
  switch (direction) {
    case 'up':
      return Math.max(now, Math.min(now + (replicas ?? 1), maxReplicas))
    case 'down':
      return Math.min(now, Math.max(now - (replicas ?? 1), least))
    case 'absolute':
      return Math.max(least, Math.min(replicas ?? now, maxReplicas))
    default:
      return direction satisfies never
  }
}

const bounds = ({ minReplicas, maxReplicas }: ScaleArgs): string => `${minReplicas}..${maxReplicas ?? ''}`
