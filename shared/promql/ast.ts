/** PromQL as a tree. Positions are of the text that was parsed, `to` exclusive. */

interface Node {
  readonly from: number
  readonly to: number
}

export type MatchOperator = '=' | '!=' | '=~' | '!~'

export interface Matcher extends Node {
  readonly label: string
  readonly operator: MatchOperator
  /** Without its quotes and escapes. */
  readonly value: string
}

export interface Selector extends Node {
  readonly type: 'selector'
  /** Written before the braces, or in quotes within them. */
  readonly name: string | undefined
  readonly matchers: readonly Matcher[]
}

export interface Span {
  /** Milliseconds, negative for an offset into the future; undefined for an expression that only the server can evaluate. */
  readonly millis: number | undefined
  readonly from: number
}

/** `x[5m]` */
export interface Range extends Node {
  readonly type: 'range'
  readonly expr: Expr
  /** Where its bracket is. */
  readonly bracket: number
  readonly range: Span
}

/** `x[1h:5m]` */
export interface Subquery extends Node {
  readonly type: 'subquery'
  readonly expr: Expr
  readonly range: Span
  readonly step: Span | undefined
}

/** `x offset 5m`, `x @ 1600000000`, `x[5m] smoothed` */
export interface Modified extends Node {
  readonly type: 'modified'
  readonly by: 'offset' | '@' | 'anchored' | 'smoothed'
  /** `@ start()` and `@ end()`: a range may follow these alone. */
  readonly bound: boolean
  /** Of `offset`: how far back. */
  readonly offset: Span | undefined
  readonly expr: Expr
}

export interface Aggregate extends Node {
  readonly type: 'aggregate'
  /** In small letters: `sum`. */
  readonly operator: string
  readonly grouping: { readonly by: boolean; readonly labels: readonly string[] } | undefined
  readonly args: readonly Expr[]
}

export interface Call extends Node {
  readonly type: 'call'
  readonly name: string
  readonly args: readonly Expr[]
}

export interface Matching {
  readonly on: boolean
  readonly labels: readonly string[]
  readonly group: 'left' | 'right' | undefined
  /** Taken over from the side of which there is one. */
  readonly include: readonly string[]
}

export interface Binary extends Node {
  readonly type: 'binary'
  /** In small letters: `+`, `==`, `and`. */
  readonly operator: string
  readonly operatorFrom: number
  readonly bool: boolean
  readonly matching: Matching | undefined
  /** Has the experimental `fill`. */
  readonly fills: boolean
  readonly left: Expr
  readonly right: Expr
}

export interface Unary extends Node {
  readonly type: 'unary'
  readonly negative: boolean
  readonly expr: Expr
}

export interface Paren extends Node {
  readonly type: 'paren'
  readonly expr: Expr
}

export interface NumberLiteral extends Node {
  readonly type: 'number'
  readonly value: number
}

export interface StringLiteral extends Node {
  readonly type: 'string'
  readonly value: string
}

export type Expr = Selector | Range | Subquery | Modified | Aggregate | Call | Binary | Unary | Paren | NumberLiteral | StringLiteral

/** Something that is wrong at a place of the text. Values of users in it are printable. */
export interface Problem {
  readonly from: number
  readonly what: string
  /** What to write instead, where that can be told. */
  readonly fix?: string
}

/** A problem of a query that a server would answer. */
export interface Judged extends Problem {
  /** Whether that is certain enough to refuse it. */
  readonly certain: boolean
  readonly why: string
}

export const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<='])
export const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless'])

/** Those directly below, in the order of the text. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.type) {
    case 'range':
    case 'subquery':
    case 'modified':
    case 'unary':
    case 'paren':
      return [expr.expr]
    case 'aggregate':
    case 'call':
      return expr.args
    case 'binary':
      return [expr.left, expr.right]
    case 'selector':
    case 'number':
    case 'string':
      return []
    default:
      return expr satisfies never
  }
}

/** It and all below. */
export const allOf = (expr: Expr): readonly Expr[] => {
  const all: Expr[] = [expr]
  // The list grows while it is walked.
  for (const one of all) all.push(...childrenOf(one))
  return all
}

export const unwrapped = (expr: Expr): Expr => (expr.type === 'paren' ? unwrapped(expr.expr) : expr)
