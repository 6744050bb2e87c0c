/** What a plan is made from, of a live look. */
import type { Instant, Millis } from '../../shared/lib/time.ts'
import { minutes } from '../../shared/lib/time.ts'
import type { PlanContext } from '../actions/action.ts'
import { labelKeys } from '../actions/patch.ts'
import { indexWorkloads, ownerChain } from '../healing/owners.ts'
import type { LiveView } from '../ports/cluster.ts'

interface Begun {
  readonly begunAt?: Instant | undefined
  readonly stepsDone?: number | undefined
  readonly healthCheckTimeout?: Millis | undefined
}

export function planContext({ target, raw, world }: LiveView, action: string, now: Instant, { begunAt, stepsDone = 0, healthCheckTimeout = minutes(5) }: Begun = {}): PlanContext {
  // A pod is found by its owners, a workload finds its pods.
  const selecting = target?.shape === 'Pod' ? world.workloads : world.workloads.filter(({ ref }) => ref.uid === target?.ref.uid)
  const byUid = indexWorkloads(world.workloads)
  const pods = target?.shape === 'Pod' ? [target] : world.pods.filter((pod) => ownerChain(pod, byUid).subject.uid === target?.ref.uid)
  const { patchAllowList: allowList } = world.installation
  return { now, action, pods, object: raw, allowList, selectorKeys: labelKeys(selecting.map(({ podSelector }) => podSelector)), begunAt, stepsDone, healthCheckTimeout }
}
