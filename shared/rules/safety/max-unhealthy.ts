/** `maxUnhealthy`: a count, or a percentage of the selected objects. */

export type MaxUnhealthy = { readonly count: number } | { readonly percent: number }

/** undefined when it is neither. */
export function parseMaxUnhealthy(written: string | number): MaxUnhealthy | undefined {
  const text = String(written)
  const [, count, percent] = /^(?:([0-9]{1,5})|([0-9]{1,3})%)$/.exec(text) ?? []
  if (count !== undefined) return { count: Number(count) }
  return percent === undefined || Number(percent) > 100 ? undefined : { percent: Number(percent) }
}

/** How many of so many may be unhealthy: a percentage is rounded up, so that one always may. */
export const unhealthyLimit = (max: MaxUnhealthy, of: number): number => ('count' in max ? max.count : max.percent === 0 ? 0 : Math.max(1, Math.ceil((max.percent * of) / 100)))
