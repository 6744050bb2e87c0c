/** What `make test` runs, in this order: cheap and common mistakes first, real clusters last. */
import { globSync } from 'node:fs'

export interface Step {
  /** Selects it on the command line: `make test ONLY=unit`, `ONLY=e2e/cli`. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  /** A check passes or fails as one; a suite counts its tests. */
  readonly kind: 'check' | 'suite'
  /** Minutes: far above what it takes, below what a CI run has. */
  readonly limit: number
}

const check = (name: string, program: string, ...args: readonly string[]): Step => ({ name, program, args, kind: 'check', limit: 10 })
/** The first e2e suite on a new machine builds Kubernetes. */
const suite = (name: string, limit: number, ...args: readonly string[]): Step => ({ name, program: 'mocha', args, kind: 'suite', limit })

export const steps = (root: string): readonly Step[] => [
  check('lint', 'oxlint', '--type-aware', '--deny-warnings'),
  check('types', 'tsc', '--noEmit'),
  check('generated', 'node', 'hack/generate.ts', '--check'),
  suite('unit', 20, '--config', 'hack/mocha.unit.json'),
  ...globSync('e2e/**/*.e2e.ts', { cwd: root })
    .sort()
    .map((file) => suite(file, 40, '--config', 'hack/mocha.e2e.json', file)),
]

/** Steps whose name begins with one of the words; all without words. */
export const select = (all: readonly Step[], words: readonly string[]): readonly Step[] =>
  words.length === 0 ? all : all.filter(({ name }) => words.some((word) => name.startsWith(word)))
