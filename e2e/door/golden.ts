import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

/** The text must be as in `golden/NAME.txt`. With UPDATE_GOLDEN set the file is written instead. */
export function expectGolden(name: string, text: string): void {
  const file = join(import.meta.dirname, 'golden', `${name}.txt`)
  if (process.env['UPDATE_GOLDEN'] !== undefined) {
    writeFileSync(file, text)
    return
  }
  expect(text).to.equal(readFileSync(file, 'utf8'))
}
