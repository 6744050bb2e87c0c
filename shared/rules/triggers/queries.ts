/** The PromQL of a policy. */
import type { HealingPolicy, HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { rememberedByText } from '../../lib/remembered.ts'
import { positionIn } from '../../lib/text-position.ts'
import type { Problem } from '../../promql/ast.ts'
import { readQuery, type Reading, type Sound } from '../../promql/reading.ts'
import { UNKNOWN_SOURCE, type Finding, type Installation, type QuerySource } from '../rule.ts'
import { CUSTOM_METRICS, EXTERNAL_METRICS, isBuiltIn } from './built-in-metrics.ts'

export type Metric = NonNullable<HealingPolicySpec['triggers'][number]['metricTrigger']>

export interface Query {
  readonly path: string
  readonly text: string
  readonly reading: Reading
  readonly metric: Metric
}

/** The same policies come again, and four rules ask. */
const readingOf = rememberedByText(256, readQuery)

/** Those that a Prometheus is asked; built-in metrics and names of other APIs are none. */
export const queriesOf = ({ spec }: HealingPolicy): readonly Query[] =>
  spec.triggers.flatMap(({ metricTrigger: metric }, index): Query[] => {
    if (metric === undefined || metric.source === CUSTOM_METRICS || metric.source === EXTERNAL_METRICS || isBuiltIn(metric.query.trim())) return []
    return [{ path: `spec.triggers[${index}].metricTrigger.query`, text: metric.query, reading: readingOf(metric.query), metric }]
  })

export interface SoundQuery {
  readonly query: Query
  readonly sound: Sound
}

/** Those that a server would evaluate: of others no rule but KS201 has anything to say. */
export const soundQueries = (policy: HealingPolicy): readonly SoundQuery[] =>
  queriesOf(policy).flatMap((query) => (query.reading.sound === undefined ? [] : [{ query, sound: query.reading.sound }]))

/** With line and column. */
export function findingsAt({ path, text }: Query, problems: readonly (Problem & Partial<Finding>)[]): Finding[] {
  return problems.map(({ from, what, ...more }) => {
    const at = positionIn(text, from)
    return { ...more, path, at, what: `line ${at.line}, column ${at.column}: ${what}` }
  })
}

/** The Prometheus that is asked: the one that the trigger names, the only one, or the one called default. */
export function sourceNameOf({ source }: Pick<Metric, 'source'>, names: readonly string[]): string {
  const [only, ...others] = names
  return source ?? (only !== undefined && others.length === 0 ? only : 'default')
}

export function sourceOf({ metric }: Query, { sources }: Installation): Omit<QuerySource, 'name'> {
  const wanted = sourceNameOf(metric, sources.map(({ name }) => name))
  return sources.find(({ name }) => name === wanted) ?? UNKNOWN_SOURCE
}
