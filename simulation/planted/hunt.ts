/**
 * Looks for seeds that catch planted bugs, and writes down by which: `caught.json`, from which the table of docs/reference/proof.md follows.
 * Of bugs that are in it already only with their id.
 *
 *     node simulation/planted/hunt.ts [--seeds N] [--until SECONDS] [ID...]    N of its profile, and the first N; no further than SECONDS
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { profileOf } from '../plan/generate.ts'
import { PROFILES } from '../plan/profiles.ts'
import { BUGS, type Bug } from './bugs.ts'
import { CAUGHT_FILE, readCaught } from './caught.ts'
import type { Trial } from '../worker.ts'
import { Control, tryWith } from './try.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seeds: { type: 'string', default: '20' }, until: { type: 'string', default: '' } } })
const known = { ...readCaught() }

/** The one that has caught it before, those of the plans that are aimed at it, and as many as come. */
function seedsFor({ id, profile }: Bug): readonly Trial[] {
  const any = Array.from({ length: Number(values.seeds) * PROFILES.length }, (_, n) => n + 1)
  const its = any.filter((seed) => profileOf(seed).name === profile)
  const before = known[id]?.seed
  return [...new Set([...(before === undefined ? [] : [before]), ...its, ...any.slice(0, Number(values.seeds))])].map((seed) => ({ seed, ...(values.until === '' ? {} : { until: Number(values.until) }) }))
}
const control = new Control()

for (const bug of BUGS.filter((one) => (positionals.length === 0 ? known[one.id] === undefined : positionals.includes(one.id)))) {
  const { id } = bug
  const seeds = seedsFor(bug)
  const found = await tryWith(id, seeds, { control })
  console.log(`${id}: ${found === undefined ? `not caught by ${seeds.length} seeds` : `seed ${found.seed}, ${found.invariant}: ${found.where}: ${found.why}`}`)
  if (found === undefined) continue
  known[id] = found
  writeFileSync(CAUGHT_FILE, `${JSON.stringify(Object.fromEntries(BUGS.flatMap((bug) => (known[bug.id] === undefined ? [] : [[bug.id, known[bug.id]]]))), undefined, 2)}\n`)
}
control.close()
