/** What a patch would leave that no container lives with, told by several fields together or by what was there before. Pure. */
import { isObject } from '../../lib/json.ts'
import { parseQuantity } from '../../lib/quantity.ts'
import type { FieldPath } from './paths.ts'
import type { Touch } from './touches.ts'
import { LONGEST_TIMING, PROBE_BOUNDS, type BadValue } from './values.ts'

/** The object before and after; absent at the door, where what the patch does not say counts as the default. */
export interface Live {
  readonly before: unknown
  readonly after: unknown
}

export const outages = (touches: readonly Touch[], live?: Live): BadValue[] => [...probes(touches, live), ...(live === undefined ? [] : shares(touches, live))]

/** Seconds without an answer, after which a container is killed: a pause for garbage or a node under pressure lasts as long, on all pods at once. */
const LEAST_SILENCE = 5
/** Seconds without an answer, after which a pod gets no more requests. It comes back, but under load all of them are late. */
const LEAST_READY = 2
/** Seconds to start in, of the half minute that the defaults give. */
const LEAST_START = 10
/** Seconds for which a pod that hangs may go on to be taken for well. */
const LONGEST_SILENCE = LONGEST_TIMING
/** Seconds to start in: six hours, for a database that reads all that it has written. */
const LONGEST_START = 21_600
/** Seconds until a pod may be Ready: a rollout of a Deployment gives up after them (progressDeadlineSeconds by default). */
const LONGEST_WAIT = 600

type Timing = (field: string) => number
interface Judged {
  /** The larger the better: what is too long is negative. */
  readonly score: number
  readonly bad: boolean
  readonly why: string
}

/** Always the same ones for a probe, whatever its timings. */
function judgeProbe(probe: string, timing: Timing): readonly Judged[] {
  const [delay, period, timeout, failures] = [timing('initialDelaySeconds'), timing('periodSeconds'), timing('timeoutSeconds'), timing('failureThreshold')]
  const silence = (failures - 1) * period + timeout
  // The next try waits for the one before it.
  const noticed = failures * Math.max(period, timeout)
  const least = (seconds: number, bound: number, why: string): Judged => ({ score: seconds, bad: seconds < bound, why })
  const most = (seconds: number, bound: number, why: string): Judged => ({ score: -seconds, bad: seconds > bound, why })
  if (probe === 'livenessProbe') {
    return [
      least(silence, LEAST_SILENCE, `a container that does not answer for ${silence}s would be killed, and each is busy for that long now and then: leave it ${LEAST_SILENCE}s or more, (failureThreshold - 1) × periodSeconds + timeoutSeconds`),
      most(delay + noticed, LONGEST_SILENCE, `a container that hangs would be left alone for ${delay + noticed}s: leave it ${LONGEST_SILENCE}s at the most, initialDelaySeconds + failureThreshold × the longer of periodSeconds and timeoutSeconds`),
    ]
  }
  if (probe === 'startupProbe') {
    const start = delay + failures * period
    return [
      least(start, LEAST_START, `a container that takes longer than ${start}s to start would be killed each time: leave it ${LEAST_START}s or more, initialDelaySeconds + failureThreshold × periodSeconds`),
      most(delay + noticed, LONGEST_START, `a container that hangs at its start would be left alone for ${delay + noticed}s: leave it ${LONGEST_START}s at the most, initialDelaySeconds + failureThreshold × the longer of periodSeconds and timeoutSeconds`),
    ]
  }
  const ready = delay + timing('successThreshold') * period
  return [
    most(ready, LONGEST_WAIT, `no pod would be Ready before ${ready}s: leave it ${LONGEST_WAIT}s at the most, initialDelaySeconds + successThreshold × periodSeconds`),
    least(silence, LEAST_READY, `a pod that does not answer for ${silence}s would get no more requests, and under load all of them are as late: leave it ${LEAST_READY}s or more, (failureThreshold - 1) × periodSeconds + timeoutSeconds`),
    // Before it was Ready it is sent none.
    most(noticed, LONGEST_SILENCE, `a pod that does not answer would be sent requests for ${noticed}s: leave it ${LONGEST_SILENCE}s at the most, failureThreshold × the longer of periodSeconds and timeoutSeconds`),
  ]
}

/** At the first field of each probe. What was as bad before is not for this patch to mend. */
function probes(touches: readonly Touch[], live: Live | undefined): BadValue[] {
  const touched = new Map<string, Touch[]>()
  for (const touch of touches) {
    const { path, kind } = touch
    const isTiming = (kind === 'set' || kind === 'remove') && Object.hasOwn(PROBE_BOUNDS, path.at(-1)?.key ?? '') && /^(liveness|readiness|startup)Probe$/.test(path.at(-2)?.key ?? '')
    if (isTiming) touched.set(keyOf(path.slice(0, -1)), [...(touched.get(keyOf(path.slice(0, -1))) ?? []), touch])
  }
  return [...touched.values()].flatMap((fields): BadValue[] => {
    const [first] = fields
    if (first === undefined) return []
    const probe = first.path.slice(0, -1)
    const read = (object: unknown): Timing => (field) => numberOr(valueAt(object, [...probe, { key: field }]), field)
    const said: Timing = (field) => numberOr(fields.findLast(({ path }) => path.at(-1)?.key === field)?.value, field)
    const name = probe.at(-1)?.key ?? ''
    const before = live === undefined ? [] : judgeProbe(name, read(live.before))
    return judgeProbe(name, live === undefined ? said : read(live.after)).flatMap(({ score, bad, why }, index): BadValue[] => {
      const was = before[index]
      if (!bad || (was !== undefined && was.score <= score)) return []
      return [{ rule: 'KS303', path: first.path, why: `${why}${live === undefined ? '; what the patch does not set counts as the default' : ''}` }]
    })
  })
}

const numberOr = (value: unknown, field: string): number => (typeof value === 'number' && value > 0 ? value : (PROBE_BOUNDS[field]?.[1] ?? 0))

/** The least share of a limit that a patch leaves: what gets less time is slow, what gets less memory than it uses is killed. */
const LEAST_SHARE: Readonly<Record<string, readonly [number, string]>> = { cpu: [1 / 10, 'a tenth'], memory: [1 / 2, 'half'] }

const shares = (touches: readonly Touch[], { before, after }: Live): BadValue[] =>
  touches.flatMap(({ path, kind }): BadValue[] => {
    const [least, inWords] = LEAST_SHARE[path.at(-1)?.key ?? ''] ?? []
    if (kind !== 'set' || least === undefined || path.at(-2)?.key !== 'limits' || path.at(-3)?.key !== 'resources') return []
    const [was, is] = [parseQuantity(valueAt(before, path)), parseQuantity(valueAt(after, path))]
    return was !== undefined && is !== undefined && is < was * least ? [{ rule: 'KS303', path, why: `it would be less than ${inWords} of what there is` }] : []
  })

const keyOf = (path: FieldPath): string => JSON.stringify(path.map(({ key }) => key))

/** Items by their name. */
const valueAt = (object: unknown, path: FieldPath): unknown =>
  path.reduce<unknown>((here, { key }) => (Array.isArray(here) ? here.find((item) => isObject(item) && item['name'] === key) : isObject(here) && Object.hasOwn(here, key) ? here[key] : undefined), object)
