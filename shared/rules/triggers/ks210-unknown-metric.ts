import { nearest, quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'
import { BUILT_IN_METRICS, CUSTOM_METRICS, EXTERNAL_METRICS, isBareWord, isBuiltIn } from './built-in-metrics.ts'

/** Letters that may be wrong before a word is a series of its own rather than a slip. */
const SLIP = 3

export const ks210: Rule = {
  id: 'KS210',
  severity: 'E',
  alsoWarns: true,
  title: 'A metric trigger that names a metric alone names one that is built in, or a series that cannot be mistaken for one.',
  why: 'it would be asked of a Prometheus, which has no such series, and the trigger would have no data for ever',
  fix: `use one of ${BUILT_IN_METRICS.join(', ')}; a series of that name is written with braces (name{})`,
  check: ({ spec }) =>
    spec.triggers.flatMap(({ metricTrigger }, index): Finding[] => {
      if (metricTrigger === undefined) return []
      const { query, source } = metricTrigger
      const word = query.trim()
      if (source === CUSTOM_METRICS || source === EXTERNAL_METRICS || !isBareWord(word) || isBuiltIn(word)) return []
      const near = nearestMetric(word)
      // Few exporters count in percent: by Prometheus' conventions units are ratios.
      const isPercent = PERCENT.test(word)
      const isMeant = near !== undefined && (isSlip(word.toLowerCase(), near) || isPart(word, near) || (isPercent && isOfItsWords(word, near)))
      if (!isMeant && !isPercent) return []
      const fix = near === undefined ? `a series of that name is written ${quoted(`${word}{}`)}` : `did you mean ${near}? A series of that name is written ${quoted(`${word}{}`)}`
      const what = `there is no built-in metric ${quoted(word)}`
      return [{ path: `spec.triggers[${index}].metricTrigger.query`, fix, ...(isMeant ? { what } : { what: `${what}, and it is called like one`, severity: 'W' as const, why: 'if no source has a series of that name, the trigger has no data for ever' }) }]
    }),
}

const PERCENT = /_(percent|perc|pct)$/

/** Words of a name as people shorten them. */
const wordsOf = (name: string): readonly string[] =>
  name
    .toLowerCase()
    .split('_')
    .map((word) => ({ pct: 'percent', perc: 'percent', mem: 'memory', throttling: 'throttled', errors: 'error', restarts: 'restart', counts: 'count', available: 'availability' })[word] ?? word)

/** That with the most words of it; among equals, and where there is none, the nearest by its letters. */
function nearestMetric(word: string): string | undefined {
  const said = wordsOf(word)
  // Of a unit that many have nothing can be told.
  const shared = (name: string): number => wordsOf(name).filter((each) => each !== 'percent' && said.includes(each)).length
  const most = Math.max(...BUILT_IN_METRICS.map(shared))
  const best = most === 0 ? BUILT_IN_METRICS : BUILT_IN_METRICS.filter((name) => shared(name) === most)
  return nearest(word, best)[0] ?? (most === 0 ? undefined : best[0])
}

/** Its first words, two or more, and nothing else: `memory_usage`. */
const isPart = (word: string, name: string): boolean => wordsOf(word).length > 1 && wordsOf(word).every((each, index) => wordsOf(name)[index] === each)

/** Two or more, and none of another: `cpu_pct`. */
const isOfItsWords = (word: string, name: string): boolean => wordsOf(word).length > 1 && wordsOf(word).every((each) => wordsOf(name).includes(each))

/** Equal but for a few letters at one place. */
function isSlip(word: string, name: string): boolean {
  let start = 0
  while (start < Math.min(word.length, name.length) && word[start] === name[start]) start++
  let end = 0
  while (end < Math.min(word.length, name.length) - start && word.at(-1 - end) === name.at(-1 - end)) end++
  return Math.max(word.length, name.length) - start - end <= SLIP
}
