/** Which conditions objects of a kind can have. */
import { isCustom, nameOf, type KindReference } from '../../api/v1alpha1/kinds.ts'
import { isDerivedState, isQualified, POD_CONDITIONS, type KnownConditions } from './pod-conditions.ts'

/** Of the kinds of Kubernetes itself. */
export const CONDITIONS_OF_KINDS: Readonly<Record<string, KnownConditions>> = {
  'v1 Pod': POD_CONDITIONS,
  'apps/v1 Deployment': { Available: { healthy: 'True' }, Progressing: { healthy: 'True' }, ReplicaFailure: { onlyTrue: true } },
  // Their controllers set none today: their pods have them.
  'apps/v1 StatefulSet': {},
  'apps/v1 DaemonSet': {},
  'batch/v1 Job': { Complete: { onlyTrue: true }, Failed: { onlyTrue: true }, FailureTarget: { onlyTrue: true }, Suspended: {}, SuccessCriteriaMet: { onlyTrue: true } },
  'batch/v1 CronJob': {},
  'v1 Service': {},
  // The first two are its phases: no claim has a condition that says so.
  'v1 PersistentVolumeClaim': { Pending: { healthy: 'False' }, Lost: { healthy: 'False' }, Resizing: { onlyTrue: true }, FileSystemResizePending: { onlyTrue: true }, ControllerResizeError: {}, NodeResizeError: {}, ModifyingVolume: {}, ModifyVolumeError: {} },
  'autoscaling/v2 HorizontalPodAutoscaler': { AbleToScale: { healthy: 'True' }, ScalingActive: { healthy: 'True' }, ScalingLimited: {} },
  'policy/v1 PodDisruptionBudget': { DisruptionAllowed: { healthy: 'True' } },
  'networking.k8s.io/v1 Ingress': {},
}

export const conditionsOf = (kind: KindReference): KnownConditions | undefined => (Object.hasOwn(CONDITIONS_OF_KINDS, nameOf(kind)) ? CONDITIONS_OF_KINDS[nameOf(kind)] : undefined)

/** Whether a pod can have it, as a condition or as a state of one of its containers. */
export const podsCanHave = (type: string): boolean => isDerivedState(type) || Object.hasOwn(POD_CONDITIONS, type) || isQualified(type)

/** Whether an object of the kind itself can have the condition, apart from pods that it owns. */
export function canHave(kind: KindReference, type: string): boolean {
  if (nameOf(kind) === 'v1 Pod') return podsCanHave(type)
  // Of custom resources nobody knows; they have no containers.
  if (isCustom(kind)) return !isDerivedState(type)
  const known = conditionsOf(kind)
  return known !== undefined && Object.hasOwn(known, type)
}

/** Whether all that have it, among objects of these kinds and their pods, have it as True or not at all. */
export function isOnlyTrue(kinds: readonly KindReference[], type: string): boolean {
  if (kinds.some((kind) => conditionsOf(kind) === undefined)) return false
  const known = [...kinds.map((kind) => conditionsOf(kind) ?? {}), POD_CONDITIONS].flatMap((each) => (Object.hasOwn(each, type) ? [each[type]] : []))
  return known.length > 0 && known.every((each) => each?.onlyTrue === true)
}

/** The kinds of Kubernetes that have a condition of this type. */
export const kindsWith = (type: string): string[] => Object.keys(CONDITIONS_OF_KINDS).filter((kind) => Object.hasOwn(CONDITIONS_OF_KINDS[kind] ?? {}, type))
