import { formatDuration } from '../../lib/duration.ts'
import { millis, type Millis } from '../../lib/time.ts'
import type { Judged, Problem } from '../../promql/ast.ts'
import type { PairRange } from '../../promql/times.ts'
import type { Finding, Rule } from '../rule.ts'
import { isBuiltIn } from './built-in-metrics.ts'
import { findingsAt, soundQueries, sourceOf } from './queries.ts'

export const ks203: Rule = {
  id: 'KS203',
  severity: 'E',
  alsoWarns: true,
  title: 'A query takes counters by their rate or increase, over two scrapes at least, and selects series that can be there, by values that their labels have, with an answer that can change.',
  why: 'its value would tell of something else than how the objects are now',
  fix: 'take rate(x[5m]) of a counter',
  check: (policy, { installation }) =>
    soundQueries(policy).flatMap(({ query, sound: { counters, empty, contradictions, dead, unbounded, ranges } }): Finding[] => {
      const { scrapeInterval } = sourceOf(query, installation)
      return [
        // What is meant by those that are built in is no counter: KS201 says what it is.
        ...findingsAt(query, counters.filter(({ metric = '' }) => !isBuiltIn(metric)).map(({ metric: _metric, ...problem }) => judged(problem))),
        ...findingsAt(query, empty.map(judged)),
        ...findingsAt(query, contradictions.map((problem) => ({ ...problem, why: 'there are no such series, and the trigger has no data for ever' }))),
        ...findingsAt(query, dead.map(judged)),
        ...findingsAt(query, unbounded.map((problem) => ({ ...problem, severity: 'W' as const, why: 'the source reads all that it has, each time it is asked' }))),
        ...findingsAt(query, ranges.flatMap((range) => ofTwo(range, scrapeInterval))),
      ]
    }),
}

type Found = Problem & Partial<Finding>

const judged = ({ certain, ...problem }: Judged): Found => ({ ...problem, ...(certain ? {} : { severity: 'W' as const }) })

/** Two samples are needed. */
function ofTwo({ from, name, millis: range, step }: PairRange, scrapeInterval: Millis): Found[] {
  if (step !== undefined) {
    if (range >= 2 * step) return []
    const never = range <= step
    return [{ from, what: `${name} over ${never ? 'one step' : 'less than two steps'} of a subquery`, ...(never ? {} : { severity: 'W' as const }), why: `with less than two samples there is no answer${never ? ', and the trigger has no data for ever' : ''}`, fix: `write [${formatDuration(millis(4 * step))}:${formatDuration(millis(step))}] or more, or a shorter step` }]
  }
  if (range >= 2 * scrapeInterval) return []
  const why = `with less than two samples there is no answer, and the source is scraped every ${formatDuration(scrapeInterval)}`
  return [{ from, what: `${name} over less than two scrapes`, severity: 'W', why, fix: `write [${formatDuration(millis(4 * scrapeInterval))}] or more, or say the source's scrapeInterval` }]
}
