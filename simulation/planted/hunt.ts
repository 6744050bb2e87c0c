/**
 * Looks for seeds that catch planted bugs, and writes down by which: `caught.json`, from which the table of docs/reference/proof.md follows.
 * Of bugs that are in it already only with their id.
 *
 *     node simulation/planted/hunt.ts [--seeds N] [ID...]
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { BUGS } from './bugs.ts'
import { CAUGHT_FILE, readCaught } from './caught.ts'
import { Control, tryWith } from './try.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seeds: { type: 'string', default: '60' } } })
const seeds = Array.from({ length: Number(values.seeds) }, (_, n) => ({ seed: n + 1 }))
const known = { ...readCaught() }
const control = new Control()

for (const { id } of BUGS.filter((bug) => (positionals.length === 0 ? known[bug.id] === undefined : positionals.includes(bug.id)))) {
  const found = await tryWith(id, seeds, { control })
  console.log(`${id}: ${found === undefined ? `not caught by ${seeds.length} seeds` : `seed ${found.seed}, ${found.invariant}: ${found.where}: ${found.why}`}`)
  if (found === undefined) continue
  known[id] = found
  writeFileSync(CAUGHT_FILE, `${JSON.stringify(Object.fromEntries(BUGS.flatMap((bug) => (known[bug.id] === undefined ? [] : [[bug.id, known[bug.id]]]))), undefined, 2)}\n`)
}
control.close()
