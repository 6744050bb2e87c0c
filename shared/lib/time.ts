/** Time as data. Nothing in the core reads a clock: `now` is an argument. */

declare const instantBrand: unique symbol
declare const millisBrand: unique symbol

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number & { readonly [instantBrand]: true }

/** A span of time in milliseconds. */
export type Millis = number & { readonly [millisBrand]: true }

export const millis = (n: number): Millis => n as Millis
export const seconds = (n: number): Millis => (n * 1000) as Millis
export const minutes = (n: number): Millis => seconds(n * 60)
export const hours = (n: number): Millis => minutes(n * 60)
export const instant = (n: number): Instant => n as Instant

export const after = (t: Instant, d: Millis): Instant => (t + d) as Instant
export const before = (t: Instant, d: Millis): Instant => (t - d) as Instant
/** `later - earlier`; negative when the order is the other way round. */
export const between = (earlier: Instant, later: Instant): Millis => (later - earlier) as Millis
export const latest = (a: Instant, b: Instant): Instant => (a >= b ? a : b)
export const earliest = (a: Instant, b: Instant): Instant => (a <= b ? a : b)

/** Creation and condition times of the API server have whole seconds: what happened in the same second is not before. */
export const wholeSecond = (t: Instant): Instant => (Math.floor(t / 1000) * 1000) as Instant

/** RFC 3339 in UTC with milliseconds, as our own objects hold it. */
export const formatInstant = (t: Instant): string => new Date(t).toISOString()

/** RFC 3339 to Instant; undefined when it is not a time (malformed state must never read as a value). */
export function parseInstant(text: string | undefined): Instant | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined
  const value = Date.parse(text)
  return Number.isNaN(value) ? undefined : (value as Instant)
}

/** The one way to learn what time it is. */
export interface Clock {
  now(): Instant
}
