/** Printed text compared with a file. `UPDATE_GOLDEN=1` writes the file instead: then read what git shows. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'chai'

/** @param file beside the test: `new URL('golden/name.txt', import.meta.url)` */
export function expectGolden(file: URL, text: string): void {
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file.pathname), { recursive: true })
    writeFileSync(file, text)
  }
  expect(text).to.equal(existsSync(file) ? readFileSync(file, 'utf8') : '')
}
