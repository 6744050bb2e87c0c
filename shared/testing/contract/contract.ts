/**
 * What the code may rely on in an API server, run on the fake cluster by the unit tests and on a real server by the end
 * to end tests. A case that only one of them can pass does not belong here.
 */
import { evictionCases } from './eviction.ts'
import type { Harness } from './harness.ts'
import { historyCases } from './history.ts'
import { leaseCases } from './leases.ts'
import { limitCases } from './limits.ts'
import { preconditionCases } from './preconditions.ts'
import { readingCases } from './reading.ts'
import { reflectorCases, stopReflectors } from './reflector.ts'
import { scaleCases } from './scales.ts'

export function contractSuite(name: string, makeHarness: () => Promise<Harness>): void {
  describe(`the contract of an API server, on ${name}`, () => {
    let harness: Harness | undefined
    const get = (): Harness => {
      if (harness === undefined) throw new Error('the harness did not start')
      return harness
    }
    before(async function () {
      // A real server may have to be built first.
      this.timeout(600_000)
      harness = await makeHarness()
    })
    after(async function () {
      this.timeout(180_000)
      await harness?.stop()
    })
    afterEach(stopReflectors)
    readingCases(get)
    preconditionCases(get)
    scaleCases(get)
    evictionCases(get)
    limitCases(get)
    leaseCases(get)
    reflectorCases(get)
    // Last: a real server restarts in it.
    historyCases(get)
  })
}
