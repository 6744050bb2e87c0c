import type { Resource } from '../../kube/api.ts'
import { isObject } from '../../lib/json.ts'
import { notFound, Refused } from './answers.ts'
import type { ScalePaths } from './definitions.ts'
import { at, numberAt, stringAt, type StoredObject } from './objects.ts'

/** The `scale` subresource of an object. @throws Refused (404) for a kind that has none, (500) where the number is not set */
export function toScale(object: StoredObject, resource: Resource, paths: ScalePaths | undefined): StoredObject {
  if (paths === undefined) throw notFound(resource, object.metadata.name)
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = at(object, ...paths.spec)
  // TRAP: of a custom resource without the number a real server answers 500.
  if (replicas === undefined) throw new Refused({ code: 500, reason: 'InternalError', message: `Internal error occurred: the spec replicas field ".${paths.spec.join('.')}" does not exist` })
  const selector = paths.selector === undefined ? undefined : stringAt(object, ...paths.selector)
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    // TRAP: a real server leaves a zero out.
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: numberAt(object, ...paths.status), ...(selector === undefined || selector === '' ? {} : { selector }) },
  }
}

/** The object with the replicas of a scale. */
export const fromScale = (object: StoredObject, scale: StoredObject, paths: ScalePaths | undefined): StoredObject =>
  paths === undefined ? object : (put(object, paths.spec, numberAt(scale, 'spec', 'replicas')) as StoredObject)

function put(object: unknown, [first, ...rest]: readonly string[], value: number): unknown {
  if (first === undefined) return value
  const here = isObject(object) ? object : {}
  return { ...here, [first]: put(here[first], rest, value) }
}
