/** The part of KS204 that is about events: those that every healthy object makes in its life. */
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { parseDuration } from '../../lib/duration.ts'
import { minutes } from '../../lib/time.ts'
import type { Finding } from '../rule.ts'
import { takesAnything } from './message-patterns.ts'

type Event = NonNullable<HealingPolicySpec['triggers'][number]['eventTrigger']>

/** A pod makes them when it starts, for each of its containers at the most; a workload when it is rolled out or scaled. */
const OF_LIFE: ReadonlySet<string> = new Set([
  'Scheduled', 'Pulling', 'Pulled', 'Created', 'Started', 'SuccessfulAttachVolume', 'AddedInterface',
  'SuccessfulCreate', 'SuccessfulDelete', 'ScalingReplicaSet', 'SuccessfulRescale',
  'Completed', 'SawCompletedJob', 'LeaderElection',
])

/** Made whenever a container is ended on purpose: in every rollout, and when a probe has failed. */
const OF_ENDS: ReadonlySet<string> = new Set(['Killing', 'Preempted'])

/** So many containers, images and interfaces have most pods, sidecars and init containers among them. */
const USUAL = 3

/** Writers of events let through so many about one object, and then one in each of these times. */
const BURST = 25
const REFILL = minutes(5)

/** @param always how bad it is that every healthy object fires */
export function healthyEvents({ reason, count, window, type, messagePattern }: Event, path: string, always: 'E' | 'W'): Finding[] {
  const most = BURST + Math.floor((parseDuration(window) ?? 0) / REFILL)
  // A message says what is special about one of them; and as a warning somebody else writes it.
  const isPlain = (messagePattern === undefined || takesAnything(messagePattern)) && type !== 'Warning'
  if (isPlain && OF_LIFE.has(reason) && count <= USUAL) {
    return [
      count === 1
        ? { path: `${path}.reason`, severity: always, what: `${reason} is an event that healthy objects make whenever they start, end or are scaled`, why: 'the replacement that an act brings about makes the next one, and so on up to the hourly limit', fix: 'write a reason that tells of trouble: BackOff, Unhealthy, FailedMount, FailedScheduling; or a count that no start reaches' }
        : { path: `${path}.count`, severity: 'W', what: `${count} events ${reason} come from one start of a pod with as many containers`, why: 'pods that have just started would be acted on', fix: 'write 5 or more' },
    ]
  }
  if (isPlain && OF_ENDS.has(reason) && count === 1) {
    return [{ path: `${path}.reason`, severity: 'W', what: `${reason} comes with every rollout and drain`, why: 'what goes on purpose would be acted on', fix: 'write a messagePattern, such as failed liveness probe' }]
  }
  if (reason === 'Unhealthy' && count < USUAL && (messagePattern === undefined || takesAnything(messagePattern))) {
    return [{ path: `${path}.count`, severity: 'W', what: `${count === 1 ? 'one event' : `${count} events`} Unhealthy may come from any start of a pod`, why: 'readiness probes fail until the program answers, and the replacement that an act brings about does so too', fix: 'write 5 or more, or a messagePattern such as Liveness probe failed' }]
  }
  if (count > most) {
    return [{ path: `${path}.count`, severity: 'W', what: `${count} within ${window} are hardly ever written`, why: `the kubelet and the controllers write ${BURST} events about an object, and then one in five minutes`, fix: `write at most ${most}, or a longer window` }]
  }
  return []
}
