/** Sides of a calculation between series that cannot find each other. */
import { quoted } from '../lib/text.ts'
import { SET_OPERATORS, type Binary, type Expr, type Problem, type Selector } from './ast.ts'
import { typeOf } from './check.ts'
import { DIFFERENCES, RATES } from './counters.ts'
import { labelsOf, less, mayHave, NO_SERIES, type LabelSet } from './labels.ts'
import { contradictionBetween } from './selectors.ts'

export interface Mismatch extends Problem {
  readonly why: string
}

/** Sides that are matched by their labels, and do not have the same ones. */
export function mismatches(all: readonly Expr[]): readonly Mismatch[] {
  return all.flatMap((expr): Mismatch[] => {
    if (expr.type !== 'binary' || expr.operator === 'or' || expr.fills || typeOf(expr.left) !== 'instant vector' || typeOf(expr.right) !== 'instant vector') return []
    const sides = [expr.left, expr.right].map(labelsOf)
    const [left = NO_SERIES, right = NO_SERIES] = sides
    const { on = false, labels = [] } = expr.matching ?? {}
    const matched = (label: string): boolean => labels.includes(label) === on
    const parts = fixedParts(matched, left, right) ?? contradictingParts(matched, expr) ?? (on ? onParts(labels, left, right) : allParts(labels, left, right))
    if (parts === undefined) return []
    const fix = SET_OPERATORS.has(expr.operator) ? `say by what they match: ${expr.operator} on (...)` : 'keep the same labels on both sides, or say by what they match: on (...) group_left'
    const why = expr.operator === 'unless' ? 'nothing on the right is like anything on the left, so that it takes nothing away' : 'no series of one side finds its like on the other, and the trigger has no data for ever'
    return [{ from: expr.operatorFrom, why, what: `the sides of ${expr.operator} have different labels, ${parts}`, fix }]
  })
}

const listed = (set: LabelSet): string => (set.open ? 'those of the series' : set.names.size === 0 ? 'none' : [...set.names].sort().join(' '))

/** A label by which they are matched, and which has another value on each side. */
function fixedParts(matched: (label: string) => boolean, left: LabelSet, right: LabelSet): string | undefined {
  const found = [...left.fixed].find(([label, value]) => label !== '__name__' && matched(label) && (right.fixed.get(label) ?? value) !== value)
  return found === undefined ? undefined : `${found[0]}=${quoted(found[1], 40)} and ${found[0]}=${quoted(right.fixed.get(found[0]) ?? '', 40)}`
}

/** The same of patterns, where each side is a series as it was measured. */
function contradictingParts(matched: (label: string) => boolean, { left, right }: Binary): string | undefined {
  const [a, b] = [measured(left), measured(right)]
  const found = a === undefined || b === undefined ? undefined : contradictionBetween(a, b, matched)
  return found?.matchers.slice(0, 3).map(({ label, operator, value }) => `${label}${operator}${quoted(value, 40)}`).join(' and ')
}

/** Without what keeps its labels. */
function measured(expr: Expr): Selector | undefined {
  switch (expr.type) {
    case 'selector':
      return expr
    case 'paren':
    case 'range':
    case 'modified':
    case 'unary':
      return measured(expr.expr)
    case 'call':
      return (RATES.has(expr.name) || DIFFERENCES.has(expr.name)) && expr.args[0] !== undefined ? measured(expr.args[0]) : undefined
    case 'binary':
      return typeOf(expr.right) === 'scalar' ? measured(expr.left) : typeOf(expr.left) === 'scalar' ? measured(expr.right) : undefined
    case 'subquery':
    case 'aggregate':
    case 'number':
    case 'string':
      return undefined
    default:
      return expr satisfies never
  }
}

function allParts(ignored: readonly string[], left: LabelSet, right: LabelSet): string | undefined {
  const [a, b] = [less(left, ignored), less(right, ignored)]
  const bare = (set: LabelSet, other: LabelSet): boolean => set.open && set.names.size === 0 && !other.open && other.names.size === 0
  const differ = !a.open && !b.open ? [...a.names].some((name) => !b.names.has(name)) || [...b.names].some((name) => !a.names.has(name)) : bare(a, b) || bare(b, a)
  return differ ? `${listed(a)} and ${listed(b)}` : undefined
}

function onParts(labels: readonly string[], left: LabelSet, right: LabelSet): string | undefined {
  const lost = labels.find((label) => mayHave(left, label) !== mayHave(right, label))
  return lost === undefined ? undefined : `of which only one has ${lost}`
}
