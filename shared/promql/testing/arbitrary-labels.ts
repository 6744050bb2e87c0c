/** Queries of series that a Prometheus has of itself, made of everything that changes labels. All of them have the right types. */
import { array, constantFrom, letrec, oneof, tuple, type Arbitrary } from 'fast-check'

const SELECTORS = ['up', 'prometheus_build_info', 'prometheus_http_requests_total', 'prometheus_http_requests_total{code="200"}', 'prometheus_http_requests_total{handler="/api/v1/query",job=""}', 'prometheus_http_requests_total{handler="/api/v1/query"}', 'prometheus_target_interval_length_seconds{quantile="0.5"}', 'prometheus_http_request_duration_seconds_bucket'] as const

const label = constantFrom('instance', 'job', 'handler', 'code', 'quantile', 'le', 'other')
const labels = array(label, { maxLength: 3 }).map((all) => `(${[...new Set(all)].join(', ')})`)

export const arbitraryLabels: Arbitrary<string> = letrec<{ expr: string }>((tie) => {
  const expr = tie('expr')
  const selector = constantFrom(...SELECTORS)
  const aggregated = tuple(constantFrom('sum', 'max', 'count', 'group', 'topk(2, ', 'count_values("other", '), constantFrom('by', 'without', ''), labels, expr).map(([operator, how, by, inner]) => {
    const grouping = how === '' ? '' : ` ${how} ${by}`
    return operator.endsWith(' ') ? `${operator}${inner})${grouping}` : `${operator}${grouping} (${inner})`
  })
  const matching = tuple(constantFrom('', 'on', 'ignoring'), labels, constantFrom('', '', 'group_left', 'group_right'), label).map(([how, by, group, include]) => (how === '' ? '' : ` ${how} ${by}${group === '' ? '' : ` ${group} (${by.includes(include) ? '' : include})`}`))
  const arithmetic = tuple(expr, constantFrom('+', '*', '>', '== bool', '<='), matching, expr).map(([left, operator, by, right]) => `(${left}) ${operator}${by} (${right})`)
  const sets = tuple(expr, constantFrom('and', 'or', 'unless'), constantFrom('', 'on', 'ignoring'), labels, expr).map(([left, operator, how, by, right]) => `(${left}) ${operator}${how === '' ? '' : ` ${how} ${by}`} (${right})`)
  const called = tuple(constantFrom('abs(?)', 'rate(?[1m:1s])', 'absent(?)', 'sort(?)', 'label_join(?, "other", "-", "job", "code")', 'label_replace(?, "other", "$1", "job", "(.+)")', 'label_replace(?, "job", "", "job", ".*")', 'label_replace(?, "other", "x", "job", ".*")', 'histogram_quantile(0.5, ?)', '? * 2', '1 - ?', 'vector(1) * on () group_right () ?', '-?', 'absent(up{job="x",other="y"}) or ?', '? or vector(1)'), expr).map(([call, inner]) => call.replace('?', () => `(${inner})`))
  return { expr: oneof({ maxDepth: 4, depthIdentifier: 'expr' }, selector, aggregated, arithmetic, sets, called) }
}).expr
