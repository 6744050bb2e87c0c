import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'

const exec = promisify(execFile)
const MODULE = fileURLToPath(new URL('v8-threads.ts', import.meta.url))
/** Prints the niceness of every thread, by name. The name may hold blanks; 19 fields behind it. */
const SCRIPT = `
import { readdirSync, readFileSync } from 'node:fs'
import { yieldToMainThread } from ${JSON.stringify(MODULE)}
yieldToMainThread()
const told = readdirSync('/proc/self/task').map((thread) => {
  const [, name, rest] = /\\((.*)\\) (.*)/s.exec(readFileSync('/proc/self/task/' + thread + '/stat', 'utf8'))
  return [name.includes('V8Worker') ? 'of V8' : thread === String(process.pid) ? 'main' : 'other', Number(rest.split(' ')[16])]
})
console.log(JSON.stringify(told))
`

/** One that we may run on. */
const ownCpu = (): string => /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'

/** Above that of the main thread. */
async function niceness(...before: readonly string[]): Promise<readonly number[]> {
  const [file, ...args] = [...before, process.execPath, '--input-type=module-typescript', '--eval', SCRIPT]
  const threads = JSON.parse((await exec(file, args)).stdout) as [string, number][]
  const main = threads.find(([name]) => name === 'main')?.[1] ?? NaN
  const ofV8 = threads.filter(([name]) => name === 'of V8').map(([, nice]) => nice - main)
  expect(ofV8).to.not.have.lengthOf(0)
  return [...new Set(ofV8)]
}

describe('the threads of V8', () => {
  it('yield to the one that answers where there is one CPU', async () => {
    const [above, ...others] = await niceness('taskset', '--cpu-list', ownCpu())
    expect(above).to.be.above(0)
    expect(others).to.deep.equal([])
  })

  it('are left alone where there are more', async function () {
    if (availableParallelism() < 2) this.skip()
    expect(await niceness()).to.deep.equal([0])
  })
})
