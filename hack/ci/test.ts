/**
 * `make test`: everything, each even when one before it failed. Suites on clusters run two at a time (three where there are four cores and more), and the output of
 * each comes at its end. The last lines name what failed and why, the very last is `N passed, N failed`, over all checks
 * and tests.
 *
 *     node hack/ci/test.ts [NAME...]     only the steps whose names begin so
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClusterError } from '../../e2e/cluster/errors.ts'
import { existing } from '../../e2e/cluster/existing.ts'
import { messageOf } from '../../shared/lib/errors.ts'
import { excerpt, failureReport, type StepEnd } from './failures.ts'
import { inLanes } from './lanes.ts'
import { run, stopRunning } from './process.ts'
import { inExisting, isOnCluster, LANES, select, steps, type Step } from './steps.ts'
import { FAILED, judgeSuite, PASSED, sum, summary, type SuiteResult } from './tally.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const results = folder()

let interrupted: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = signal
    // The others come from the terminal, to every process at once.
    if (signal === 'SIGTERM') stopRunning()
  })
}

/** In which each suite leaves what came of it. */
function folder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'kubeskippy-test-'))
  } catch (error) {
    console.error(`error: nothing can be written below ${tmpdir()} (${messageOf(error)}): make that folder, or name another one by TMPDIR`)
    return process.exit(2)
  }
}

function readResult(file: string): SuiteResult | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SuiteResult
  } catch {
    return undefined
  }
}

async function take({ name, program, args, kind, limit, beside }: Step): Promise<StepEnd> {
  const begin = performance.now()
  console.log(beside ? `-- ${name}: begun` : `\n== ${name}: ${program} ${args.join(' ')}`)
  const output = join(results, `${name.replaceAll('/', '-')}.json`)
  const reporting = kind === 'suite' ? ['--reporter', './hack/ci/reporter.ts', '--reporter-option', `output=${output}`] : []
  const { code, beginning, end } = await run(program, [...args, ...reporting], { cwd: root, limit: limit * 60_000, output: beside ? 'atEnd' : 'asItComes' })
  const took = `${((performance.now() - begin) / 1000).toFixed(1)} s`
  if (kind === 'check') {
    console.log(`-- ${name}: ${code === 0 ? 'passed' : 'FAILED'} (${took})`)
    return { name, tally: code === 0 ? PASSED : FAILED, failures: [], output: excerpt(beginning, 'beginning') }
  }
  const result = readResult(output)
  const { why, ...tally } = judgeSuite({ ...(result === undefined ? {} : { result }), ...(code === undefined ? {} : { code }) })
  console.log(`-- ${name}: ${tally.failed === 0 ? '' : 'FAILED, '}${tally.passed} of ${tally.passed + tally.failed}${why === undefined ? '' : `, ${why}`} (${took})`)
  return { name, tally, failures: result?.failures ?? [], output: excerpt(end, 'end'), ...(why === undefined ? {} : { why }) }
}

function choose(): readonly Step[] {
  const wanted = select(steps(root), process.argv.slice(2))
  const there = existing()
  if (there === undefined) return wanted
  const { run: fitting, skipped } = inExisting(wanted, root)
  console.log(`in the cluster of the context ${there.context}: ${fitting.filter(isOnCluster).map(({ name }) => name).join(', ') || 'nothing'}`)
  console.log(`skipped, since they need no cluster or one of their own: ${skipped.join(', ')}`)
  return fitting
}

let chosen: readonly Step[]
try {
  chosen = choose()
} catch (cause) {
  if (!(cause instanceof ClusterError)) throw cause
  console.error(cause.message)
  process.exit(1)
}
const taken: StepEnd[] = []
try {
  const goOn = (): boolean => interrupted === undefined
  const takeOne = async (step: Step): Promise<void> => { taken.push(await take(step)) }
  await inLanes(chosen.filter(({ beside }) => !beside), 1, takeOne, goOn)
  await inLanes(chosen.filter(({ beside }) => beside), LANES, takeOne, goOn)
  // What a suite that crashed has left behind. Nothing, otherwise.
  if (chosen.some(isOnCluster)) await run('node', ['e2e/cluster/main.ts', 'clean'], { cwd: root, limit: 5 * 60_000 })
} finally {
  rmSync(results, { recursive: true, force: true })
}

const failing = taken.filter(({ tally }) => tally.failed > 0)
console.log(`\n== ${taken.length} of ${chosen.length} steps${interrupted === undefined ? '' : `, stopped by ${interrupted}`}`)
for (const line of failureReport(failing)) console.log(line)
const total = sum([...taken.map(({ tally }) => tally), ...(chosen.length === 0 || interrupted !== undefined ? [FAILED] : [])])
console.log(summary(total))
process.exitCode = total.failed === 0 ? 0 : 1
