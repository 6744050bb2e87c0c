/** Workflow commands of GitHub: an annotation at each place. */
import { plural } from '../../../shared/lib/text.ts'
import { called, countOf, sentence, type Finding, type Problem, type Report } from '../finding.ts'
import { notChecked } from './text.ts'

export const githubReport = (report: Report): string =>
  [
    ...report.problems.map(problemCommand),
    ...report.findings.map(findingCommand),
    `kubeskippy lint: ${plural(countOf(report, 'error'), 'error')}, ${plural(countOf(report, 'warning'), 'warning')} in ${plural(report.subjects.length, 'object')}`,
    ...notChecked(report),
    '',
  ].join('\n')

const problemCommand = ({ file, line, column, what }: Problem): string => command('error', { file, line, col: column, title: 'unreadable' }, what)

const findingCommand = (finding: Finding): string => {
  const { level, file, line, column, endLine, endColumn, rule, subject, path } = finding
  // Of several lines there is no column.
  const columns = endLine === line ? { col: column, endColumn } : {}
  return command(level, { file, line, endLine, ...columns, title: rule }, `${called(subject)}${path === '' ? '' : `: ${path}`}: ${sentence(finding)}`)
}

const command = (level: string, properties: Readonly<Record<string, string | number | undefined>>, message: string): string =>
  `::${level} ${Object.entries(properties)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${property(String(value))}`]))
    .join(',')}::${data(message)}`

/** As GitHub's own toolkit does it: what is left as it is ends the command. */
const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
