/** What a command loads before it knows what it is asked for: the help must not wait for the controller or for a connection. */
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { importsOf, withoutComments } from '../hack/imports.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Every file and package that importing a file runs; what is imported on demand is not. */
function loadedBy(entry: string): ReadonlySet<string> {
  const loaded = new Set<string>()
  const walk = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    for (const { specifier, kind } of importsOf(withoutComments(readFileSync(join(root, file), 'utf8')))) {
      if (kind !== 'value' || specifier === undefined) continue
      if (specifier.startsWith('.')) walk(relative(root, join(root, dirname(file), specifier)))
      else if (!specifier.startsWith('node:')) loaded.add(specifier)
    }
  }
  walk(entry)
  return loaded
}

describe('the start of the command line', () => {
  it('loads what parses flags, and nothing that does the work', () => {
    const loaded = loadedBy('cli/main.ts')
    expect([...loaded].filter((file) => !file.includes('.')).toSorted()).to.deep.equal(['commander', 'yaml'])
    for (const file of ['shared/kube/transport.ts', 'shared/kube/credentials.ts', 'controller/program.ts', 'cli/explain/explain.ts', 'cli/simulate/simulate.ts']) {
      expect(loaded.has(file), file).to.equal(false)
    }
  })
  it('finds what the work needs when it walks from there', () => {
    expect(loadedBy('shared/kube/transport.ts')).to.include('@kubernetes/client-node')
    expect(loadedBy('cli/simulate/simulate.ts')).to.include('controller/program.ts')
  })
})
