import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { inExisting, select, steps } from './steps.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const names = (words: readonly string[]): string[] => select(steps(root), words).map(({ name }) => name)

describe('the steps of make test', () => {
  it('are the checks, the unit tests, the simulations, what clusters are made of, and every e2e suite', () => {
    expect(names([]).slice(0, 6)).to.deep.equal(['lint', 'types', 'generated', 'unit', 'simulation', 'tools'])
    expect(names(['e2e/'])).to.include('e2e/cli/rights.e2e.ts')
  })
  it('are chosen by how their names begin', () => expect(names(['unit', 'e2e/approval'])).to.deep.equal(['unit', 'tools', 'e2e/approval/approval.e2e.ts', 'e2e/approval/deciding.e2e.ts']))
  it('build nothing when no suite is chosen that needs it', () => expect(names(['unit', 'lint'])).to.deep.equal(['lint', 'unit']))
  it('run beside another when they are on a cluster of their own, but for the suite of the clusters themselves, or on one core', () => {
    expect(steps(root).filter(({ beside }) => beside).map(({ name }) => name)).to.deep.equal(['simulation', ...names(['e2e/']).filter((name) => name !== 'tools' && name !== 'e2e/cluster/cluster.e2e.ts')])
  })
  it('are, in a cluster of somebody else, what says that it runs anywhere, and the tools', () => {
    const { run, skipped } = inExisting(steps(root), root)
    expect(run.map(({ name }) => name)).to.deep.equal(['tools', 'e2e/chart/running.e2e.ts'])
    expect([...run.map(({ name }) => name), ...skipped]).to.have.members(names([]))
  })
  it('are none when no name begins so', () => expect(names(['nothing'])).to.deep.equal([]))
  it('name files that are there', () => {
    for (const { args } of steps(root)) for (const arg of args.filter((text) => text.includes('.json') || text.endsWith('.ts'))) expect(existsSync(join(root, arg)), arg).to.equal(true)
  })
})
