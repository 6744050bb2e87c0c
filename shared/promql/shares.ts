/** Shares of a whole: a counter divided by the same counter with fewer matchers, or a series by the one that it is a part of. They are from 0 to 1, or to 100 where that is written. */
import { unwrapped, type Aggregate, type Binary, type Expr, type Matcher, type Selector } from './ast.ts'
import { RATES } from './counters.ts'

export interface Share {
  /** The most that it can be: 1, or 100 for percent. */
  readonly whole: number
  /** Where the division is. */
  readonly from: number
}

export function shareOf(expr: Expr): Share | undefined {
  const inner = unwrapped(expr)
  return inner.type === 'binary' && !inner.bool ? ofBinary(inner) : undefined
}

/** Of a division of a part by its whole: what the part asks for beyond the whole. */
export function beyondWhole({ left, right }: Binary): readonly Matcher[] | undefined {
  const [part, whole] = [partOf(left), partOf(right)]
  if (part === undefined || whole === undefined || !isWithin(part, whole)) return undefined
  const all = new Set(shown(whole.selector))
  return part.selector.matchers.filter((_, index) => !all.has(shown(part.selector)[index] ?? ''))
}

function ofBinary({ operator, left, right, operatorFrom }: Binary): Share | undefined {
  const [a, b] = [numberIn(left), numberIn(right)]
  if (operator === '*') {
    const [factor, share] = a === undefined ? [b, shareOf(left)] : [a, shareOf(right)]
    return factor === undefined || factor <= 0 || share === undefined ? undefined : { ...share, whole: share.whole * factor }
  }
  if (operator === '-') {
    // What the other part is.
    const share = a === undefined ? undefined : shareOf(right)
    return share !== undefined && share.whole === a ? share : undefined
  }
  if (operator !== '/') return undefined
  if (b !== undefined) {
    const share = b > 0 ? shareOf(left) : undefined
    return share === undefined ? undefined : { ...share, whole: share.whole / b }
  }
  // `100 * a / b` is read from the left.
  const times = productOf(left)
  const [part, whole] = [partOf(times.of), partOf(right)]
  const isShare = (part !== undefined && whole !== undefined && isWithin(part, whole)) || isKnownPart(times.of, right)
  return isShare && times.by > 0 ? { whole: times.by, from: operatorFrom } : undefined
}

/** Of each of these pairs of series the first is never more than the second, of the same labels. */
const WHOLES: ReadonlyMap<string, string> = new Map([
  ['process_open_fds', 'process_max_fds'],
  ['container_cpu_cfs_throttled_periods_total', 'container_cpu_cfs_periods_total'],
  ['kubelet_volume_stats_used_bytes', 'kubelet_volume_stats_capacity_bytes'],
  ['kubelet_volume_stats_available_bytes', 'kubelet_volume_stats_capacity_bytes'],
  ['kubelet_volume_stats_inodes_used', 'kubelet_volume_stats_inodes'],
  ['kubelet_volume_stats_inodes_free', 'kubelet_volume_stats_inodes'],
  ['node_filesystem_avail_bytes', 'node_filesystem_size_bytes'],
  ['node_filesystem_free_bytes', 'node_filesystem_size_bytes'],
  ['node_filesystem_files_free', 'node_filesystem_files'],
  ['node_memory_MemAvailable_bytes', 'node_memory_MemTotal_bytes'],
  ['hikaricp_connections_active', 'hikaricp_connections_max'],
])
/** Of a part they are no more than of its whole. */
const KEEP_ORDER: ReadonlySet<string> = new Set([...RATES, 'avg_over_time', 'max_over_time', 'min_over_time', 'last_over_time', 'sum', 'max', 'min', 'avg'])

function isKnownPart(left: Expr, right: Expr): boolean {
  const [part, whole] = [measuredIn(left), measuredIn(right)]
  if (part === undefined || whole === undefined || part.selector.name === undefined || WHOLES.get(part.selector.name) !== whole.selector.name || part.over !== whole.over) return false
  const own = new Set(shown(part.selector))
  return shown(whole.selector).every((one) => own.has(one))
}

/** The one series that is asked for, and what is done with it; undefined: something else is done. */
function measuredIn(expr: Expr): Omit<Part, 'grouping'> | undefined {
  const inner = unwrapped(expr)
  if (inner.type === 'selector') return { selector: inner, over: '' }
  if (inner.type === 'range') return inner.expr.type === 'selector' ? { selector: inner.expr, over: `${inner.range.millis}` } : undefined
  if (inner.type !== 'call' && inner.type !== 'aggregate') return undefined
  const [name, done] = inner.type === 'call' ? [inner.name, inner.name] : [inner.operator, `${inner.operator} ${groupingOf(inner)}`]
  const [arg, ...others] = inner.args
  const of = KEEP_ORDER.has(name) && others.length === 0 && arg !== undefined ? measuredIn(arg) : undefined
  return of === undefined ? undefined : { selector: of.selector, over: `${done} (${of.over})` }
}

function numberIn(expr: Expr): number | undefined {
  const inner = unwrapped(expr)
  return inner.type === 'number' ? inner.value : undefined
}

function productOf(expr: Expr): { readonly by: number; readonly of: Expr } {
  const inner = unwrapped(expr)
  if (inner.type === 'binary' && inner.operator === '*') {
    const [a, b] = [numberIn(inner.left), numberIn(inner.right)]
    if (a !== undefined) return { by: a, of: inner.right }
    if (b !== undefined) return { by: b, of: inner.left }
  }
  return { by: 1, of: inner }
}

interface Part {
  readonly grouping: string
  readonly selector: Selector
  /** Function and range, as they were written: both sides have to look at the same time. */
  readonly over: string
}

/** `sum by (pod) (rate(x[5m]))`: unless both sides are summed, each series finds only itself on the other. */
function partOf(expr: Expr): Part | undefined {
  const sum = unwrapped(expr)
  if (sum.type !== 'aggregate' || sum.operator !== 'sum' || sum.args.length !== 1) return undefined
  const call = sum.args[0] === undefined ? undefined : unwrapped(sum.args[0])
  const range = call?.type === 'call' && RATES.has(call.name) ? call.args[0] : undefined
  if (call?.type !== 'call' || range?.type !== 'range' || range.expr.type !== 'selector') return undefined
  return { grouping: groupingOf(sum), selector: range.expr, over: `${call.name} ${range.range.millis}` }
}

const groupingOf = ({ grouping }: Aggregate): string => (grouping === undefined ? '' : `${grouping.by} ${[...grouping.labels].sort().join(' ')}`)

const shown = ({ matchers }: Selector): readonly string[] => matchers.map(({ label, operator, value }) => `${label} ${operator} ${value}`)

function isWithin(part: Part, whole: Part): boolean {
  const own = new Set(shown(part.selector))
  return part.selector.name !== undefined && part.selector.name === whole.selector.name && part.grouping === whole.grouping && part.over === whole.over && shown(whole.selector).every((one) => own.has(one))
}
