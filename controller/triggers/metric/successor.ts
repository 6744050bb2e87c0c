/**
 * Sources tell of a name, and a name may have belonged to another object before (a pod of a StatefulSet, whatever was
 * recreated): what was measured of that one says nothing about this one (I6).
 */
import { after, between, instant, latest, millis, type Instant, type Millis } from '../../../shared/lib/time.ts'
import { formatDuration } from '../../../shared/lib/duration.ts'
import type { Series } from '../../healing/metrics.ts'
import type { TargetView } from '../../healing/snapshot.ts'
import { isTrouble, type Observation } from '../trigger.ts'

/** Without what was measured before the object was there. */
export const ofItself = (all: readonly Series[], made: Instant): readonly Series[] =>
  all.flatMap((series): Series[] => {
    const first = series.points.findIndex(({ at }) => at >= made)
    return first < 0 ? [] : first === 0 ? [series] : [{ ...series, points: series.points.slice(first) }]
  })

/** They give each pod a name of its own, which does not come again. */
const NAMING: ReadonlySet<string> = new Set(['apps/v1 ReplicaSet', 'apps/v1 DaemonSet', 'batch/v1 Job', 'v1 ReplicationController'])

const mayComeAgain = ({ shape, owner }: TargetView): boolean => shape === 'Pod' && (owner === undefined || !NAMING.has(`${owner.apiVersion} ${owner.kind}`))

/**
 * A value that looks back to before the pod was there holds, but does not fire: it may be the other one's. Of workloads, which
 * are seldom recreated, this would only make new ones wait.
 */
export function notYetItsOwn(seen: Observation, object: TargetView, series: readonly Series[], { made, looksBack, now }: { readonly made: Instant; readonly looksBack: Millis; readonly now: Instant }): Observation {
  if (!isTrouble(seen) || !mayComeAgain(object)) return seen
  const newest = series.flatMap(({ points }) => points.slice(-1))
  const back = newest.reduce<Millis>((most, { over = most }) => millis(Math.max(most, over)), looksBack)
  const measured = newest.reduce<Instant>((t, { at }) => latest(t, at), instant(0))
  const from = after(made, back)
  if (measured >= from) return seen
  // As old as the newest value is, as old may the first one be that is its own.
  const firesAt = latest(seen.firesAt, after(from, between(measured, now)))
  return { ...seen, state: 'Pending', firesAt, evidence: `${seen.evidence}, over ${formatDuration(back)} that began before the pod was made` }
}
