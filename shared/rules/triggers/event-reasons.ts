/** Reasons of events, as the kubelet, the scheduler and the controllers of Kubernetes write them, and words that are none. */
import { withinEdits, nearest } from '../../lib/text.ts'
import { OF_ENDS, OF_LIFE } from './healthy-events.ts'

/** Of trouble; those of a life without any are known elsewhere. Others have reasons of their own, and nobody knows these. */
const OF_TROUBLE: readonly string[] = [
  // The kubelet: containers, images, volumes, sandboxes, and the node itself.
  'BackOff', 'Failed', 'Unhealthy', 'ProbeWarning', 'InspectFailed', 'ErrImageNeverPull', 'FailedKillPod', 'FailedCreatePodContainer', 'ExceededGracePeriod', 'Evicted', 'Preempting', 'NetworkNotReady', 'SandboxChanged', 'FailedCreatePodSandBox', 'FailedPodSandBoxStatus', 'FailedSync', 'FailedValidation', 'FailedPostStartHook', 'FailedPreStopHook', 'FailedMount', 'FailedAttachVolume', 'FailedMapVolume', 'FailedUnMount', 'VolumeResizeFailed', 'FileSystemResizeFailed', 'FailedPrepareDynamicResources',
  'NodeReady', 'NodeNotReady', 'NodeSchedulable', 'NodeNotSchedulable', 'NodeHasDiskPressure', 'NodeHasInsufficientMemory', 'NodeHasInsufficientPID', 'EvictionThresholdMet', 'SystemOOM', 'OOMKilling', 'TaskHung', 'Rebooted', 'NodeShutdown', 'ContainerGCFailed', 'ImageGCFailed', 'FreeDiskSpaceFailed', 'InvalidDiskCapacity', 'Starting',
  // The scheduler, taints, autoscalers.
  'FailedScheduling', 'TaintManagerEviction', 'NotTriggerScaleUp', 'ScaleDown', 'ScaleDownFailed', 'FailedToScaleUpGroup',
  // The controllers of workloads, Jobs, volumes and HorizontalPodAutoscalers.
  'FailedCreate', 'FailedDelete', 'FailedUpdate', 'ReplicaSetCreateError', 'DeploymentRollback', 'ProgressDeadlineExceeded', 'BackoffLimitExceeded', 'DeadlineExceeded', 'UnexpectedJob', 'MissSchedule', 'TooManyMissedTimes', 'JobAlreadyActive', 'InvalidSchedule', 'ProvisioningFailed', 'FailedBinding', 'ClaimLost', 'ClaimMisbound', 'VolumeFailedDelete', 'FailedRescale', 'FailedGetResourceMetric', 'FailedGetExternalMetric', 'FailedGetObjectMetric', 'FailedGetPodsMetric', 'FailedComputeMetricsReplicas', 'FailedGetScale', 'NoPods', 'RecreatingFailedPod', 'FailedDaemonPod',
]

const KNOWN: readonly string[] = [...OF_TROUBLE, ...OF_LIFE, ...OF_ENDS]

const byCase = new Map(KNOWN.map((reason) => [reason.toLowerCase(), reason]))

/** Which the kubelet, the scheduler and the controllers write with one type alone, whoever else may write others. */
const TYPES: ReadonlyMap<string, 'Normal' | 'Warning'> = new Map([
  ...['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started', 'Killing', 'SuccessfulAttachVolume', 'SuccessfulCreate', 'SuccessfulDelete', 'ScalingReplicaSet', 'SuccessfulRescale', 'Preempted', 'TaintManagerEviction', 'NotTriggerScaleUp', 'TriggeredScaleUp'].map((reason) => [reason, 'Normal'] as const),
  ...['Unhealthy', 'FailedScheduling', 'FailedMount', 'FailedAttachVolume', 'FailedCreatePodSandBox', 'FailedCreate', 'FailedDaemonPod', 'Evicted', 'SystemOOM', 'BackoffLimitExceeded', 'FailedRescale', 'FailedGetResourceMetric'].map((reason) => [reason, 'Warning'] as const),
])

/** The type that events of this reason have, where it is another one than the one that is asked for. */
export function otherTypeOf(reason: string, type: string | undefined): string | undefined {
  const written = TYPES.get(reason)
  return type === undefined || written === type ? undefined : written
}

/** What a pod's status says, where no event does; and what to write instead. */
const STATES: ReadonlyMap<string, string> = new Map([
  ['oomkilled', 'write a condition trigger of type OOMKilled: the kernel ends the container, and the pod has no event of it'],
  ['crashloopbackoff', 'write BackOff with type: Warning, or a condition trigger of type CrashLoopBackOff'],
  ['imagepullbackoff', 'write BackOff with messagePattern: pulling image, or a condition trigger of type ImagePullBackOff'],
  ['errimagepull', 'write Failed with messagePattern: Failed to pull image, or a condition trigger of type ImagePullBackOff'],
  ...['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'].map((state): [string, string] => [state.toLowerCase(), `write Failed, or a condition trigger of type ${state}`]),
  ['containercannotrun', 'write Failed, or a condition trigger of type RunContainerError'],
  ...['LivenessProbeFailed', 'ReadinessProbeFailed', 'StartupProbeFailed'].map((probe): [string, string] => [probe.toLowerCase(), `write Unhealthy with messagePattern: ${probe.replace('ProbeFailed', '')} probe failed`]),
  ...['ContainerCreating', 'PodInitializing'].map((state): [string, string] => [state.toLowerCase(), 'write a condition trigger of type Ready with status: "False"']),
])

/** Letters that may be wrong in a word before it is another one. */
const SLIP = 2

/** In a shorter one so many letters make another word. */
const SHORTEST = 8

export type Slip = { readonly certain: boolean; readonly fix: string }

/** What was meant by a reason that no event has; undefined: some event may have it. `certain`: whoever writes events, it is not this. */
export function slipOf(reason: string): Slip | undefined {
  if (KNOWN.includes(reason)) return undefined
  const state = STATES.get(reason.toLowerCase())
  if (state !== undefined) return { certain: true, fix: state }
  const sameLetters = byCase.get(reason.toLowerCase())
  if (sameLetters !== undefined) return { certain: true, fix: `write ${sameLetters}: reasons are compared letter by letter` }
  const [near] = nearest(reason, KNOWN)
  return near !== undefined && withinEdits(reason, near, SLIP) && near.length >= SHORTEST ? { certain: false, fix: `write ${near}, if that is what is meant` } : undefined
}
