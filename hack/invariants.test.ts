import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { INVARIANTS } from '../shared/testing/oracle/invariants/index.ts'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['shared', 'controller', 'webhook', 'cli', 'certs', 'e2e']
/** They test the checkers, not the product. */
const OF_CHECKERS = 'shared/testing/oracle/'

const titles = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file}`)
    .filter((file) => /\.(test|e2e)\.ts$/.test(file) && !file.startsWith(OF_CHECKERS))
    .flatMap((file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^ *it\('([^']+)'/gm)].map(([, title = '']) => title)),
)

describe('the invariants', () => {
  it('are twenty', () => expect(INVARIANTS).to.have.length(20))
  for (const { invariant } of INVARIANTS) {
    it(`${invariant} has a test that is named after it`, () => expect(titles.filter((title) => new RegExp(`\\b${invariant}\\b`).test(title))).not.to.be.empty)
  }
})
