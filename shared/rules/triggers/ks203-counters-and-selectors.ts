import { formatDuration } from '../../lib/duration.ts'
import { millis } from '../../lib/time.ts'
import type { Finding, Rule } from '../rule.ts'
import { findingsAt, soundQueries, sourceOf } from './queries.ts'

export const ks203: Rule = {
  id: 'KS203',
  severity: 'E',
  alsoWarns: true,
  title: 'A query takes counters by their rate or increase, over two scrapes at least, and selects series that can be there.',
  why: 'its value would tell of something else than how the objects are now',
  fix: 'take rate(x[5m]) of a counter',
  check: (policy, { installation }) =>
    soundQueries(policy).flatMap(({ query, sound: { counters, contradictions, unbounded, ranges } }): Finding[] => {
      const { scrapeInterval } = sourceOf(query, installation)
      return [
        ...findingsAt(query, counters.map(({ certain, ...problem }) => ({ ...problem, ...(certain ? {} : { severity: 'W' as const }) }))),
        ...findingsAt(query, contradictions.map((problem) => ({ ...problem, why: 'there are no such series, and the trigger has no data for ever' }))),
        ...findingsAt(query, unbounded.map((problem) => ({ ...problem, severity: 'W' as const, why: 'the source reads all that it has, each time it is asked' }))),
        ...findingsAt(
          query,
          ranges.filter((range) => range.millis < 2 * scrapeInterval).map(({ from, name }) => ({
            from,
            what: `${name} over less than two scrapes`,
            severity: 'W' as const,
            why: `with less than two samples there is no answer, and the source is scraped every ${formatDuration(scrapeInterval)}`,
            fix: `write [${formatDuration(millis(4 * scrapeInterval))}] or more, or say the source's scrapeInterval`,
          })),
        ),
      ]
    }),
}
