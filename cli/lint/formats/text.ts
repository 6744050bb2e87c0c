/** For people: each finding with its place, and the line that it is about. */
import { plural, printable } from '../../../shared/lib/text.ts'
import type { Paint } from '../../paint.ts'
import { called, countOf, sentence, type Finding, type Problem, type Report } from '../finding.ts'

/** A longer line is cut around the place. */
const WIDEST = 120
/** So much of a long line is shown before the place. */
const LEAD = 40

export function textReport(report: Report, paint: Paint): string {
  const lines = new Map<string, readonly string[]>()
  const linesOf = (file: string): readonly string[] => {
    const known = lines.get(file) ?? (report.texts.get(file) ?? '').replace(/^\ufeff/, '').split('\n')
    lines.set(file, known)
    return known
  }
  return [
    ...report.problems.map((problem) => problemText(problem, paint)),
    ...report.findings.map((finding) => findingText(finding, linesOf(finding.file), paint)),
    summary(report, paint),
    ...notChecked(report).map((line) => paint(`${line}\n`, 'dim')),
  ].join('')
}

const whereOf = ({ file, line, column }: Problem): string => [printable(file, 500), line, column].filter((part) => part !== undefined).join(':')

const problemText = (problem: Problem, paint: Paint): string => `${paint(whereOf(problem), 'bold')}: ${paint('unreadable', 'red')}: ${problem.what}\n`

function findingText(finding: Finding, lines: readonly string[], paint: Paint): string {
  const { rule, level, path, source, subject } = finding
  const colour = level === 'error' ? 'red' : 'yellow'
  const from = source === undefined ? '' : paint(` (${source})`, 'dim')
  const at = path === '' ? '' : `${printable(path, 300)}: `
  return [
    `${paint(whereOf(finding), 'bold')}${from}: ${paint(`${level} ${rule}`, colour)} ${called(subject)}: ${at}${sentence(finding)}\n`,
    ...excerpt(finding, lines, (text) => paint(text, colour), paint),
  ].join('')
}

/** The line and, below it, carets. */
function excerpt({ line, column, endLine, endColumn }: Finding, lines: readonly string[], highlight: (text: string) => string, paint: Paint): readonly string[] {
  const raw = lines[line - 1]?.replace(/\r$/, '')
  if (raw === undefined || raw.trim() === '') return []
  const begin = raw.length <= WIDEST ? 0 : Math.max(0, column - 1 - LEAD)
  // One column for each character, or the carets stand elsewhere.
  const visible = (text: string): string => Array.from(text, (character) => (character === '\t' ? ' ' : printable(character, 1) === '' ? '·' : character)).join('')
  const shown = raw.slice(begin, begin + WIDEST)
  const to = endLine > line ? raw.trimEnd().length + 1 : endColumn
  const width = Math.max(1, Math.min(to, begin + WIDEST + 1) - column)
  const number = String(line)
  const lead = `${begin === 0 ? '' : '…'}${visible(raw.slice(begin, column - 1))}`
  const text = `${begin === 0 ? '' : '…'}${visible(shown)}${begin + WIDEST < raw.length ? '…' : ''}`
  const gutter = ' '.repeat(number.length)
  return [`  ${paint(`${number} |`, 'dim')} ${text}\n`, `  ${paint(`${gutter} |`, 'dim')} ${' '.repeat(columnsOf(lead))}${highlight('^'.repeat(columnsOf(visible(raw.slice(column - 1, column - 1 + width))) || 1))}\n`]
}

/** Of a terminal: wide characters take two, and marks that combine with the one before none. */
const columnsOf = (text: string): number => Array.from(text).reduce((sum, character) => sum + (COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1), 0)
const COMBINING = /\p{Mn}|\p{Me}|\ufe0f/u
const WIDE = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u

function summary(report: Report, paint: Paint): string {
  const { subjects, files, skipped, problems } = report
  const [errors, warnings] = [countOf(report, 'error'), countOf(report, 'warning')]
  const open = report.findings.filter(({ refusedWithout }) => refusedWithout !== undefined).length
  const found = errors + warnings === 0 ? paint('no violations', 'green') : [plural(errors, 'error'), `${plural(warnings, 'warning')}${open === 0 ? '' : paint(` (${open} refused without a permission)`, 'yellow')}`].join(', ')
  return `${found} in ${plural(subjects.length, 'object')} of ${plural(files, 'file')}${skipped === 0 ? '' : `; ${plural(skipped, 'object')} of other kinds`}${problems.length === 0 ? '' : paint(`; ${problems.length} could not be read`, 'red')}\n`
}

const NEEDS = { cluster: 'need the cluster', requester: 'need to know who sends it' } as const

/** What was not applied, in one line for each reason. */
export function notChecked({ unchecked, asked }: Pick<Report, 'unchecked' | 'asked'>): readonly string[] {
  return (['cluster', 'requester'] as const).flatMap((needs) => {
    const rules = unchecked.filter((each) => each.needs === needs).map(({ rule, partly }) => (partly === true ? `${rule} in part` : rule))
    return rules.length === 0 ? [] : [`not checked without ${asked === 'nobody' ? '--server' : 'the webhook'} (they ${NEEDS[needs]}): ${rules.join(', ')}`]
  })
}
