/** The PromQL of a policy, read once for all rules. */
import type { HealingPolicy, HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { positionIn } from '../../lib/text-position.ts'
import type { Expr, Problem } from '../../promql/ast.ts'
import { problemsOf } from '../../promql/check.ts'
import { parsePromql, type Parsed } from '../../promql/parse.ts'
import { UNKNOWN_SOURCE, type Finding, type Installation, type QuerySource } from '../rule.ts'
import { CUSTOM_METRICS, EXTERNAL_METRICS, isBuiltIn } from './built-in-metrics.ts'

export type Metric = NonNullable<HealingPolicySpec['triggers'][number]['metricTrigger']>

export interface Query {
  readonly path: string
  readonly text: string
  readonly parsed: Parsed
  /** What a server says of it without evaluating it. */
  readonly problems: readonly Problem[]
  readonly metric: Metric
}

/** More of one query are not read. */
const MOST_FINDINGS = 8

const known = new WeakMap<Metric, Omit<Query, 'path'>>()

/** Those that a Prometheus is asked; built-in metrics and names of other APIs are none. */
export const queriesOf = ({ spec }: HealingPolicy): readonly Query[] =>
  spec.triggers.flatMap(({ metricTrigger: metric }, index): Query[] => {
    if (metric === undefined || metric.source === CUSTOM_METRICS || metric.source === EXTERNAL_METRICS || isBuiltIn(metric.query.trim())) return []
    return [{ path: `spec.triggers[${index}].metricTrigger.query`, ...read(metric) }]
  })

function read(metric: Metric): Omit<Query, 'path'> {
  const before = known.get(metric)
  if (before !== undefined) return before
  const parsed = parsePromql(metric.query)
  const query = { text: metric.query, parsed, problems: 'expr' in parsed ? problemsOf(parsed.expr) : [parsed.problem], metric }
  known.set(metric, query)
  return query
}

export interface Sound {
  readonly query: Query
  readonly expr: Expr
}

/** Those that a server would evaluate: of others no rule but KS201 has anything to say. */
export const soundQueries = (policy: HealingPolicy): readonly Sound[] =>
  queriesOf(policy).flatMap((query) => ('expr' in query.parsed && query.problems.length === 0 ? [{ query, expr: query.parsed.expr }] : []))

/** With line and column, and each place once. */
export function findingsAt({ path, text }: Query, problems: readonly (Problem & Partial<Finding>)[]): Finding[] {
  return problems.slice(0, MOST_FINDINGS).map(({ from, what, ...more }) => {
    const at = positionIn(text, from)
    return { ...more, path, at, what: `line ${at.line}, column ${at.column}: ${what}` }
  })
}

/** What is known of the Prometheus that is asked: the one that the trigger names, the only one, or the one called default. */
export function sourceOf({ metric: { source } }: Query, { sources }: Installation): Omit<QuerySource, 'name'> {
  const [only, ...others] = sources
  const name = source ?? (others.length === 0 ? only?.name : 'default')
  return sources.find((one) => one.name === name) ?? UNKNOWN_SOURCE
}
