/** What of a query is a number before it is asked. */
import type { Expr } from './ast.ts'

/** undefined: it takes a server, or is not worth it here. */
export function constantOf(expr: Expr): number | undefined {
  switch (expr.type) {
    case 'number':
      return expr.value
    case 'paren':
      return constantOf(expr.expr)
    case 'unary': {
      const value = constantOf(expr.expr)
      return value === undefined || !expr.negative ? value : -value
    }
    case 'call':
      return (expr.name === 'vector' || expr.name === 'scalar') && expr.args[0] !== undefined ? constantOf(expr.args[0]) : undefined
    case 'binary': {
      const [left, right] = [constantOf(expr.left), constantOf(expr.right)]
      return left === undefined || right === undefined ? undefined : ARITHMETIC[expr.operator]?.(left, right)
    }
    case 'selector':
    case 'range':
    case 'subquery':
    case 'modified':
    case 'aggregate':
    case 'string':
      return undefined
    default:
      return expr satisfies never
  }
}

export const ARITHMETIC: Readonly<Record<string, ((a: number, b: number) => number) | undefined>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
}
