import type { ValueType } from '../../promql/functions.ts'
import type { Finding, Rule } from '../rule.ts'
import { isBuiltIn } from './built-in-metrics.ts'
import { findingsAt, queriesOf, soundQueries, type Query, type SoundQuery } from './queries.ts'

export const ks201: Rule = {
  id: 'KS201',
  severity: 'E',
  alsoWarns: true,
  title: 'The query of a metric trigger is PromQL that every Prometheus understands, and its result is an instant vector.',
  why: 'the source would refuse the query each time it is asked, and the trigger would have no data for ever',
  fix: 'try the query in the expression browser of Prometheus',
  check: (policy) => [...queriesOf(policy).flatMap(wrong), ...soundQueries(policy).flatMap(sound)],
}

const wrong = (query: Query): Finding[] => findingsAt(query, query.reading.problems)

const REMEDIES: Readonly<Record<Exclude<ValueType, 'instant vector'>, string>> = {
  scalar: 'leave out scalar(), or write a query of series: a number is about no object',
  string: 'write a query of series',
  'range vector': 'take a function over the range, such as rate or max_over_time',
}

function sound({ query, sound: { from, type, reservations, bare } }: SoundQuery): Finding[] {
  const result = type === 'instant vector' ? [] : [{ from, what: `the result is a ${type}, not an instant vector`, fix: REMEDIES[type] }]
  const builtIn = bare.filter(({ name }) => isBuiltIn(name)).map(({ from: at, name }) => ({
    from: at,
    severity: 'W' as const,
    what: `within a query ${name} is a series of that name, not what is built in`,
    why: 'the built-in metric is known only where it stands alone, and a Prometheus seldom has such a series',
    fix: `write ${name} as the whole query; where the source has such a series, write ${name}{}`,
  }))
  const why = 'where the source does not know it, the trigger has no data'
  return findingsAt(query, [...result, ...reservations.map((problem) => ({ ...problem, severity: 'W' as const, why })), ...builtIn])
}
