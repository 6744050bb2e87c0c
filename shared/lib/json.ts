/** JSON values and structural equality, without a dependency: the core compares specs with these. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** undefined: the text is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Deep equality of JSON values; an absent member equals an undefined one, the order of keys does not count. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameJson(item, b[i]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => sameJson(a[key], b[key]))
}

/** The same for what somebody may have nested without end: deeper than `depth` levels nothing is equal. */
export function isSameWithin(depth: number, a: unknown, b: unknown): boolean {
  if (depth === 0) return false
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isSameWithin(depth - 1, item, b[index]))
  if (!isObject(a) || !isObject(b)) return Object.is(a, b)
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => isSameWithin(depth - 1, a[key], b[key]))
}

export const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null

/** Whether nothing in it lies deeper than `depth` levels. Recursion into what somebody nested without end has no end. */
export const isShallow = (value: unknown, depth: number): boolean =>
  typeof value !== 'object' || value === null || (depth > 0 && (Array.isArray(value) ? value : Object.values(value)).every((member) => isShallow(member, depth - 1)))

/** One text for equal values: members in the order of their names. */
export const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : Number(a > b)))) : part))
