/** `kubeskippy lint`: what the front door would say of the files, before anything is sent. */
import { isAbsolute, relative, resolve } from 'node:path'
import { isApiError } from '../../shared/kube/errors.ts'
import { ConfigError, messageOf } from '../../shared/lib/errors.ts'
import { plural, printable } from '../../shared/lib/text.ts'
import { accessOf, chosenNamespace, DONE, explainApiError, FAILED, MISUSED, type ClusterFlags } from '../command.ts'
import type { CliEnvironment } from '../environment.ts'
import { readManifests } from '../manifests/documents.ts'
import { checkText, type Candidate, type Checked } from './check-text.ts'
import { readLintConfig, type LintConfig } from './config.ts'
import { explainRule } from './explain-rule.ts'
import { counts, type Finding, type Level, type Problem, type Report } from './finding.ts'
import { BEYOND } from '../../shared/rules/beyond.ts'
import { UNCHECKED } from './layers.ts'
import type { Answered } from './server.ts'
import type { Format } from './formats/names.ts'
import { nothingIn, readInputs, type Input, type Inputs } from './inputs.ts'
import { mayBeReplaced, publish } from './report-file.ts'

export interface LintFlags extends ClusterFlags {
  readonly server?: true
  readonly fix?: true
  readonly dryRun?: true
  readonly namespace?: string
  readonly config?: string
  readonly format: Format
  readonly output?: string
  readonly allowEmpty?: true
  readonly failOn: Level
  readonly explain?: string
}

/** 0: nothing at or above `--fail-on`; 1: something; 2: wrong flags or configuration, or something could not be read. */
export async function lint(env: CliEnvironment, targets: readonly string[], flags: LintFlags): Promise<number> {
  if (flags.explain !== undefined) return explainRule(env, flags.explain)
  try {
    if (flags.fix === true && targets.includes('-')) throw new ConfigError(['--fix corrects files, and standard input is none: write it to a file first'])
    if (flags.dryRun === true && flags.fix !== true) throw new ConfigError(['--dry-run goes with --fix: the lint itself never writes'])
    const config = await readLintConfig(env, flags.config)
    if (flags.output !== undefined) await mayBeReplaced(env, targets, flags.output, config)
    const report = await lintAll(env, targets, flags, config)
    await publish(env, report, flags)
    if (report.problems.length > 0) return MISUSED
    return report.findings.some((finding) => counts(finding, flags.failOn)) ? FAILED : DONE
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) env.stderr(`error: ${problem}\n`)
    return MISUSED
  }
}

async function lintAll(env: CliEnvironment, targets: readonly string[], flags: LintFlags, config: LintConfig): Promise<Report> {
  const here = (path: string): string => (isAbsolute(path) ? relative(env.folders.here, path) : path)
  const among = targets.length === 0 ? ['.'] : targets
  // A report of an earlier run is no manifest.
  const report = flags.output === undefined ? undefined : resolve(env.folders.here, flags.output)
  const { inputs: read, problems: unread, passedOver } = await readInputs(env, among, (path) => config.excluded(here(path)) || resolve(env.folders.here, path) === report)
  const { inputs, problems: unwritten } = flags.fix === true ? await fixed(env, read, config, flags) : { inputs: read, problems: [] }
  const namespaces = { ...(flags.namespace === undefined ? {} : { wanted: flags.namespace }), ...(flags.server === true ? { assumed: await chosenNamespace(env, flags) } : {}) }
  const checked = inputs.map((input) => checkText(input, config, namespaces))
  const candidates = checked.flatMap((each) => each.candidates)
  const empty = flags.allowEmpty === true ? [] : nothingIn(among, inputs.map(({ file }, index) => ({ file, objects: objectsOf(checked[index]) })), passedOver + unread.length)
  const answered = flags.server === true ? await answers(env, flags, candidates) : undefined
  const problems: readonly Problem[] = [...unread, ...unwritten, ...empty, ...checked.flatMap((each) => each.problems), ...(answered?.problems ?? [])]
  return {
    version: env.version,
    failOn: flags.failOn,
    findings: await withCorrections(findingsOf(answered?.candidates ?? candidates), inputs, config, flags.format),
    problems,
    files: inputs.length,
    subjects: candidates.map(({ file, subject }, index) => ({ index, file, subject })),
    skipped: checked.reduce((sum, { skipped }) => sum + skipped, 0),
    unchecked: UNCHECKED.filter(({ rule }) => answered === undefined || !(rule === BEYOND.approvers.id ? answered.approvers : answered.door)),
    asked: answered === undefined ? 'nobody' : 'server',
    texts: new Map(inputs.map(({ file, text }) => [file, text])),
  }
}

