/** What a Prometheus says of a metric by itself (`/api/v1/metadata`), as its scraped processes have told. Pure and total. */
import { isObject } from '../../../shared/lib/json.ts'

const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'gaugehistogram', 'info', 'stateset', 'unknown'] as const
export type MetricType = (typeof TYPES)[number]

const isType = (given: unknown): given is MetricType => (TYPES as readonly unknown[]).includes(given)

/** undefined: nobody has told, or some this and some that. */
export function parseMetadata(code: number, body: string, metric: string): MetricType | undefined | { readonly wrong: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return { wrong: `answered ${code} with something that is no JSON` }
  }
  if (!isObject(parsed) || parsed['status'] !== 'success' || !isObject(parsed['data'])) return { wrong: `answered ${code} without metadata` }
  const { data } = parsed
  const entries: unknown = Object.hasOwn(data, metric) ? data[metric] : []
  const types = new Set((Array.isArray(entries) ? (entries as readonly unknown[]) : []).map((entry) => (isObject(entry) ? entry['type'] : undefined)))
  const [only] = types
  return types.size === 1 && isType(only) ? only : undefined
}
