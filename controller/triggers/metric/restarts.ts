/**
 * Restarts within a window. The API server keeps a lifetime total and the last termination only, so each growth of the total
 * is remembered with its time, in the policy's status: nothing is counted twice after a restart of ours, and nothing is
 * guessed. A replacement pod begins at zero: what its predecessor did says nothing about it.
 */
import { after, before, latest, type Instant, type Millis } from '../../../shared/lib/time.ts'
import type { ContainerView, PodView } from '../../healing/snapshot.ts'

export interface RestartMark {
  readonly at: Instant
  /** The container's lifetime total from then on. */
  readonly total: number
}

/** What is remembered of one container; only while there is something in the window. */
export interface RestartMarks {
  readonly pod: { readonly uid: string; readonly name: string }
  readonly container: string
  /** The total before the first mark. */
  readonly base: number
  /** In order of time. */
  readonly marks: readonly RestartMark[]
}

/** Of one container. More than this many restarts within a window are told as this many at least. */
export const MOST_MARKS = 32

export interface RestartCount {
  /** A lower bound where the past is not known. */
  readonly count: number
  readonly remember: readonly RestartMarks[]
  /** When the oldest of them leaves the window. */
  readonly changesAt: Instant | undefined
}

export function countRestarts(pod: PodView, remembered: readonly RestartMarks[], window: Millis, now: Instant): RestartCount {
  const from = before(now, window)
  const remember = pod.containers.flatMap((container) => {
    const known = remembered.find((r) => r.pod.uid === pod.ref.uid && r.container === container.name)
    const marks = grown(pod, container, known, from, now)
    return marks === undefined ? [] : [pruned(marks, from)].filter((entry) => entry.marks.length > 0)
  })
  const first = remember.reduce<Instant | undefined>((t, { marks: [mark] }) => (mark === undefined || (t !== undefined && t <= mark.at) ? t : mark.at), undefined)
  return {
    count: remember.reduce((sum, { base, marks }) => sum + (marks.at(-1)?.total ?? base) - base, 0),
    remember,
    changesAt: first === undefined ? undefined : after(first, (window + 1) as Millis),
  }
}

function grown({ ref, createdAt }: PodView, { name, restarts, lastTermination }: ContainerView, known: RestartMarks | undefined, from: Instant, now: Instant): RestartMarks | undefined {
  const ended = lastTermination?.finishedAt
  const told = ended !== undefined && ended <= now ? ended : undefined
  const pod = { uid: ref.uid, name: ref.name }
  if (known !== undefined) {
    const last = known.marks.at(-1)
    const total = last?.total ?? known.base
    // A total that fell is another container of that name: nothing is known of it.
    if (restarts < total) return undefined
    if (restarts === total) return known
    return { ...known, marks: bounded([...known.marks, { at: latest(last?.at ?? from, told ?? now), total: restarts }]) }
  }
  if (restarts === 0) return undefined
  // All that a young pod has is within the window.
  if (createdAt >= from) return { pod, container: name, base: 0, marks: [{ at: told ?? now, total: restarts }] }
  // Of an older one only the last is certain.
  return told === undefined || told < from ? undefined : { pod, container: name, base: restarts - 1, marks: [{ at: told, total: restarts }] }
}

/** The two oldest become one at the older time: rather one too few than one for too long. */
function bounded(marks: readonly RestartMark[]): readonly RestartMark[] {
  const [first, second, ...rest] = marks
  return marks.length <= MOST_MARKS || first === undefined || second === undefined ? marks : bounded([{ at: first.at, total: second.total }, ...rest])
}

function pruned({ marks, base, ...entry }: RestartMarks, from: Instant): RestartMarks {
  const gone = marks.filter(({ at }) => at < from)
  return { ...entry, base: gone.at(-1)?.total ?? base, marks: marks.slice(gone.length) }
}
