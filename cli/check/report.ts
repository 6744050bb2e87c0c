/** What was found, for people. Pure. */
import { plural, printable } from '../../shared/lib/text.ts'
import type { Paint } from '../paint.ts'
import type { Finding, Result } from './finding.ts'

const RESULTS: readonly Result[] = ['ok', 'warn', 'fail']
const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const
const LONGEST = 400

export const count = (findings: readonly Finding[]): Readonly<Record<Result, number>> =>
  Object.fromEntries(RESULTS.map((result) => [result, findings.filter((finding) => finding.result === result).length])) as Record<Result, number>

export function asText(findings: readonly Finding[], paint: Paint): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(({ check, result, what, fix }) => [
    `${paint(result.padEnd(4), COLOURS[result])}  ${check.padEnd(width)}  ${printable(what, LONGEST)}`,
    ...(fix === undefined ? [] : [`${' '.repeat(8 + width)}fix: ${printable(fix, LONGEST)}`]),
  ])
  const { ok, warn, fail } = count(findings)
  return `${lines.join('\n')}\n${ok} ok, ${plural(warn, 'warning')}, ${plural(fail, 'failure')}\n`
}
