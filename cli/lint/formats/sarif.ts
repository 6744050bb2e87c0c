/** SARIF 2.1.0, for code scanning. What a rule is about comes with it, so that no address has to be reached. */
import { MECHANISMS } from '../../../shared/rules/mechanisms.ts'
import { RULE_TEXTS, type RuleText } from '../layers.ts'
import { notChecked } from './text.ts'
import { called, sentence, type Finding, type Level, type Problem, type Report } from '../finding.ts'

export function sarifReport(report: Report): string {
  const { version, findings, problems } = report
  const ordinalOf = ordinals()
  const rules = RULE_TEXTS.filter(({ id }) => findings.some(({ rule }) => rule === id))
  const run = {
    tool: { driver: { name: 'kubeskippy lint', semanticVersion: version, rules: rules.map(descriptor) } },
    columnKind: 'utf16CodeUnits',
    invocations: [{ executionSuccessful: problems.length === 0, toolExecutionNotifications: [...problems.map(notification), ...notChecked(report).map((text) => ({ level: 'note', message: { text } }))] }],
    results: findings.map((finding) => result(finding, rules.findIndex(({ id }) => id === finding.rule), ordinalOf)),
  }
  return `${JSON.stringify({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }, null, 2)}\n`
}

const descriptor = ({ id, title, why, fix, severity, needs }: RuleText): unknown => ({
  id,
  shortDescription: { text: title },
  fullDescription: { text: `${title} Otherwise: ${why}.` },
  help: {
    text: `${title}\nWhy: ${why}.\nWhat happens: ${MECHANISMS[id] ?? ''}\nInstead: ${fix}.`,
    markdown: `${escaped(title)}\n\n- **Why:** ${escaped(why)}.\n- **What happens:** ${escaped(MECHANISMS[id] ?? '')}\n- **Instead:** ${escaped(fix)}.`,
  },
  defaultConfiguration: { level: (severity === 'W' ? 'warning' : 'error') satisfies Level },
  ...(needs === undefined ? {} : { properties: { needs } }),
})

const escaped = (text: string): string => text.replaceAll(/[\\`*_<>[\]]/g, String.raw`\$&`)

/** Of findings that are told apart by nothing else, in their order. */
function ordinals(): (key: string) => string {
  const seen = new Map<string, number>()
  return (key) => {
    const count = (seen.get(key) ?? 0) + 1
    seen.set(key, count)
    return count === 1 ? key : `${key} #${count}`
  }
}

/** @param index of its rule among those that the run tells about; -1: the server has rules that are not known here */
function result(finding: Finding, index: number, ordinalOf: (key: string) => string): unknown {
  const { rule, level, path, file, line, column, endLine, endColumn, subject, source, correction } = finding
  const region = { startLine: line, startColumn: column, endLine, endColumn }
  const artifactLocation = { uri: uriOf(file) }
  return {
    ruleId: rule,
    ...(index < 0 ? {} : { ruleIndex: index }),
    level,
    message: { text: `${called(subject)}${path === '' ? '' : `: ${path}`}: ${sentence(finding)}` },
    locations: [
      {
        physicalLocation: { artifactLocation, region },
        logicalLocations: [{ fullyQualifiedName: `${called(subject)}${path === '' ? '' : ` ${path}`}`, kind: 'object' }],
      },
    ],
    // Lines move, objects and fields do not.
    partialFingerprints: { 'kubeskippy/v1': ordinalOf([rule, called(subject), path].join(' ')) },
    ...(correction === undefined ? {} : { fixes: [{ description: { text: `write ${correction}` }, artifactChanges: [{ artifactLocation, replacements: [{ deletedRegion: region, insertedContent: { text: correction } }] }] }] }),
    ...(source === undefined ? {} : { properties: { source } }),
  }
}

const notification = ({ file, line, column, what }: Problem): unknown => ({
  level: 'error',
  message: { text: what },
  locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, ...(line === undefined ? {} : { region: { startLine: line, startColumn: column } }) } }],
})

/** Relative to the working folder, as it was given. */
function uriOf(file: string): string {
  const path = file.toWellFormed().replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/')
  return path.startsWith('/') ? `file://${path}` : path
}
