/** How many of the objects that a policy selects are well. What it may not touch counts on neither side. */
import { after, latest, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { Detection } from './detect.ts'
import { optedOutBy, protectionOf, type Proposal } from './guards.ts'
import { placeOf } from './places.ts'
import type { CompiledPolicy } from './policy.ts'
import type { Selected, Selection } from './select.ts'
import { isFinished, type PodView, type World } from './snapshot.ts'

/** Selected objects by uid: whether each is unhealthy. */
export type Census = ReadonlyMap<string, boolean>

/**
 * Unhealthy: a trigger fires on it, or it is not Ready past its time to start, which is as long as the policy gives a
 * replacement (healthCheckTimeout). A selected owner is unhealthy when a trigger fires on one of its pods, or when none of them
 * is Ready.
 */
export function takeCensus(policy: CompiledPolicy, selection: Selection, { findings }: Pick<Detection, 'findings'>, world: Pick<World, 'namespace' | 'healer' | 'others' | 'now'>): Census {
  const { now } = world
  const firing = new Set(findings.flatMap(({ state, by }) => (state === 'Firing' ? by : [])))
  const exempt = (proposal: Proposal): boolean => optedOutBy(proposal, placeOf(policy, world, proposal.object.ref.namespace).namespace) !== undefined || protectionOf(policy, proposal) !== undefined
  const census = new Map<string, boolean>()
  const ownPods = new Map<string, { pods: number; down: number }>()
  for (const selected of selection.objects) {
    if (!selected.object.deleting && !exempt(selected)) census.set(selected.object.ref.uid, firing.has(selected.object.ref.uid))
  }
  for (const selected of selection.pods) {
    const { object: pod, by } = selected
    if (pod.deleting || isFinished(pod) || exempt(selected)) continue
    const down = isDown(pod, policy.limits.healthCheckTimeout, now)
    if (isItself(selected)) census.set(pod.ref.uid, down || firing.has(pod.ref.uid))
    for (const owner of by) {
      if (owner === pod.ref.uid) continue
      const seen = ownPods.get(owner) ?? { pods: 0, down: 0 }
      ownPods.set(owner, { pods: seen.pods + 1, down: seen.down + Number(down) })
    }
  }
  for (const [owner, { pods, down }] of ownPods) {
    if (census.has(owner) && down === pods) census.set(owner, true)
  }
  return census
}

const isItself = ({ object, by }: Selected<PodView>): boolean => by.includes(object.ref.uid)

function isDown({ createdAt, conditions }: PodView, startup: Millis, now: Instant): boolean {
  const ready = conditions.find(({ type }) => type === 'Ready')
  return ready?.status !== 'True' && now >= after(latest(createdAt, ready?.since ?? createdAt), startup)
}