/** What cannot be read counts: there is something. */
const objectsOf = (checked: Checked | undefined): number => (checked === undefined ? 0 : checked.candidates.length + checked.skipped + checked.problems.length)

/** What is in the files after this, and what could not be written. */
async function fixed(env: CliEnvironment, inputs: readonly Input[], config: LintConfig, { dryRun, format }: LintFlags): Promise<Inputs> {
  const { diffOf, fixText } = await import('./fix.ts')
  const after: Input[] = []
  const problems: Problem[] = []
  for (const input of inputs) {
    const { text, fixes } = fixText(input, config)
    const shown = printable(input.file, 300)
    if (fixes === 0 || dryRun === true) {
      // What programs read stays what it is.
      if (fixes > 0) (format === 'text' ? env.stdout : env.stderr)(diffOf(shown, input.text, text))
      after.push(input)
      continue
    }
    try {
      await env.folders.replace(input.file, input.text, text)
      env.stderr(`fixed ${shown}: ${plural(fixes, 'place')}\n`)
      after.push({ file: input.file, text })
    } catch (error) {
      problems.push({ file: input.file, what: `it cannot be corrected: ${printable(messageOf(error), 300)}` })
      after.push(input)
    }
  }
  return { inputs: after, problems }
}

/** An edit belongs to what was found at exactly its place. */
async function withCorrections(findings: readonly Finding[], inputs: readonly Input[], config: LintConfig, format: Format): Promise<readonly Finding[]> {
  if (format !== 'sarif' && format !== 'json') return findings
  const { corrections } = await import('./fix.ts')
  const placeOf = ({ file, line, column, endLine, endColumn }: Pick<Finding, 'file' | 'line' | 'column' | 'endLine' | 'endColumn'>): string => [line, column, endLine, endColumn, file].join(' ')
  const files = new Set(findings.map(({ file }) => file))
  const found = new Map(
    inputs
      .filter(({ file }) => files.has(file))
      .flatMap((input) => {
        const { place } = readManifests(input.text)
        return corrections(input, config).map(({ start, end, to }): [string, string] => {
          const [from, until] = [place(start), place(end)]
          return [placeOf({ file: input.file, ...from, endLine: until.line, endColumn: until.column }), to]
        })
      }),
  )
  return findings.map((finding) => {
    const correction = found.get(placeOf(finding))
    return correction === undefined ? finding : { ...finding, correction }
  })
}

/** @throws ConfigError */
async function answers(env: CliEnvironment, flags: LintFlags, candidates: readonly Candidate[]): Promise<Answered> {
  const { askServer, NO_DOOR } = await import('./server.ts')
  const api = await env.connect(accessOf(env, flags))
  try {
    const answered = await askServer(api, candidates)
    if (!answered.door && candidates.length > 0) env.stderr(`warning: ${NO_DOOR}\n`)
    return answered
  } catch (error) {
    if (!isApiError(error)) throw error
    throw new ConfigError([explainApiError(error)], { cause: error })
  } finally {
    await api.close()
  }
}

/** In the order of the files, and of the lines in each; each once. */
function findingsOf(candidates: readonly Candidate[]): readonly Finding[] {
  const all = candidates.flatMap(({ remarks, place }, object) => remarks.map(place).flatMap((found) => (found === undefined ? [] : [{ ...found, object }])))
  const order = new Map([...new Set(all.map(({ file }) => file))].map((file, index) => [file, index]))
  const sorted = all.toSorted((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line || a.column - b.column || (a.rule < b.rule ? -1 : Number(a.rule > b.rule)))
  return [...new Map(sorted.map((finding) => [JSON.stringify(finding), finding])).values()]
}
