/** The part of KS204 that is about PromQL: what its answer is while nothing is wrong, as far as the series in it are well known. */
import type { Share } from '../../promql/shares.ts'
import type { Finding } from '../rule.ts'
import { canMeet, within } from './domains.ts'
import type { Metric, SoundQuery } from './queries.ts'
import { ALWAYS, breaches } from './thresholds.ts'

const DEAD = 'the trigger would never fire, and nothing would say so'
const ACTED_ON = 'healthy objects would be acted on, up to the hourly limit'

/**
 * @param always how bad it is that every healthy object fires
 * @param forScaling it leads to scaling alone
 */
export function healthyQueries({ query: { path, metric }, sound }: SoundQuery, always: 'E' | 'W', forScaling: boolean): Finding[] {
  const { healthy, old, young, idle, possible, share, dead } = sound
  const fires = (answers: readonly number[]): boolean => answers.some((value) => breaches(metric, value))
  const allFire = (worlds: typeof healthy): boolean => worlds?.every(fires) === true
  const comparison = `${metric.operator} ${metric.threshold}`
  // What is never there since a label is misspelt is KS203's.
  if (possible !== undefined && !possible.some(fires) && !dead.some(({ certain }) => certain)) {
    return [{ path, what: possible.flat().length === 0 ? 'it never has an answer' : `it answers ${told(possible)}, and that is never ${comparison}`, why: DEAD, fix: 'compare with what the series is when something is wrong' }]
  }
  const ofShare = share === undefined ? [] : shares(share, metric, path)
  if (ofShare.length > 0) return ofShare
  if (healthy !== undefined && allFire(healthy)) {
    // Work is a reason for more replicas, and for fewer.
    const severity = forScaling && !allFire(idle) ? 'W' : always
    return [{ path, severity, what: `healthy objects answer ${told(healthy.map((answers) => answers.filter((value) => breaches(metric, value))))}, which is ${comparison}`, why: ACTED_ON, fix: 'write what the series is when something is wrong, such as up == 0' }]
  }
  if (allFire(young)) {
    return [{ path, severity: forScaling ? 'W' : always, what: `every object is ${comparison} when it has just been made`, why: 'what is made in the place of another one fires again, and so it goes on up to the hourly limit', fix: 'ask for what is wrong, such as a condition trigger of CrashLoopBackOff, or query: restart_count' }]
  }
  if (!allFire(old)) return []
  return [{ path, severity: 'W', what: `every object comes to ${comparison} by growing old`, why: 'age is no trouble: whatever runs is acted on as soon as it has run so long, all that began together at once', fix: 'ask for what is wrong as well: ... and on (namespace, pod) kube_pod_status_ready{condition="true"} == 0' }]
}

/** A part of a whole is nothing at the least, and all of it at the most. */
function shares({ whole }: Share, metric: Metric, path: string): Finding[] {
  const { operator, threshold } = metric
  const domain = { lowest: 0, highest: whole, whole: false }
  const range = `it is a part of a whole, from 0 to ${Number(whole.toPrecision(12))}`
  const at = path.replace(/query$/, 'threshold')
  const inPercent = whole === 1 && threshold > 1 && threshold <= 100 ? `write ${threshold / 100} for ${threshold}%, or 100 * (...) in the query` : undefined
  if (!canMeet([metric], domain)) return [{ path: at, what: `${range}, and ${operator} ${threshold} never holds`, why: DEAD, fix: inPercent ?? `write a threshold below ${whole}` }]
  if (within(ALWAYS, metric, domain)) return [{ path: at, what: `${range}, and ${operator} ${threshold} always holds`, why: ACTED_ON, fix: inPercent ?? `write a threshold between 0 and ${whole}` }]
  if (whole !== 100 || threshold <= 0 || threshold >= 1 || operator === '==' || operator === '!=') return []
  return [{ path: at, severity: 'W', what: `${range}, and ${operator} ${threshold} is less than one in a hundred`, why: 'what was meant as a share is read as a percentage', fix: `write ${Number((threshold * 100).toPrecision(12))} for ${Number((threshold * 100).toPrecision(12))}%` }]
}

/** The lowest of them, when there are many. */
function told(answers: readonly (readonly number[])[]): string {
  const values = [...new Set(answers.flat())].sort((a, b) => a - b)
  return values.length > 3 ? `${values.slice(0, 2).join(' or ')} or more` : values.join(' or ')
}
