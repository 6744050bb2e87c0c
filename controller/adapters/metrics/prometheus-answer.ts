/** What a Prometheus says, held to the form of its API (`/api/v1/query`, `/api/v1/query_range`). Pure and total. */
import { isObject } from '../../../shared/lib/json.ts'
import type { Labels } from '../../../shared/lib/selector.ts'
import { printable } from '../../../shared/lib/text.ts'
import { instant, type Instant } from '../../../shared/lib/time.ts'
import type { Point, Series } from '../../healing/metrics.ts'

/** More is a query that forgot to aggregate; each of them would be kept with its past. */
export const MAX_SERIES = 5_000
/** Points of all series of one answer together. */
export const MAX_POINTS = 500_000
const MAX_LABELS = 128

export type Parsed =
  | { readonly kind: 'Series'; readonly series: readonly Series[]; readonly warnings: readonly string[]; /** When it was evaluated, by the server's clock. */ readonly evaluatedAt: Instant | undefined }
  /** What is wrong, to follow the name of the source. */
  | { readonly kind: 'Wrong'; readonly what: string }

const wrong = (what: string): Parsed => ({ kind: 'Wrong', what })

export function parseAnswer(code: number, contentType: string, body: string): Parsed {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return wrong(notJson(code, contentType, body))
  }
  if (!isObject(parsed)) return wrong(`answered ${code} with JSON that is no object`)
  const { status, data, error, errorType } = parsed
  if (status === 'error' || code >= 400) return wrong(refusal(code, errorType, error))
  if (status !== 'success' || !isObject(data)) return wrong(`answered ${code} with JSON that no Prometheus writes`)
  const warnings = Array.isArray(parsed['warnings']) ? parsed['warnings'].filter((w) => typeof w === 'string').map((w) => printable(w, 200)).slice(0, 5) : []
  const { resultType, result } = data
  if (resultType === 'scalar') return single(result, warnings)
  if (resultType !== 'vector' && resultType !== 'matrix') {
    return wrong(`answered a ${typeof resultType === 'string' ? printable(resultType, 20) : 'result without a type'}: the query must be an instant vector or a number`)
  }
  return vector(resultType, result, warnings)
}

function single(result: unknown, warnings: readonly string[]): Parsed {
  const point = toPoint(result)
  return point === undefined ? malformed : { kind: 'Series', series: [{ labels: {}, points: [point] }], warnings, evaluatedAt: point.at }
}

const malformed = wrong('answered a result that does not have the form of its type')

function vector(type: 'vector' | 'matrix', result: unknown, warnings: readonly string[]): Parsed {
  if (!Array.isArray(result)) return malformed
  if (result.length > MAX_SERIES) return wrong(`answered ${result.length} series, and ${MAX_SERIES} is the most: aggregate, or narrow the selectors`)
  const series: Series[] = []
  let total = 0
  for (const item of result as readonly unknown[]) {
    const labels = isObject(item) ? toLabels(item['metric']) : undefined
    const points = isObject(item) ? toPoints(type === 'vector' ? [item['value']] : item['values']) : undefined
    // Native histograms have no value that could be compared.
    if (labels !== undefined && isObject(item) && ('histogram' in item || 'histograms' in item)) return wrong('answered histograms: take a quantile or a rate of them')
    if (labels === undefined || points === undefined) return malformed
    total += points.length
    if (total > MAX_POINTS) return wrong(`answered more than ${MAX_POINTS} points: aggregate, or narrow the selectors`)
    if (points.length > 0) series.push({ labels, points })
  }
  return { kind: 'Series', series, warnings, evaluatedAt: type === 'vector' ? series[0]?.points[0]?.at : undefined }
}

function toLabels(metric: unknown): Labels | undefined {
  if (!isObject(metric)) return undefined
  const entries = Object.entries(metric)
  if (entries.length > MAX_LABELS || !entries.every(([, value]) => typeof value === 'string')) return undefined
  return Object.fromEntries(entries) as Labels
}

function toPoints(values: unknown): Point[] | undefined {
  if (!Array.isArray(values)) return undefined
  const points: Point[] = []
  for (const value of values) {
    const point = toPoint(value)
    // Not in order is no history.
    if (point === undefined || point.at < (points.at(-1)?.at ?? Number.NEGATIVE_INFINITY)) return undefined
    points.push(point)
  }
  return points
}

/** `[1435781430.781, "1"]`; the number is in a string since it may be NaN or infinite. */
function toPoint(value: unknown): Point | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [at, text] = value as readonly unknown[]
  if (typeof at !== 'number' || !Number.isFinite(at) || typeof text !== 'string') return undefined
  const number = toNumber(text)
  return number === undefined ? undefined : { at: instant(Math.round(at * 1000)), value: number }
}

function toNumber(text: string): number | undefined {
  if (text === 'NaN') return Number.NaN
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  return /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$/.test(text) ? Number(text) : undefined
}

function notJson(code: number, contentType: string, body: string): string {
  if (/html/i.test(contentType) || /^\s*</.test(body)) return `answered ${code} with a web page: something else listens there, or the path of the url is wrong`
  if (code === 401 || code === 403) return refusal(code, undefined, undefined)
  return code >= 400 ? `answered ${code}${body === '' ? '' : `: ${printable(body, 100)}`}` : `answered ${code} with something that is not JSON`
}

function refusal(code: number, type: unknown, error: unknown): string {
  const said = typeof error === 'string' && error !== '' ? `: ${printable(error, 200)}` : ''
  if (code === 401 || code === 403) return `does not let us in (${code}): check tokenFile, or username and passwordFile${said}`
  if (type === 'bad_data') return `does not understand the query${said}`
  if (type === 'timeout' || type === 'canceled') return `gave up on the query${said}`
  if (type === 'execution') return `cannot evaluate the query${said}`
  if (code === 404) return `has no query API at this path (404)${said}`
  return `answered ${code}${said}`
}
