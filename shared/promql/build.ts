/** The tree of the grammar as ours. It is free of errors, and not deep. */
import type { SyntaxNode } from '@lezer/common'
import { SET_OPERATORS, COMPARISONS, type Binary, type Expr, type Matcher, type MatchOperator, type Matching, type Selector, type Span } from './ast.ts'
import { readNumber, readSpan, unquote } from './literals.ts'

export function build(node: SyntaxNode, text: string): Expr {
  const { from, to } = node
  const kids = childrenOf(node)
  const [first, second] = kids
  switch (node.name) {
    case 'NumberDurationLiteral':
      return { type: 'number', from, to, value: signed(textOf(node, text)) }
    case 'StringLiteral':
      return { type: 'string', from, to, value: unquoted(node, text) }
    case 'VectorSelector':
      return selector(node, text)
    case 'ParenExpr':
      return { type: 'paren', from, to, expr: build(must(first), text) }
    case 'UnaryExpr':
      return { type: 'unary', from, to, negative: text[from] === '-', expr: build(must(second), text) }
    case 'FunctionCall':
      return { type: 'call', from, to, name: /^\w+/.exec(text.slice(from, to))?.[0] ?? '', args: argsOf(must(second), text) }
    case 'AggregateExpr':
      return {
        type: 'aggregate', from, to,
        operator: textOf(must(first), text).toLowerCase(),
        grouping: groupingOf(kids.find(({ name }) => name === 'AggregateModifier'), text),
        args: argsOf(must(kids.find(({ name }) => name === 'FunctionCallBody')), text),
      }
    case 'MatrixSelector':
      return after(build(must(first), text), to, (expr) => ({ type: 'range', from: expr.from, to, expr, bracket: text.lastIndexOf('[', must(second).from), range: spanOf(must(second), text) }))
    case 'SubqueryExpr':
      return after(build(must(first), text), to, (expr) => ({ type: 'subquery', from: expr.from, to, expr, range: spanOf(must(second), text), step: kids[2] === undefined ? undefined : spanOf(kids[2], text) }))
    case 'OffsetExpr':
    case 'StepInvariantExpr':
    case 'AnchoredExpr':
    case 'SmoothedExpr':
      return after(build(must(first), text), to, (expr) => ({ type: 'modified', from: expr.from, to, by: BY[node.name] ?? 'offset', bound: kids.some(({ name }) => name === 'AtModifierPreprocessors'), offset: node.name === 'OffsetExpr' ? spanOf(must(kids.at(-1)), text) : undefined, expr }))
    case 'BinaryExpr':
      return binary(kids, text)
    default:
      throw new Error(`the grammar of PromQL has a ${node.name} where an expression is expected`)
  }
}

const BY: Readonly<Record<string, 'offset' | '@' | 'anchored' | 'smoothed'>> = { OffsetExpr: 'offset', StepInvariantExpr: '@', AnchoredExpr: 'anchored', SmoothedExpr: 'smoothed' }

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const all: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) all.push(child)
  return all
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the grammar of PromQL has changed')
  return value
}

const textOf = ({ from, to }: SyntaxNode, text: string): string => text.slice(from, to)

function unquoted(node: SyntaxNode, text: string): string {
  const read = unquote(textOf(node, text))
  return 'value' in read ? read.value : ''
}

function signed(literal: string): number {
  const [, sign, number = ''] = /^([-+]?)\s*([^]*)$/.exec(literal) ?? []
  const value = readNumber(number.trim()) ?? Number.NaN
  return sign === '-' ? -value : value
}

const argsOf = (body: SyntaxNode, text: string): readonly Expr[] => childrenOf(body).map((arg) => build(arg, text))

/** Of `[5m]` and `offset -5m`; sums and functions are left to the server. */
function spanOf(node: SyntaxNode, text: string): Span {
  const [, sign, number = ''] = /^([-+]?)\s*(\S*)$/.exec(textOf(node, text)) ?? []
  const value = readSpan(number) ?? (readNumber(number) ?? Number.NaN) * 1000
  return { from: node.from, millis: Number.isNaN(value) ? undefined : sign === '-' ? -value : value }
}

