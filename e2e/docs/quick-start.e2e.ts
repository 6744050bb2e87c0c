/** The commands of the quick start and of the README, as a reader types them, in one shell after another. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { stopCluster } from '../cluster/cluster.ts'
import { follow, stepsOf } from './reader.ts'

/** Not that of somebody who plays on this machine. */
const NAME = 'docs'
const MINUTES = 60_000

const of = (file: string) => stepsOf(file, readFileSync(join(import.meta.dirname, '../..', file), 'utf8'))

describe('what the documentation tells to type', function () {
  this.timeout(19 * MINUTES)
  before(() => stopCluster(NAME))
  after(() => stopCluster(NAME))

  it('works', async () => {
    const steps = [...of('docs/guide/quick-start.md'), ...of('README.md')]
    expect(steps.length).to.be.greaterThan(10)
    // A variable of make's command line, as `make up NAME=docs` would set it.
    await follow(steps, { MAKEFLAGS: `NAME=${NAME}` })
  })
})
