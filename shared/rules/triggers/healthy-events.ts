/** The part of KS204 that is about events: those that every healthy object makes in its life. */
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { parseDuration } from '../../lib/duration.ts'
import { isPattern, readPattern } from '../../lib/pattern.ts'
import { rememberedByText } from '../../lib/remembered.ts'
import { minutes } from '../../lib/time.ts'
import type { Finding } from '../rule.ts'
import { takesAnything } from './message-patterns.ts'

type Event = NonNullable<HealingPolicySpec['triggers'][number]['eventTrigger']>

/** Each is made once for a container at the most while what it is about starts, is rolled out, scaled or ended on purpose: by whom. */
export const OF_LIFE: ReadonlySet<string> = new Set([
  // The scheduler, and what makes room for it.
  'Scheduled', 'Nominated', 'TriggeredScaleUp',
  // The kubelet. Killing comes with every rollout and drain, once for each container.
  'Pulling', 'Pulled', 'Created', 'Started', 'Killing', 'SuccessfulMountVolume', 'ResizeStarted', 'ResizeCompleted',
  // Volumes and networks.
  'SuccessfulAttachVolume', 'AddedInterface', 'WaitForFirstConsumer', 'WaitForPodScheduled', 'ExternalProvisioning', 'Provisioning', 'ProvisioningSucceeded', 'Resizing', 'VolumeResizeSuccessful', 'FileSystemResizeRequired', 'FileSystemResizeSuccessful',
  // The controllers of workloads and Jobs, and autoscalers.
  'SuccessfulCreate', 'SuccessfulDelete', 'ScalingReplicaSet', 'SuccessfulRescale', 'Completed', 'SawCompletedJob', 'Suspended', 'Resumed', 'LeaderElection', 'KEDAScalersStarted', 'KEDAScaleTargetActivated', 'KEDAScaleTargetDeactivated', 'ScaledObjectReady',
  // Services, Ingresses and what comes with them.
  'EnsuringLoadBalancer', 'EnsuredLoadBalancer', 'UpdatedLoadBalancer', 'Sync', 'CreateCertificate', 'Issuing', 'Generated', 'Requested', 'Reused', 'CertificateIssued',
  // Whoever delivers.
  'ReconciliationSucceeded', 'OperationStarted', 'OperationCompleted', 'ResourceUpdated', 'NewReplicaSetCreated', 'RolloutUpdated', 'RolloutStepCompleted', 'RolloutCompleted',
])

/** Made when something makes room on purpose. */
export const OF_ENDS: ReadonlySet<string> = new Set(['Preempted'])

/** So many containers, images and interfaces have most pods, sidecars and init containers among them. */
const USUAL = 3

/** Writers of events let through so many about one object, and then one in each of these times. */
const BURST = 25
const REFILL = minutes(5)

/** What they say while nothing is wrong, as the kubelet, the scheduler and the controllers of the last versions write them, of two objects that have nothing in common. */
const MESSAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['Scheduled', ['Successfully assigned shop/cart-0 to node-1', 'Successfully assigned bank/till-6d5f7c9b8-x2x4z to ip-10-0-7-19.internal']],
  ['Pulling', ['Pulling image "example.com/cart:1"', 'Pulling image "till@sha256:0f3a"']],
  ['Pulled', ['Container image "example.com/cart:1" already present on machine', 'Successfully pulled image "till@sha256:0f3a" in 1.2s (1.2s including waiting). Image size: 12345 bytes.']],
  ['Created', ['Created container cart', 'Created container: cart', 'Container created']],
  ['Started', ['Started container cart', 'Container started']],
  ['Killing', ['Stopping container cart', 'Stopping container till']],
  ['SuccessfulCreate', ['Created pod: cart-6d5f7c9b8-x2x4z', 'Created pod: till-0']],
  ['SuccessfulDelete', ['Deleted pod: cart-6d5f7c9b8-x2x4z', 'Deleted pod: till-0']],
  ['ScalingReplicaSet', ['Scaled up replica set cart-6d5f7c9b8 from 0 to 1', 'Scaled down replica set till-59c from 3 to 2']],
])

/** The reasons of which each message is taken by a pattern: it asks for nothing that is not in all of them. Compiling takes longer than all other rules. */
const usualReasons = rememberedByText(256, (source): ReadonlySet<string> => {
  const pattern = readPattern(source)
  return new Set(isPattern(pattern) ? [...MESSAGES].flatMap(([reason, messages]) => (messages.every((message) => pattern.matches(message)) ? [reason] : [])) : [])
})

const fixOf = (reason: string): string =>
  reason === 'Killing' ? 'write messagePattern: failed liveness probe' : 'write a reason that tells of trouble: BackOff, Unhealthy, FailedMount, FailedScheduling; or a count that no start reaches'

/** @param always how bad it is that every healthy object fires */
export function healthyEvents({ reason, count, window, type, messagePattern }: Event, path: string, always: 'E' | 'W'): Finding[] {
  const most = BURST + Math.floor((parseDuration(window) ?? 0) / REFILL)
  // A message says what is special about one of them; and as a warning somebody else writes it.
  const isPlain = type !== 'Warning' && (messagePattern === undefined || takesAnything(messagePattern) || usualReasons(messagePattern).has(reason))
  if (isPlain && OF_LIFE.has(reason) && count <= USUAL) {
    return [
      count === 1
        ? { path: `${path}.reason`, severity: always, what: `${reason} is an event that healthy objects make whenever they start, end or are scaled`, why: 'what an act brings about makes the next one, and so on up to the hourly limit', fix: fixOf(reason) }
        : { path: `${path}.count`, severity: 'W', what: `${count} events ${reason} come from one ${reason === 'Killing' ? 'end' : 'start'} of a pod with as many containers`, why: reason === 'Killing' ? 'what is ended on purpose, as in every rollout, would be acted on' : 'pods that have just started would be acted on', fix: reason === 'Killing' ? fixOf(reason) : 'write 5 or more' },
    ]
  }
  if (isPlain && OF_ENDS.has(reason) && count === 1) {
    return [{ path: `${path}.reason`, severity: 'W', what: `${reason} tells of room that is made on purpose`, why: 'what goes on purpose would be acted on', fix: 'write a messagePattern, or FailedScheduling for what finds no room' }]
  }
  if (reason === 'Unhealthy' && count < USUAL && (messagePattern === undefined || takesAnything(messagePattern))) {
    return [{ path: `${path}.count`, severity: 'W', what: `${count === 1 ? 'one event' : `${count} events`} Unhealthy may come from any start of a pod`, why: 'readiness probes fail until the program answers, and the replacement that an act brings about does so too', fix: 'write 5 or more, or a messagePattern such as Liveness probe failed' }]
  }
  if (count > most) {
    return [{ path: `${path}.count`, severity: 'W', what: `${count} within ${window} are hardly ever written`, why: `the kubelet and the controllers write ${BURST} events about an object, and then one in five minutes`, fix: `write at most ${most}, or a longer window` }]
  }
  return []
}