/**
 * The grammar gives `[5m]`, `offset` and `@` the whole sum before them, where Prometheus gives them its last part.
 * @param to where the modifier ends
 */
function after(expr: Expr, to: number, make: (expr: Expr) => Expr): Expr {
  if (expr.type === 'binary') return { ...expr, to, right: after(expr.right, to, make) }
  if (expr.type === 'unary') return { ...expr, to, expr: after(expr.expr, to, make) }
  return make(expr)
}

const precedence = (operator: string): number =>
  operator === 'or' ? 1 : SET_OPERATORS.has(operator) ? 2 : COMPARISONS.has(operator) || operator === '</' || operator === '>/' ? 3 : operator === '+' || operator === '-' ? 4 : operator === '^' ? 6 : 5

const MULTIPLIED = 5

type Operation = Omit<Binary, 'left' | 'from' | 'to' | 'type'>

/** And what follows such a modifier may belong to that last part too. */
function joined(left: Expr, operation: Operation): Expr {
  const { to } = operation.right
  const inner = precedence(operation.operator)
  if (left.type === 'binary' && (precedence(left.operator) < inner || (operation.operator === '^' && left.operator === '^'))) return { ...left, to, right: joined(left.right, operation) }
  if (left.type === 'unary' && inner > MULTIPLIED) return { ...left, to, expr: joined(left.expr, operation) }
  return { type: 'binary', from: left.from, to, left, ...operation }
}

function binary(kids: readonly SyntaxNode[], text: string): Expr {
  const [left, sign] = kids
  return joined(build(must(left), text), {
    operator: textOf(must(sign), text).toLowerCase(),
    operatorFrom: must(sign).from,
    bool: kids.some(({ name }) => name === 'BoolModifier'),
    matching: matchingOf(kids.find(({ name }) => name === 'MatchingModifierClause'), text),
    fills: kids.some(({ name }) => name === 'FillModifier'),
    right: build(must(kids.at(-1)), text),
  })
}

function groupingOf(node: SyntaxNode | undefined, text: string): { by: boolean; labels: readonly string[] } | undefined {
  if (node === undefined) return undefined
  const [how, labels] = childrenOf(node)
  return { by: how?.name === 'By', labels: labelsOf(labels, text) }
}

const labelsOf = (node: SyntaxNode | undefined, text: string): readonly string[] =>
  node === undefined ? [] : childrenOf(node).map((label) => (label.name === 'LabelName' ? textOf(label, text) : unquoted(label, text)))

function matchingOf(node: SyntaxNode | undefined, text: string): Matching | undefined {
  if (node === undefined) return undefined
  const [how, labels, group, include] = childrenOf(node)
  return {
    on: how?.name === 'On',
    labels: labelsOf(labels, text),
    group: group === undefined ? undefined : group.name === 'GroupLeft' ? 'left' : 'right',
    include: labelsOf(include, text),
  }
}

function selector(node: SyntaxNode, text: string): Selector {
  const { from, to } = node
  const named = node.getChild('Identifier')
  const entries = childrenOf(node).flatMap((child) => (child.name === 'LabelMatchers' ? childrenOf(child) : []))
  const inQuotes = entries.find(({ name }) => name === 'QuotedLabelName')
  return {
    type: 'selector', from, to,
    name: named !== null ? textOf(named, text) : inQuotes === undefined ? undefined : unquoted(inQuotes, text),
    matchers: entries.filter(({ name }) => name !== 'QuotedLabelName').map((entry) => matcher(entry, text)),
  }
}

function matcher(node: SyntaxNode, text: string): Matcher {
  const [label, operator, value] = childrenOf(node)
  const name = must(label)
  return {
    from: node.from, to: node.to,
    label: name.name === 'LabelName' ? textOf(name, text) : unquoted(name, text),
    operator: textOf(must(operator), text) as MatchOperator,
    value: unquoted(must(value), text),
  }
}
