import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { longestFirst, TYPICAL_MINUTES } from './order.ts'
import { steps } from './steps.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the order of suites', () => {
  const minutes = { a: 1, b: 3, c: 1, d: 2 }
  it('is the longest first, and by name among equals', () => expect(longestFirst(['c', 'a', 'd', 'b'], minutes)).to.deep.equal(['b', 'd', 'a', 'c']))
  it('begins with those that nobody measured', () => expect(longestFirst(['b', 'new', 'constructor'], minutes)).to.deep.equal(['constructor', 'new', 'b']))
  it('leaves none out and adds none', () => expect(longestFirst([], minutes)).to.deep.equal([]))
  it('is told of suites that are there', () => {
    for (const file of Object.keys(TYPICAL_MINUTES)) expect(existsSync(join(root, file)), file).to.equal(true)
  })
  it('is the order of the steps', () => {
    const suites = steps(root).map(({ name }) => name).filter((name) => name.startsWith('e2e/'))
    expect(suites).to.deep.equal(longestFirst(suites))
    expect(suites.indexOf('e2e/scenarios/spin.e2e.ts')).to.be.lessThan(suites.indexOf('e2e/agreement/agreement.e2e.ts'))
  })
})
