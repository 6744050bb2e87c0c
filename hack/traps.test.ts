import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

const ROOT = join(import.meta.dirname, '..')
const NOTE = readFileSync(join(ROOT, 'docs/design/0015-traps.md'), 'utf8')

/** The second column: a file, and words of the title of a test in it. */
const cited = [...NOTE.matchAll(/\| `([^`]+\.ts)`: (.+) \|$/gm)].map(([, file = '', words = '']) => ({ file, words }))

/** As the source has it: quotes are escaped there, or the title is a template. */
const titlesOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8').replaceAll("\\'", "'")

describe('the table of traps', () => {
  it('is read', () => {
    const rows = NOTE.split('\n').filter((line) => line.startsWith('| ') && line.endsWith(' |') && !line.startsWith('| what Kubernetes does'))
    expect(rows).to.have.length(cited.length)
    expect(cited.length).to.be.greaterThan(40)
  })
  for (const { file, words } of cited) {
    it(`${file} has a test that says: ${words}`, () => {
      expect(existsSync(join(ROOT, file)), file).to.equal(true)
      const lines = titlesOf(file).split('\n').filter((line) => line.includes(words))
      expect(lines.length, words).to.be.greaterThan(0)
    })
  }
})
