/** JUnit: each object is a test, and fails when it has something at or above `--fail-on`; warnings below it are its output. */
import { called, counts, sentence, type Finding, type Problem, type Report } from '../finding.ts'

export function junitReport(report: Report): string {
  const { subjects, findings, problems } = report
  const files = [...new Set([...subjects, ...problems].map(({ file }) => file))]
  const suites = files.map((file) => {
    const tests = subjects.filter((each) => each.file === file).map(({ index }) => testOf(report, index, findings.filter((each) => each.object === index)))
    const broken = problems.filter((each) => each.file === file)
    const failures = tests.filter(({ failed }) => failed).length
    return { tests: tests.length + broken.length, failures, errors: broken.length, text: [`  <testsuite name="${escaped(file)}" tests="${tests.length + broken.length}" failures="${failures}" errors="${broken.length}">`, ...tests.map(({ text }) => text), ...broken.map(errorOf), '  </testsuite>'].join('\n') }
  })
  const sum = (of: 'tests' | 'failures' | 'errors'): number => suites.reduce((total, suite) => total + suite[of], 0)
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="kubeskippy lint" tests="${sum('tests')}" failures="${sum('failures')}" errors="${sum('errors')}">`, ...suites.map(({ text }) => text), '</testsuites>', ''].join('\n')
}

function testOf(report: Report, index: number, findings: readonly Finding[]): { readonly failed: boolean; readonly text: string } {
  const { file, subject } = report.subjects[index] ?? { file: '', subject: { kind: '', name: '' } }
  const grave = findings.filter((each) => counts(each, report.failOn))
  const light = findings.filter((each) => !counts(each, report.failOn))
  const [first] = grave
  const open = `    <testcase name="${escaped(called(subject))}" classname="${escaped(file)}"`
  if (findings.length === 0) return { failed: false, text: `${open}/>` }
  const parts = [
    ...(first === undefined ? [] : [`      <failure type="${escaped(first.rule)}" message="${escaped(grave.length === 1 ? lineOf(first) : `${grave.length} violations`)}">${escaped(grave.map(lineOf).join('\n'))}</failure>`]),
    ...(light.length === 0 ? [] : [`      <system-out>${escaped(light.map(lineOf).join('\n'))}</system-out>`]),
  ]
  return { failed: first !== undefined, text: [`${open}>`, ...parts, '    </testcase>'].join('\n') }
}

const lineOf = (finding: Finding): string => `${finding.file}:${finding.line}:${finding.column}: ${finding.level} ${finding.rule} ${finding.path === '' ? '' : `${finding.path}: `}${sentence(finding)}`

const errorOf = ({ file, line, column, what }: Problem): string => {
  const where = [file, line, column].filter((part) => part !== undefined).join(':')
  return `    <testcase name="can be read" classname="${escaped(file)}">\n      <error type="unreadable" message="${escaped(what)}">${escaped(`${where}: ${what}`)}</error>\n    </testcase>`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** XML has no way to write most control characters. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    // oxlint-disable-next-line no-control-regex -- these characters are the subject
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
