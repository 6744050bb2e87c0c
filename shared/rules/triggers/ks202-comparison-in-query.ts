import { holds, relate, type Comparison, type Relation } from '../../promql/filters.ts'
import type { Problem } from '../../promql/ast.ts'
import type { Outcome } from '../../promql/outcomes.ts'
import type { Sound } from '../../promql/reading.ts'
import type { Finding, Rule } from '../rule.ts'
import { canMeet } from './domains.ts'
import { findingsAt, soundQueries, type Metric, type SoundQuery } from './queries.ts'

export const ks202: Rule = {
  id: 'KS202',
  severity: 'E',
  alsoWarns: true,
  title: 'What is compared with what is said by operator and threshold, not within the query as well, and can hold.',
  why: 'two comparisons of one value: the trigger fires at another value than the one that its threshold shows, or never',
  fix: 'leave the comparison out of the query, and say it by operator and threshold',
  check: (policy) => soundQueries(policy).flatMap(compared),
}

const SILENT = 'a query that filters has no answer when all is well, and no answer is NoData: nobody can tell that an act has helped'

function compared({ query, sound }: SoundQuery): Finding[] {
  const { metric } = query
  const known = sound.outcome === undefined ? [] : ofOutcome(sound.outcome, metric)
  if (known.length > 0) return findingsAt(query, known)
  return findingsAt(query, sound.comparisons.length > 0 ? ofBranches(sound.comparisons, metric) : ofAbsence(sound))
}

/** Of what is not there no series has a label, so a number in its place leads to no object. */
const INSTEAD = 'ask about the objects that should be there: query: availability_percent (or ready_percent) with operator < and threshold 100'

type Found = Problem & Partial<Finding>

function ofAbsence({ absence }: Sound): Found[] {
  if (absence === undefined) return []
  return [{ from: absence.from, what: `${absence.name} has no answer when the series is there`, severity: 'W', why: SILENT, fix: INSTEAD }]
}

/** What is never within the threshold never fires; what never changes fires always or never. */
function ofOutcome(outcome: Outcome, metric: Metric): Found[] {
  const { from, name, lowest, always, counts } = outcome
  const isOne = lowest === outcome.highest
  const outside = `${metric.operator} ${metric.threshold}`
  if (!canMeet([metric], { ...outcome, whole: false })) {
    const fix = isOne && always ? 'write a query of series' : counts ? `of nothing there is no answer rather than 0; ${INSTEAD}` : 'write a threshold that it can come to, or turn the operator round'
    return [{ from, what: `${name} is ${inWords(outcome)} where there is an answer, and ${outside} never holds`, why: 'the trigger never fires', fix }]
  }
  return isOne && always ? [{ from, what: `${name === 'a number' ? 'the query' : name} is the number ${lowest}, and ${outside} always holds`, why: 'the trigger fires whatever happens', fix: 'write a query of series' }] : []
}

const short = (value: number): number => Number(value.toPrecision(12))
function inWords({ lowest, highest }: Outcome): string {
  if (lowest === highest) return String(short(lowest))
  if (!Number.isFinite(highest)) return `at least ${short(lowest)}`
  return Number.isFinite(lowest) ? `from ${short(lowest)} to ${short(highest)}` : `at most ${short(highest)}`
}

/** One finding: that of the branch by which it is refused, if there is one. */
function ofBranches(all: readonly Comparison[], metric: Metric): Found[] {
  const each = all.map((one) => (one.bool ? ofBool(one, metric) : ofFilter(one, metric)))
  // A branch that never fires is no matter where another one does.
  const [first] = each.length > 1 ? each.flat().filter(({ never }) => never !== true || each.every(([found]) => found?.never === true)).sort((a, b) => Number(a.severity === 'W') - Number(b.severity === 'W')) : each.flat()
  if (first === undefined) return []
  const { never: _never, ...found } = first
  return [found]
}

type OfOne = Found & { readonly never?: true }

function ofFilter({ from, operator, value, of, written }: Comparison, metric: Metric): OfOne[] {
  const outside = `${metric.operator} ${metric.threshold}`
  const silent = { from, severity: 'W' as const, why: SILENT }
  if (value === undefined) return of === 'least' ? [] : [{ ...silent, what: `${operator} between series leaves no answer when it does not hold`, fix: `ask for the difference, a - b, with operator ${operator} and threshold 0` }]
  const inside = `${operator} ${Number(value.toPrecision(12))}`
  const leaves = `${written ?? inside} in the query leaves no answer when it does not hold`
  if (of === 'other') return [{ ...silent, what: leaves }]
  const shown = written === undefined || written === inside ? `${inside} in the query` : `${written} in the query, which makes it ${inside},`
  const relation: Relation = relate({ operator, value }, { operator: metric.operator, value: metric.threshold })
  if (relation === 'never') return [{ from, never: true, what: `${shown} and ${outside} outside never hold together`, why: 'the trigger never fires' }]
  // What is added up may be asked for what is beyond the bound alone.
  if (of === 'least') return []
  switch (relation) {
    case 'stricter':
      return [{ from, what: `${shown} and ${outside} outside: two thresholds for one value`, why: 'it fires at the one in the query, and the status shows the other' }]
    case 'looser':
      return [{ ...silent, what: `${shown} adds nothing to ${outside} outside`, fix: 'leave it out of the query' }]
    case 'same':
      return [{ ...silent, what: `${inside} is said in the query and outside`, fix: 'leave it out of the query' }]
    case 'other':
      return [{ ...silent, what: leaves, fix: `leave it out, or write ${written === undefined ? inside.replace(operator, `${operator} bool`) : `${written} with bool`} there, with operator == and threshold 1` }]
    default:
      return relation satisfies never
  }
}

/** The result is 0 or 1, whatever is measured. */
function ofBool({ from, operator }: Comparison, metric: Metric): OfOne[] {
  const firing = [0, 1].filter((value) => holds(metric.operator, value, metric.threshold))
  if (firing.length === 1) return []
  const outside = `${metric.operator} ${metric.threshold}`
  const why = firing.length === 0 ? 'the trigger never fires' : 'the trigger fires on every healthy object'
  return [{ from, ...(firing.length === 0 ? { never: true as const } : {}), what: `${operator} bool is 0 or 1, and ${outside} holds of ${firing.length === 0 ? 'neither' : 'both'}`, why, fix: 'write operator == and threshold 1, or leave the comparison out of the query' }]
}
