/** What `make test` runs, in this order: cheap and common mistakes first, real clusters last. */
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { runsAnywhere } from '../../e2e/cluster/existing.ts'
import { longestFirst } from './order.ts'

export interface Step {
  /** Selects it on the command line: `make test ONLY=unit`, `ONLY=e2e/cli`. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  /** A check passes or fails as one; a suite counts its tests. */
  readonly kind: 'check' | 'suite'
  /** Minutes: far above what it takes, below what a CI run has. */
  readonly limit: number
  /** Leaves room for another one beside it: it waits much of its time, or keeps to one core. */
  readonly beside: boolean
}

/** Suites on clusters of their own wait for pods a third of the time. More than two make each other's waits too short on two cores. */
export const LANES = availableParallelism() > 3 ? 3 : 2

/** Counts what the harness leaves on the machine, and whatever else starts a cluster sweeps before it. */
const ALONE = 'e2e/cluster/'

/** Of everything that suites on a real cluster need. */
export const TOOLS = 'tools'

const check = (name: string, program: string, ...args: readonly string[]): Step => ({ name, program, args, kind: 'check', limit: 10, beside: false })
const suite = (name: string, limit: number, ...args: readonly string[]): Step => ({ name, program: 'mocha', args, kind: 'suite', limit, beside: name.startsWith('e2e/') && !name.startsWith(ALONE) })

export const steps = (root: string): readonly Step[] => [
  check('lint', 'oxlint', '--type-aware', '--deny-warnings'),
  check('types', 'tsc', '--noEmit'),
  check('generated', 'node', 'hack/generate.ts', '--check'),
  suite('unit', 20, '--config', 'hack/mocha.unit.json'),
  // On one core: another suite may have the other one.
  { ...check('simulation', 'node', 'simulation/main.ts', '--seeds', '200'), beside: true },
  // On a new machine this builds Kubernetes: minutes that no suite should have to reckon with.
  { ...check(TOOLS, 'node', 'e2e/cluster/main.ts', 'tools', '--monitoring', '--dns', '--chart', '--simulation'), limit: 40 },
  ...longestFirst(globSync('e2e/**/*.e2e.ts', { cwd: root })).map((file) => suite(file, 20, '--config', 'hack/mocha.e2e.json', file)),
]

/** Steps whose name begins with one of the words, and the tools when one of them needs a cluster; all without words. */
export function select(all: readonly Step[], words: readonly string[]): readonly Step[] {
  if (words.length === 0) return all
  const chosen = ({ name }: Step): boolean => words.some((word) => name.startsWith(word))
  const cluster = all.some((step) => isOnCluster(step) && chosen(step))
  return all.filter((step) => chosen(step) || (cluster && step.name === TOOLS))
}

/** Where a cluster of somebody else's takes the place of those that suites start: which of them run there. The others would change it, or need more than it has. */
export function inExisting(all: readonly Step[], root: string): { readonly run: readonly Step[]; readonly skipped: readonly string[] } {
  const fits = ({ name }: Step): boolean => name.startsWith('e2e/') && runsAnywhere(join(root, name))
  const tools = all.filter(({ name }) => name === TOOLS).map((step) => ({ ...step, args: ['e2e/cluster/main.ts', 'tools', '--no-node', '--chart'] }))
  const run = all.filter(fits)
  return { run: run.length === 0 ? [] : [...tools, ...run], skipped: all.filter((step) => step.name !== TOOLS && !fits(step)).map(({ name }) => name) }
}

export const isOnCluster = ({ name }: Step): boolean => name.startsWith('e2e/')
