import { holds, relate, type Comparison } from '../../promql/filters.ts'
import type { Problem } from '../../promql/ast.ts'
import type { Finding, Rule } from '../rule.ts'
import { findingsAt, soundQueries, type Metric, type SoundQuery } from './queries.ts'

export const ks202: Rule = {
  id: 'KS202',
  severity: 'E',
  alsoWarns: true,
  title: 'What is compared with what is said by operator and threshold, not within the query as well.',
  why: 'two comparisons of one value: the trigger fires at another value than the one that its threshold shows, or never',
  fix: 'leave the comparison out of the query, and say it by operator and threshold',
  check: (policy) => soundQueries(policy).flatMap(compared),
}

const SILENT = 'a query that filters has no answer when all is well, and no answer is NoData: nobody can tell that an act has helped'

function compared({ query, sound: { comparison, absence } }: SoundQuery): Finding[] {
  if (comparison !== undefined) return findingsAt(query, comparison.bool ? ofBool(comparison, query.metric) : ofFilter(comparison, query.metric))
  const what = `${absence?.name ?? ''} has no answer when the series is there`
  return absence === undefined ? [] : findingsAt(query, [{ from: absence.from, what, severity: 'W', why: SILENT, fix: 'count what is there instead: count(x) or vector(0), with operator < and threshold 1' }])
}

type Found = Problem & Partial<Finding>

function ofFilter({ from, operator, value }: Comparison, metric: Metric): Found[] {
  const outside = `${metric.operator} ${metric.threshold}`
  const silent = { from, severity: 'W' as const, why: SILENT }
  if (value === undefined) return [{ ...silent, what: `${operator} between series leaves no answer when it does not hold`, fix: `ask for the difference, a - b, with operator ${operator} and threshold 0` }]
  const inside = `${operator} ${value}`
  const relation = relate({ operator, value }, { operator: metric.operator, value: metric.threshold })
  switch (relation) {
    case 'never':
      return [{ from, what: `${inside} in the query and ${outside} outside never hold together`, why: 'the trigger never fires' }]
    case 'stricter':
      return [{ from, what: `${inside} in the query and ${outside} outside: two thresholds for one value`, why: 'only the stricter one counts, and the status shows the other' }]
    case 'same':
      return [{ ...silent, what: `${inside} is said in the query and outside`, fix: 'leave it out of the query' }]
    case 'other':
      return [{ ...silent, what: `${inside} in the query leaves no answer when it does not hold`, fix: `leave it out, or write ${operator} bool ${value} == 1 by operator and threshold` }]
    default:
      return relation satisfies never
  }
}

/** The result is 0 or 1, whatever is measured. */
function ofBool({ from, operator }: Comparison, metric: Metric): Found[] {
  const firing = [0, 1].filter((value) => holds(metric.operator, value, metric.threshold))
  if (firing.length === 1) return []
  const outside = `${metric.operator} ${metric.threshold}`
  const why = firing.length === 0 ? 'the trigger never fires' : 'the trigger fires on every healthy object'
  return [{ from, what: `${operator} bool is 0 or 1, and ${outside} holds of ${firing.length === 0 ? 'neither' : 'both'}`, why, fix: 'write operator == and threshold 1, or leave the comparison out of the query' }]
}
