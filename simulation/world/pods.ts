/** Pods as a kubelet reports them: each symptom with the statuses that it has on a node. */
import type { ObjectMeta } from '../../shared/lib/object.ts'
import { formatInstant, instant, type Instant } from '../../shared/lib/time.ts'
import type { StoredObject } from '../../shared/testing/fake-cluster/objects.ts'
import type { Symptom } from '../plan/plan.ts'

export interface PodLife {
  readonly uid: string
  /** Since when it is on its node, milliseconds of the monotonic clock. */
  readonly born: number
  readonly readyAfter: number
  symptom: { readonly what: Symptom; readonly since: number } | undefined
  restarts: number
}

/** Of one round of a crash loop, seconds: it runs, it ends, it waits. */
const RUNS = 4
const ENDED = 2
const WAITS = 14
const ROUND = RUNS + ENDED + WAITS
/** Longer than most triggers take a condition to hold, and shorter: it depends on the trigger what it is. */
const FLAP = 9

/** As the API server writes times. */
export const wholeSeconds = (t: Instant): string => formatInstant(t).replace(/\.\d+Z/, 'Z')

export const ownedBy = (apiVersion: string, kind: string, { name, uid }: Pick<ObjectMeta, 'name' | 'uid'>) => ({ apiVersion, kind, name, uid, controller: true })

type ContainerNow = { readonly state: object; readonly ready: boolean; readonly restarts: number; readonly last?: object }

/** @param at of the monotonic clock, milliseconds */
function containerOf(life: PodLife, at: number, wall: (monotonic: number) => string): ContainerNow {
  const running = (since: number) => ({ running: { startedAt: wall(since) } })
  const { symptom } = life
  const grown = at >= life.born + life.readyAfter * 1000
  if (symptom === undefined) return { state: running(life.born), ready: grown, restarts: life.restarts }
  const ill = Math.floor((at - symptom.since) / 1000)
  switch (symptom.what) {
    case 'unready':
      return { state: running(life.born), ready: false, restarts: life.restarts }
    case 'flapping':
      return { state: running(life.born), ready: grown && Math.floor(ill / FLAP) % 2 === 1, restarts: life.restarts }
    case 'leaking':
      return { state: running(life.born), ready: grown, restarts: life.restarts }
    case 'crashing': {
      const round = Math.floor(ill / ROUND)
      const within = ill - round * ROUND
      const begin = symptom.since + round * ROUND * 1000
      const end = (of: number) => ({ exitCode: 1, reason: 'Error', finishedAt: wall(symptom.since + (of * ROUND + RUNS) * 1000), startedAt: wall(symptom.since + of * ROUND * 1000) })
      const restarts = life.restarts + round
      const last = round > 0 ? { last: { terminated: end(round - 1) } } : {}
      if (within < RUNS) return { state: running(begin), ready: false, restarts, ...last }
      if (within < RUNS + ENDED) return { state: { terminated: end(round) }, ready: false, restarts, ...last }
      return { state: { waiting: { reason: 'CrashLoopBackOff' } }, ready: false, restarts, last: { terminated: end(round) } }
    }
    default:
      return symptom.what satisfies never
  }
}

/** The status of the pod now; times of conditions stay where nothing has changed. */
export function statusOf(pod: StoredObject, life: PodLife, at: number, now: Instant): unknown {
  const wall = (monotonic: number): string => wholeSeconds(instant(now - (at - monotonic)))
  const { state, ready, restarts, last } = containerOf(life, at, wall)
  const old = (pod.status ?? {}) as { conditions?: readonly { type: string; status: string; lastTransitionTime?: string }[]; containerStatuses?: readonly { state?: object; lastState?: object }[] }
  const status = ready ? 'True' : 'False'
  const before = old.conditions?.find(({ type }) => type === 'Ready')
  const condition = before?.status === status ? before : { type: 'Ready', status, lastTransitionTime: wholeSeconds(now) }
  const others = old.conditions?.filter(({ type }) => type !== 'Ready') ?? []
  const container = { name: 'app', ready, restartCount: restarts, state: kept(old.containerStatuses?.[0]?.state, state), ...(last === undefined ? {} : { lastState: kept(old.containerStatuses?.[0]?.lastState, last) }) }
  return { phase: 'Running', containerStatuses: [container], conditions: [condition, ...others] }
}

/** A state that goes on keeps the time at which it began, whatever has been done to the clock. */
function kept(before: object | undefined, now: object): object {
  const [kind] = Object.keys(now)
  const [was] = Object.keys(before ?? {})
  return before !== undefined && kind === was && kind === 'running' ? before : now
}
