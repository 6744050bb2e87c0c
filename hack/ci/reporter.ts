/** Mocha's own `spec` output, and a file with the counts and the failures for `test.ts` (`--reporter-option output=FILE`). */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import mocha from 'mocha'
import { describeError } from './failures.ts'
import type { Failure, SuiteResult } from './tally.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

// oxlint-disable-next-line import/no-default-export -- Mocha takes a reporter's default export
export default class CountingReporter extends mocha.reporters.Spec {
  constructor(runner: mocha.Runner, options: mocha.MochaOptions) {
    super(runner, options)
    const output = (options.reporterOptions as { readonly output?: string } | undefined)?.output
    if (output === undefined) throw new Error('needs --reporter-option output=FILE')
    const failed: Failure[] = []
    runner.on('fail', (test, error: unknown) => {
      failed.push({ title: test.fullTitle(), error: describeError(error, root) })
    })
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats
      const result: SuiteResult = { passed: passes, failed: failures, skipped: pending, failures: failed }
      writeFileSync(output, JSON.stringify(result))
    })
  }
}
