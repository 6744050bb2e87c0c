/** `maxUnhealthy`: a count, or a percentage of the selected objects. */

/** Acts in flight: twice what the hourly limit is by default. */
export const MANY_AT_ONCE = 10

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

/** Objects: fewer than these most policies select. */
const MANY_OBJECTS = 100

/** How little it holds back: `mostly` lets an outage of most of what is selected be healed one by one, `nearlyAll` of four in five. */
export function widthOf(max: MaxUnhealthy): 'mostly' | 'nearlyAll' | undefined {
  if ('count' in max) return max.count >= MANY_OBJECTS ? 'mostly' : undefined
  return max.percent >= 80 ? 'nearlyAll' : max.percent > 50 ? 'mostly' : undefined
}
