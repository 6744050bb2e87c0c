/** Where what is in the cluster differs from what this program would make. Pure. */
import { isObject, sameJson } from '../../shared/lib/json.ts'

export interface Difference {
  readonly path: string
  /** `missing`: the cluster lacks it; `unknown`: this program does not know it. */
  readonly kind: 'missing' | 'unknown' | 'other'
}

/** The first one, in the order of `wanted`; undefined when both are equal. */
export function firstDifference(wanted: unknown, found: unknown, path = ''): Difference | undefined {
  if (isObject(wanted) && isObject(found)) {
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
      const at = path === '' ? key : `${path}.${key}`
      if (!Object.hasOwn(found, key)) return { path: at, kind: 'missing' }
      if (!Object.hasOwn(wanted, key)) return { path: at, kind: 'unknown' }
      const inner = firstDifference(wanted[key], found[key], at)
      if (inner !== undefined) return inner
    }
    return undefined
  }
  if (Array.isArray(wanted) && Array.isArray(found) && wanted.length === found.length) {
    for (const [index, item] of wanted.entries()) {
      const inner = firstDifference(item, found[index], `${path}[${index}]`)
      if (inner !== undefined) return inner
    }
    return undefined
  }
  return sameJson(wanted, found) ? undefined : { path, kind: 'other' }
}

/** Whether everything that is wanted is there; the server adds defaults of its own. */
export function contains(found: unknown, wanted: unknown): boolean {
  if (isObject(wanted)) return isObject(found) && Object.entries(wanted).every(([key, value]) => contains(found[key], value))
  if (Array.isArray(wanted)) return Array.isArray(found) && found.length === wanted.length && wanted.every((item, index) => contains(found[index], item))
  return sameJson(found, wanted)
}
