/** Adding up what passed and what failed. Pure. */

/** Of one suite or one check. */
export interface Tally {
  readonly passed: number
  readonly failed: number
}

/** A test or a hook that failed. */
export interface Failure {
  /** With those of the suites around it. */
  readonly title: string
  /** One line. */
  readonly error: string
}

/** What `reporter.ts` leaves behind. */
export interface SuiteResult extends Tally {
  readonly skipped: number
  readonly failures: readonly Failure[]
}

export const PASSED: Tally = { passed: 1, failed: 0 }
export const FAILED: Tally = { passed: 0, failed: 1 }

export interface SuiteEnd {
  /** Absent when the suite ended before it could say. */
  readonly result?: SuiteResult
  /** Exit code; absent when it was killed. */
  readonly code?: number
}

/**
 * A suite that says nothing, runs nothing, skips something, or ends with an error in spite of good results has failed:
 * no silence counts as success.
 */
export function judgeSuite({ result, code }: SuiteEnd): Tally & { readonly why?: string } {
  if (result === undefined) return { ...FAILED, why: code === undefined ? 'was stopped before its end' : `ended with code ${code} and no result` }
  const { passed, failed, skipped } = result
  if (passed + failed === 0) return { passed, failed: 1, why: 'ran no test' }
  if (failed > 0) return { passed, failed }
  if (skipped > 0) return { passed, failed: skipped, why: `skipped ${skipped}` }
  if (code !== 0) return { passed, failed: 1, why: code === undefined ? 'did not end by itself' : `ended with code ${code}` }
  return { passed, failed }
}

export const sum = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((total, { passed }) => total + passed, 0),
  failed: tallies.reduce((total, { failed }) => total + failed, 0),
})

/** The one line that machines read. */
export const summary = ({ passed, failed }: Tally): string => `${passed} passed, ${failed} failed`
