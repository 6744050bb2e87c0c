import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SuiteResult } from './tally.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the reporter', () => {
  it('leaves behind what passed, what was skipped, and what failed with its full title, hooks included', () => {
    const dir = mkdtempSync(join(tmpdir(), 'reporter-'))
    try {
      const [suite, output] = [join(dir, 'suite.cjs'), join(dir, 'result.json')]
      writeFileSync(suite, `
        describe('outer', () => {
          it('passes', () => {})
          it.skip('is skipped', () => {})
          describe('inner', () => it('breaks', () => { throw new Error('for a reason') }))
        })
        describe('hooked', () => { before(() => { throw new Error('not up') }); it('never runs', () => {}) })`)
      spawnSync('mocha', ['--no-config', '--reporter', './hack/ci/reporter.ts', '--reporter-option', `output=${output}`, suite], { cwd: root })
      expect(JSON.parse(readFileSync(output, 'utf8')) as SuiteResult).to.deep.equal({
        passed: 1, failed: 2, skipped: 1,
        failures: [
          { title: 'outer inner breaks', error: 'for a reason' },
          { title: 'hooked "before all" hook for "never runs"', error: 'not up' },
        ],
      })
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})
