/**
 * Labels that Kubernetes' own controllers put on what they make, with the kinds that have them. They tell which revision or
 * which replica an object is, never which application: whatever their values, all objects of a controller have them.
 */
const PODS: ReadonlySet<string> = new Set(['v1 Pod'])

/** By key; kinds as `nameOf` writes them. https://kubernetes.io/docs/reference/labels-annotations-taints/ */
export const CONTROLLERS_LABELS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['pod-template-hash', new Set([...PODS, 'apps/v1 ReplicaSet'])],
  ['controller-revision-hash', PODS],
  ['pod-template-generation', PODS],
  ['statefulset.kubernetes.io/pod-name', PODS],
  ['apps.kubernetes.io/pod-index', PODS],
  ['controller-uid', PODS],
  ['job-name', PODS],
  ['batch.kubernetes.io/controller-uid', PODS],
  ['batch.kubernetes.io/job-name', PODS],
  ['batch.kubernetes.io/job-completion-index', PODS],
])
