import type { Resource } from '../../kube/api.ts'
import { notFound } from './answers.ts'
import { at, numberAt, type StoredObject } from './objects.ts'
import { isScalable } from './rules.ts'

/** The `scale` subresource of a workload. @throws Refused (404) for a kind that has none */
export function toScale(object: StoredObject, resource: Resource): StoredObject {
  if (!isScalable(resource)) throw notFound(resource, object.metadata.name)
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = numberAt(object, 'spec', 'replicas')
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    // TRAP: a real server leaves a zero out.
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: numberAt(object, 'status', 'replicas') },
  }
}

/** The workload with the replicas of a scale. */
export const fromScale = (object: StoredObject, scale: StoredObject): StoredObject => ({
  ...object,
  spec: { ...(at(object, 'spec') as object), replicas: numberAt(scale, 'spec', 'replicas') },
})
