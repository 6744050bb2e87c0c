/** Mocha's own `spec` output, and a file with the counts for `test.ts` (`--reporter-option output=FILE`). */
import { writeFileSync } from 'node:fs'
import mocha from 'mocha'
import type { SuiteResult } from './tally.ts'

// oxlint-disable-next-line import/no-default-export -- Mocha takes a reporter's default export
export default class CountingReporter extends mocha.reporters.Spec {
  constructor(runner: mocha.Runner, options: mocha.MochaOptions) {
    super(runner, options)
    const output = (options.reporterOptions as { readonly output?: string } | undefined)?.output
    if (output === undefined) throw new Error('needs --reporter-option output=FILE')
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats
      const result: SuiteResult = { passed: passes, failed: failures, skipped: pending }
      writeFileSync(output, JSON.stringify(result))
    })
  }
}
