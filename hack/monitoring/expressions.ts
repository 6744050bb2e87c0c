/** What alerts and dashboards may ask for: what the table of metrics has. */
import { allOf, type Selector } from '../../shared/promql/ast.ts'
import { parsePromql } from '../../shared/promql/parse.ts'
import { ALL_METRICS } from '../../shared/runtime/metric-table.ts'
import type { MetricDefinition } from '../../shared/runtime/metrics.ts'

/** Every metric, label and value of the expression that the programs never tell. @throws when it is no PromQL */
export function strayNames(expression: string): readonly string[] {
  const parsed = parsePromql(expression)
  if (!('expr' in parsed)) throw new Error(`${expression}: ${parsed.problem.what}`)
  const all = allOf(parsed.expr)
  const selectors = all.filter((expr): expr is Selector => expr.type === 'selector')
  const labels = new Set(['le', ...selectors.flatMap(({ name }) => Object.keys(definitionOf(name)?.labels ?? {}))])
  const grouped = all.flatMap((expr) => (expr.type === 'aggregate' ? (expr.grouping?.labels ?? []) : []))
  return [...selectors.flatMap(strayIn), ...grouped.filter((label) => !labels.has(label)).map((label) => `by (${label})`)]
}

function strayIn({ name = '', matchers }: Selector): readonly string[] {
  const definition = definitionOf(name)
  if (definition === undefined) return [name]
  return matchers.flatMap(({ label, operator, value }) => {
    const domain = definition.labels[label]
    // Of the scrape, not of the program: the tests of alerts have two instances.
    if (label === 'instance') return []
    if (domain === undefined) return [`${name}{${label}}`]
    return 'atMost' in domain || value.includes('$') || (operator !== '=' && operator !== '!=') || domain.includes(value) ? [] : [`${name}{${label}${operator}"${value}"}`]
  })
}

function definitionOf(series = ''): MetricDefinition | undefined {
  const [, name = ''] = /^(.*?)(?:_bucket|_sum|_count)?$/.exec(series) ?? []
  return ALL_METRICS.find((each) => (each.type === 'histogram' ? each.name === name && name !== series : each.name === series))
}
