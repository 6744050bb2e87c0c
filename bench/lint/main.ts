/**
 * How long `kubeskippy lint` takes, of the bundle: for one policy, and for 1,000 in as many files; beside a Node that does nothing and one
 * that only parses the same files. One after another, round by round.
 *
 *     node bench/lint/main.ts [ROUNDS]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { plainEnv } from '../../e2e/cluster/processes.ts'
import { bundle } from '../../hack/bundle.ts'
import { ratio, show, spread, table } from '../statistics.ts'

interface Subject {
  readonly name: string
  readonly args: readonly string[]
  /** Which subject it is compared with. */
  readonly beside: string
}

const POLICIES = 1000
const SAMPLE = fileURLToPath(new URL('../../config/samples/valid/ladder.yaml', import.meta.url))
const PARSE = fileURLToPath(new URL('parse.mjs', import.meta.url))

/** Milliseconds from the start of the process to its end. */
async function timeOf({ name, args }: Subject, cache: string): Promise<number> {
  const begin = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...plainEnv(), NODE_COMPILE_CACHE: cache } })
  const [code] = (await once(child, 'exit')) as [number]
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  return performance.now() - begin
}

function prepare(folder: string): readonly Subject[] {
  const text = readFileSync(SAMPLE, 'utf8')
  const nothing = join(folder, 'nothing.mjs')
  writeFileSync(nothing, '')
  const many = join(folder, 'policies')
  mkdirSync(many)
  for (let index = 0; index < POLICIES; index++) writeFileSync(join(many, `${index}.yaml`), text.replace(/^(  name: )(\S+)$/m, `$1$2-${index}`))
  const program = join(folder, 'kubeskippy.js')
  return [
    { name: 'bare Node', args: [nothing], beside: 'bare Node' },
    { name: 'lint of one policy', args: [program, 'lint', SAMPLE], beside: 'bare Node' },
    { name: `${POLICIES} files parsed`, args: [PARSE, many], beside: `${POLICIES} files parsed` },
    { name: `lint of ${POLICIES} files`, args: [program, 'lint', many], beside: `${POLICIES} files parsed` },
  ]
}

const rounds = Number(process.argv[2] ?? 7)
const folder = mkdtempSync(join(tmpdir(), 'kubeskippy-bench-'))
try {
  await bundle(folder)
  const subjects = prepare(folder)
  const times = new Map<string, number[]>(subjects.map(({ name }) => [name, []]))
  // Round 0 fills the compile cache and the page cache, and is not counted.
  for (let round = 0; round <= rounds; round++) {
    console.error(round === 0 ? 'warming up' : `round ${round} of ${rounds}`)
    for (const subject of subjects) {
      const time = await timeOf(subject, join(folder, 'compile-cache'))
      if (round > 0) times.get(subject.name)?.push(time)
    }
  }
  const took = new Map([...times].map(([name, taken]) => [name, spread(taken)]))
  const rows = subjects.map(({ name, beside }) => {
    const [own, other] = [took.get(name), took.get(beside)]
    return own === undefined || other === undefined ? [name] : [name, show(own, 'ms'), ratio(own, other), beside]
  })
  console.log(`${rounds} rounds, median (least..most), Node ${process.version}\n`)
  console.log(table(['', 'ended after', 'x', 'of'], rows))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
