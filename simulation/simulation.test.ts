import { randomUUID } from 'node:crypto'
import net from 'node:net'
import { expect } from 'chai'
import { linesOf } from './engine/journal.ts'
import { doors, OutsideReached, sealed } from './engine/sealed.ts'
import { simulate } from './engine/simulation.ts'
import { verdictOf } from './judge.ts'
import { planOf } from './plan/generate.ts'
import { Simulator } from './simulator.ts'
import type { Told } from './worker.ts'

/** What a worker says of seeds, one after another. */
async function told(seeds: readonly number[]): Promise<Told[]> {
  const simulator = new Simulator()
  const answers: Told[] = []
  for (const seed of seeds) answers.push(await simulator.run({ seed }))
  simulator.close()
  return answers
}

describe('a simulation', function () {
  // Whole runs, and processes of their own.
  this.timeout(120_000)
  it('of one seed has one journal, however often it runs, and reaches nothing outside', async () => {
    let acts = 0
    for (const seed of [5, 12]) {
      const first = await sealed(() => simulate(planOf(seed)))
      const again = await sealed(() => simulate(planOf(seed)))
      expect(first.bugs).to.deep.equal([])
      expect(linesOf(again), `seed ${seed}`).to.deep.equal(linesOf(first))
      acts += first.journal.filter(({ call, changed }) => changed && call.impersonate !== undefined).length
    }
    expect(acts).to.be.greaterThan(0)
  })

  it('of one seed has that journal in a process of its own, too, and after others', async () => {
    const alone = await told([12])
    const among = await told([8, 12])
    expect(among.at(-1)).to.deep.equal(alone[0])
    expect(alone[0]?.fingerprint).to.equal((await verdictOf(planOf(12))).fingerprint)
  })

  it('names the seed at which its process ended', async () => {
    const simulator = new Simulator('no such bug')
    const ended: unknown = await simulator.run({ seed: 12 }).catch((error: unknown) => error)
    expect(String(ended)).to.match(/seed 12 was not simulated to its end: .*there is no planted bug "no such bug"/s)
  })

  it('of another seed has another journal', async () => {
    expect(linesOf(await simulate(planOf(3)))).to.not.deep.equal(linesOf(await simulate(planOf(4))))
  })
})

describe('a sealed run', () => {
  /** What each door is called with matters to nobody: it throws before it looks. */
  const knock = async (door: string): Promise<unknown> => {
    if (door === 'new Date') return new Date()
    const [of = '', name = ''] = door.split(/\.(?=\w+$)/)
    const holders: Readonly<Record<string, object>> = { globalThis, Math, Date, performance, process, 'globalThis.crypto': globalThis.crypto }
    const holder = holders[of] ?? ((await import(`node:${of}`)) as object)
    return (holder as Record<string, () => unknown>)[name]?.()
  }

  it('throws at every door, and at its end for who has caught that', async () => {
    for (const door of doors()) {
      let caught: unknown
      const run = sealed(() => knock(door).catch((error: unknown) => (caught = error)))
      expect(await run.catch((error: unknown) => error), door).to.be.instanceOf(OutsideReached)
      expect(caught, door).to.be.instanceOf(OutsideReached)
    }
  })

  it('closes what was imported by name as well, and opens it again', async () => {
    for (const call of [() => randomUUID(), () => net.connect(1)]) {
      expect(await sealed(async () => call()).catch((error: unknown) => error)).to.be.instanceOf(OutsideReached)
    }
    expect(randomUUID()).to.be.a('string')
    expect(Date.now()).to.be.greaterThan(0)
  })
})
