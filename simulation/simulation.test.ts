import { spawnSync } from 'node:child_process'
import { randomFill, randomUUID } from 'node:crypto'
import dns from 'node:dns'
import { lookup } from 'node:dns/promises'
import fs from 'node:fs'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { scheduler } from 'node:timers/promises'
import { promisify } from 'node:util'
import workerThreads, { Worker } from 'node:worker_threads'
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
  const holderOf = async (of: string): Promise<object> => {
    const holders: Readonly<Record<string, object>> = { globalThis, Math, Date, performance, process, 'process.hrtime': process.hrtime, AbortSignal, 'globalThis.crypto': globalThis.crypto, 'Intl.DateTimeFormat': new Intl.DateTimeFormat(), 'timers/promises.scheduler': scheduler }
    return holders[of] ?? ((await import(`node:${of}`)) as object)
  }
  /** What each door is called with matters to nobody: it throws before it looks. */
  const knock = async (door: string): Promise<unknown> => {
    if (door === 'new Date') return new Date()
    const [of = '', name = ''] = door.split(/\.(?=\w+$)/)
    return ((await holderOf(of)) as Record<string, () => unknown>)[name]?.()
  }

  it('throws at every door, and at its end for who has caught that', async () => {
    for (const door of doors()) {
      let caught: unknown
      const run = sealed(() => knock(door).catch((error: unknown) => (caught = error)))
      expect(await run.catch((error: unknown) => error), door).to.be.instanceOf(OutsideReached)
      expect(caught, door).to.be.instanceOf(OutsideReached)
      expect(String(caught)).to.equal(`OutsideReached: ${door} within a simulation`)
    }
  })

  /** What each of these knocks at, and under which name. */
  const KNOCKS: Readonly<Record<string, () => unknown>> = {
    'fs/promises.readFile': () => readFile('/etc/hostname'),
    'fs.readFile': () => promisify(fs.readFile)('/etc/hostname'),
    'fs.realpath.native': () => fs.realpath.native('/', () => {}),
    'fs.existsSync': () => fs.existsSync('/'),
    'dns/promises.lookup': () => lookup('localhost'),
    'dns.Resolver': () => new dns.Resolver(),
    'http2.connect': () => http2.connect('http://localhost:1'),
    'net.Socket': () => new net.Socket(),
    'http.ClientRequest': () => new http.ClientRequest('http://localhost:1'),
    'worker_threads.Worker': () => new Worker('', { eval: true }),
    'worker_threads.MessageChannel': () => new workerThreads.MessageChannel(),
    'globalThis.MessageChannel': () => new MessageChannel(),
    'crypto.randomFill': () => randomFill(new Uint8Array(1), () => {}),
    'AbortSignal.timeout': () => AbortSignal.timeout(1),
    'Intl.DateTimeFormat.format': () => new Intl.DateTimeFormat().format(),
    'Intl.DateTimeFormat.formatToParts': () => new Intl.DateTimeFormat().formatToParts(undefined),
    'process.hrtime': () => process.hrtime(),
    'process.hrtime.bigint': () => process.hrtime.bigint(),
    'timers/promises.scheduler.wait': () => scheduler.wait(1),
    'child_process.spawnSync': () => spawnSync('true'),
  }
  for (const [door, call] of Object.entries(KNOCKS)) {
    it(`tells that ${door} was reached`, async () => {
      const error: unknown = await sealed(async () => call()).catch((reached: unknown) => reached)
      expect(String(error)).to.equal(`OutsideReached: ${door} within a simulation`)
    })
  }

  it('tells of a time that is given, and what has been made before stays what it is', async () => {
    const at = Date.UTC(2030, 0, 1)
    const clock = new Intl.DateTimeFormat('en', { timeZone: 'UTC' })
    const socket = new net.Socket()
    expect(await sealed(async () => [clock.format(at), clock.format(new Date(at)), clock.formatToParts(at).length, clock.format(0), socket instanceof net.Socket])).to.deep.equal(['1/1/2030', '1/1/2030', 5, '1/1/1970', true])
    expect(clock.format()).to.be.a('string')
    expect(Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'formatToParts')).to.have.property('value')
    expect(process.hrtime.bigint()).to.be.a('bigint')
  })

  it('may print, even when nobody has before', () => {
    const program = `import { sealed } from ${JSON.stringify(import.meta.resolve('./engine/sealed.ts'))}; await sealed(async () => console.log('said'))`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
    expect([stdout, stderr]).to.deep.equal(['said\n', ''])
  })

  it('opens again what was closed', async () => {
    const real = [fs.readFile, fs.realpath.native, net.Socket, workerThreads.Worker, http2.connect]
    await sealed(() => Promise.resolve())
    expect([fs.readFile, fs.realpath.native, net.Socket, workerThreads.Worker, http2.connect]).to.deep.equal(real)
  })

  it('closes what was imported by name as well, and opens it again', async () => {
    for (const call of [() => randomUUID(), () => net.connect(1)]) {
      expect(await sealed(async () => call()).catch((error: unknown) => error)).to.be.instanceOf(OutsideReached)
    }
    expect(randomUUID()).to.be.a('string')
    expect(Date.now()).to.be.greaterThan(0)
  })
})
