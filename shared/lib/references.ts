/** Which other objects an object names. */
import { isObject } from './json.ts'
import type { KubeObject } from './object.ts'

/** The owner that controls it: one at most. */
export const controllerOf = ({ metadata }: Pick<KubeObject, 'metadata'>) => metadata.ownerReferences?.find(({ controller }) => controller === true)

export interface NamedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
}

/** What a member of the spec names, such as `scaleTargetRef` of an autoscaler. Empty: it does not say. */
export function referenceIn(raw: KubeObject, member: string): NamedObject {
  const spec: unknown = 'spec' in raw ? raw.spec : undefined
  const target = isObject(spec) && isObject(spec[member]) ? spec[member] : {}
  const text = (name: keyof NamedObject): string => (typeof target[name] === 'string' ? target[name] : '')
  return { apiVersion: text('apiVersion'), kind: text('kind'), name: text('name') }
}
