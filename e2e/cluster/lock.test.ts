import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withLock } from './lock.ts'
import { sleep } from './wait.ts'

describe('the lock', () => {
  let dir: string
  beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'kubeskippy-')) })
  afterEach(() => { rmSync(dir, { recursive: true }) })

  it('lets one in at a time', async () => {
    let [inside, most] = [0, 0]
    await Promise.all(Array.from({ length: 4 }, async () => withLock(join(dir, 'lock'), () => {}, async () => {
      inside += 1
      most = Math.max(most, inside)
      await sleep(10)
      inside -= 1
    })))
    expect(most).to.equal(1)
  })

  it('is free after a failure', async () => {
    const failed = await withLock(join(dir, 'lock'), () => {}, async () => { throw new Error('x') }).catch(() => 'failed')
    expect(failed).to.equal('failed')
    expect(await withLock(join(dir, 'lock'), () => {}, async () => 'in')).to.equal('in')
  })

  it('is free after its holder was killed', async () => {
    const script = `import { withLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))}; await withLock(${JSON.stringify(join(dir, 'lock'))}, () => {}, async () => { console.log('in'); await new Promise((resolve) => setTimeout(resolve, 60_000)) })`
    const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((resolve) => holder.stdout.once('data', resolve))
    holder.kill('SIGKILL')
    expect(await withLock(join(dir, 'lock'), () => {}, async () => 'in')).to.equal('in')
  })
})
