import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { CONTROLLER_OPTIONS } from '../controller/options.ts'
import { WEBHOOK_OPTIONS } from '../webhook/options.ts'
import type { OptionSpec } from '../shared/runtime/options.ts'

const ROOT = join(import.meta.dirname, '..')

/** The code of a program and of what it is made of, without tests. */
const code = (folders: readonly string[]): string =>
  globSync(folders.map((folder) => `${folder}/**/*.ts`), { cwd: ROOT })
    .filter((file) => !file.endsWith('.test.ts') && !file.includes('testing/'))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .join('\n')

/** Taken from the options, by index, by name or by destructuring; what declares an option or its type is none of these. */
function isRead(key: string, text: string): boolean {
  const name = key.replaceAll('.', '\\.')
  return new RegExp(`\\['${name}'\\]|\\b(?:options|common)\\.${name}\\b|(?<!readonly )'${name}': \\w+[,= }]`).test(text)
}

describe('no option is accepted and never read', () => {
  const programs: readonly (readonly [program: string, specs: readonly OptionSpec[], text: string])[] = [
    ['controller', CONTROLLER_OPTIONS, code(['controller', 'shared'])],
    ['webhook', WEBHOOK_OPTIONS, code(['webhook', 'shared'])],
  ]
  // Read from the flags, before there are options.
  const CONNECTION = new Set(['kubeconfig', 'context'])
  for (const [program, specs, text] of programs) {
    for (const { key } of specs) {
      if (!CONNECTION.has(key)) it(`${program}: ${key}`, () => expect(isRead(key, text)).to.equal(true))
    }
  }

  it('would be seen', () => {
    for (const text of ["{ key: 'a.b', flag: 'a-b' }", "readonly 'a.b': number", "new Set(['a.b', 'c'])", "'a.b.c': x,", "options['a.bc']"]) expect(isRead('a.b', text), text).to.equal(false)
    for (const text of ["options['a.b']", "const { 'a.b': x } = options", "{ 'a.b': x = 1, c }"]) expect(isRead('a.b', text), text).to.equal(true)
  })
})
