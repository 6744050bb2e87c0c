/** For programs. Members are added, never renamed, while `apiVersion` stays. */
import { countOf, type Report } from '../finding.ts'

export const jsonReport = (report: Report): string => {
  const { version, findings, problems, files, subjects, skipped, unchecked, asked } = report
  const summary = { errors: countOf(report, 'error'), warnings: countOf(report, 'warning'), files, objects: subjects.length, skipped }
  return `${JSON.stringify({ apiVersion: 'lint.kubeskippy.io/v1', version, summary, findings, problems, asked, unchecked }, null, 2)}\n`
}
