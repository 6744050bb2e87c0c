/** The part of KS204 that is about PromQL: what its answer is while nothing is wrong, as far as the series in it are well known. */
import type { Finding } from '../rule.ts'
import type { SoundQuery } from './queries.ts'
import { breaches } from './thresholds.ts'

/** @param always how bad it is that every healthy object fires */
export function healthyQueries({ query: { path, metric }, sound: { healthy, possible } }: SoundQuery, always: 'E' | 'W'): Finding[] {
  const fires = (answers: readonly number[]): boolean => answers.some((value) => breaches(metric, value))
  const comparison = `${metric.operator} ${metric.threshold}`
  if (possible !== undefined && !possible.some(fires)) {
    return [{ path, what: possible.flat().length === 0 ? 'it never has an answer' : `it answers ${told(possible)}, and that is never ${comparison}`, why: 'the trigger would never fire, and nothing would say so', fix: 'compare with what the series is when something is wrong' }]
  }
  if (healthy === undefined || !healthy.every(fires)) return []
  return [{ path, severity: always, what: `healthy objects answer ${told(healthy.map((answers) => answers.filter((value) => breaches(metric, value))))}, which is ${comparison}`, why: 'healthy objects would be acted on, up to the hourly limit', fix: 'write what the series is when something is wrong, such as up == 0' }]
}

/** The lowest of them, when there are many. */
function told(answers: readonly (readonly number[])[]): string {
  const values = [...new Set(answers.flat())].sort((a, b) => a - b)
  return values.length > 3 ? `${values.slice(0, 2).join(' or ')} or more` : values.join(' or ')
}
