/** Everything that can be said of a query by its text alone. Small: what is remembered of a text is neither its tree nor its patterns. */
import { allOf, type Expr, type Judged, type Matcher, type Problem } from './ast.ts'
import { problemsOf, reservationsOf, typeOf } from './check.ts'
import { counterProblems, type CounterProblem } from './counters.ts'
import { absenceOf, comparisonsOf, type Comparison } from './filters.ts'
import type { ValueType } from './functions.ts'
import { whatever, whenHealthy, whenIdle, whenOld, whenYoung } from './healthy.ts'
import { deadValues } from './label-values.ts'
import { labelsOf, type LabelSet } from './labels.ts'
import { mismatches, type Mismatch } from './mismatches.ts'
import { outcomeOf, type Outcome } from './outcomes.ts'
import { parameterProblems } from './parameters.ts'
import { parsePromql } from './parse.ts'
import { contradictions, unbounded } from './selectors.ts'
import { shareOf, type Share } from './shares.ts'
import { pairRanges, sparseSubqueries, timeProblems, type PairRange } from './times.ts'

export interface Reading {
  /** What a server refuses it for. When there is any, nothing else is said. */
  readonly problems: readonly Problem[]
  readonly sound: Sound | undefined
}

/** Of a query that a server would evaluate. */
export interface Sound {
  readonly from: number
  readonly type: ValueType
  readonly reservations: readonly Problem[]
  /** Which the result has passed: of each branch of `or` one. */
  readonly comparisons: readonly Comparison[]
  /** What the result is, whatever is measured. */
  readonly outcome: Outcome | undefined
  /** `absent` or its sister, when that is the result. */
  readonly absence: { readonly name: string; readonly from: number } | undefined
  /** Values of its answer in each of several clusters in which nothing is wrong, of an `or` perhaps those of its left side alone; undefined: nobody knows. */
  readonly healthy: readonly (readonly number[])[] | undefined
  /** The same when everything has been there for as long as can be. */
  readonly old: readonly (readonly number[])[] | undefined
  /** The same when everything has just been made. */
  readonly young: readonly (readonly number[])[] | undefined
  /** The same when there is nothing to do. */
  readonly idle: readonly (readonly number[])[] | undefined
  /** The result is a part of a whole. */
  readonly share: Share | undefined
  /** All that it can answer, of a query by flags that are 0 or 1. */
  readonly possible: readonly (readonly number[])[] | undefined
  readonly counters: readonly CounterProblem[]
  /** Numbers and times by which there is no answer, or none that changes. */
  readonly empty: readonly Judged[]
  /** Selectors that are a name without braces. */
  readonly bare: readonly { readonly name: string; readonly from: number }[]
  readonly contradictions: readonly Problem[]
  /** Labels whose values are nearly those that well-known series have. */
  readonly dead: readonly Judged[]
  /** What is asked of alerts, where it asks for these. */
  readonly alerts: readonly { readonly from: number; readonly matchers: readonly Matcher[] }[]
  readonly unbounded: readonly Problem[]
  readonly ranges: readonly PairRange[]
  readonly labels: LabelSet
  readonly mismatches: readonly Mismatch[]
}

/** More of one kind are not read. */
export const MOST_FINDINGS = 8
const MOST_BARE = 32

export function readQuery(text: string): Reading {
  const parsed = parsePromql(text)
  const problems = 'expr' in parsed ? problemsOf(parsed.expr) : [parsed.problem]
  if (problems.length > 0 || !('expr' in parsed)) return { problems: problems.slice(0, MOST_FINDINGS), sound: undefined }
  const { expr } = parsed
  const all = allOf(expr)
  const absence = absenceOf(expr)
  const answered = whenHealthy(expr) === undefined ? leftmost(expr) : expr
  const healthy = whenHealthy(answered)
  return {
    problems: [],
    sound: {
      from: expr.from,
      type: typeOf(expr),
      reservations: reservationsOf(all).slice(0, MOST_FINDINGS),
      comparisons: comparisonsOf(expr).slice(0, MOST_FINDINGS),
      outcome: outcomeOf(expr),
      absence: absence === undefined ? undefined : { name: absence.name, from: absence.from },
      healthy,
      old: healthy === undefined ? undefined : whenOld(answered),
      young: healthy === undefined ? undefined : whenYoung(answered),
      idle: healthy === undefined ? undefined : whenIdle(answered),
      share: shareOf(expr),
      possible: whatever(expr),
      counters: counterProblems(expr).slice(0, MOST_FINDINGS),
      empty: [...parameterProblems(all), ...timeProblems(expr), ...sparseSubqueries(all)].slice(0, MOST_FINDINGS).sort((a, b) => a.from - b.from),
      bare: all.flatMap((one) => (one.type === 'selector' && one.name !== undefined && one.to - one.from === one.name.length ? [{ name: one.name, from: one.from }] : [])).slice(0, MOST_BARE),
      contradictions: contradictions(all).slice(0, MOST_FINDINGS),
      dead: deadValues(all).slice(0, MOST_FINDINGS),
      alerts: all.flatMap((one) => (one.type === 'selector' && (one.name === 'ALERTS' || one.name === 'ALERTS_FOR_STATE') ? [{ from: one.from, matchers: one.matchers }] : [])).slice(0, MOST_FINDINGS),
      unbounded: unbounded(all).slice(0, MOST_FINDINGS),
      // The shortest ones: how short is too short is another's to say.
      ranges: pairRanges(all).toSorted((a, b) => a.millis - b.millis).slice(0, MOST_FINDINGS).sort((a, b) => a.from - b.from),
      labels: labelsOf(expr),
      mismatches: mismatches(all).slice(0, MOST_FINDINGS),
    },
  }
}

/** All of it is in the answer, whatever is on the right. */
const leftmost = (expr: Expr): Expr => (expr.type === 'paren' ? leftmost(expr.expr) : expr.type === 'binary' && expr.operator === 'or' ? leftmost(expr.left) : expr)
