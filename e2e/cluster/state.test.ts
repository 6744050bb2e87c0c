import { expect } from 'chai'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasEnded, identify, isAlive, parseStat } from './process-id.ts'
import { parseProcessId } from './processes.ts'
import { networkOf, portsOf, type ClusterPlan } from './spec.ts'
import { isLeftover, readPlan, writePlan } from './state.ts'

const owner = { pid: 4711, startTicks: 100, bootId: 'b' }

function plan(overrides: Partial<ClusterPlan> = {}): ClusterPlan {
  return { name: 'dev', slot: 0, dir: '/var/lib/kubeskippy/dev', node: true, ports: portsOf(0), network: networkOf(0), apiServerArgs: [], cgroup: '/kubeskippy-0', ...overrides }
}

describe('the sweep', () => {
  it('removes a cluster whose owner is gone', () => {
    expect(isLeftover(plan({ owner }), () => false)).to.equal(true)
  })

  it('leaves one whose owner lives', () => {
    expect(isLeftover(plan({ owner }), () => true)).to.equal(false)
  })

  it('leaves one that has no owner, dead or alive', () => {
    expect(isLeftover(plan(), () => false)).to.equal(false)
  })

  it('removes a directory without a plan', () => {
    expect(isLeftover(undefined, () => true)).to.equal(true)
  })
})

describe('the plan on disk', () => {
  let root: string
  beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'kubeskippy-')) })
  afterEach(() => { rmSync(root, { recursive: true }) })

  it('reads as it was written', () => {
    const written = plan({ dir: join(root, 'dev'), owner })
    writePlan(written)
    expect(readPlan(written.dir)).to.deep.equal(written)
  })

  it('is none when cut short, of another directory or absent', () => {
    expect(readPlan(root)).to.equal(undefined)
    writeFileSync(join(root, 'cluster.json'), '{"name":"de')
    expect(readPlan(root)).to.equal(undefined)
    writeFileSync(join(root, 'cluster.json'), JSON.stringify(plan()))
    expect(readPlan(root)).to.equal(undefined)
  })
})

describe('a process', () => {
  it('is known by number and start time', () => {
    const self = identify(process.pid)
    expect(self !== undefined && isAlive(self)).to.equal(true)
    expect(self !== undefined && isAlive({ ...self, startTicks: self.startTicks + 1 })).to.equal(false)
    expect(self !== undefined && isAlive({ ...self, bootId: 'another' })).to.equal(false)
  })

  it('may have any name', () => {
    const fields = Array.from({ length: 49 }, (_, index) => String(index + 4)).join(' ')
    expect(parseStat(`12 (a) S (b c) R ${fields}`)).to.deep.equal({ state: 'R', threads: 20, startTicks: 22 })
    expect(parseStat('')).to.equal(undefined)
  })

  it('has ended when nothing but its remains are left, not while threads of it still end', () => {
    expect(hasEnded({ state: 'Z', threads: 1, startTicks: 1 })).to.equal(true)
    expect(hasEnded({ state: 'Z', threads: 2, startTicks: 1 })).to.equal(false)
    expect(hasEnded({ state: 'X', threads: 1, startTicks: 1 })).to.equal(true)
    expect(hasEnded({ state: 'D', threads: 1, startTicks: 1 })).to.equal(false)
  })

  it('is not read from a record that was cut short, and never is the first', () => {
    expect(parseProcessId(JSON.stringify(owner))).to.deep.equal(owner)
    for (const text of ['', '{"pid":47', '{"pid":4711}', JSON.stringify({ ...owner, pid: 1 }), JSON.stringify({ ...owner, pid: -1 })]) {
      expect(parseProcessId(text), text).to.equal(undefined)
    }
  })
})
