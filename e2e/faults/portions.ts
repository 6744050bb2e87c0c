/** All that `make faults` tries, in portions: the audit log of one has to be short enough to be read as one text. */
import { minutes } from '../../shared/lib/time.ts'
import { ACTIONS, ALL, LADDER, RUNGS } from './actions.ts'
import { atBreakers, everything, isLonely, type Cell } from './pairs.ts'
import { PROCESS_FAULTS } from './processes.ts'
import type { Trials } from './trials.ts'
import type { Forbidden } from './verdict.ts'
import { WATCH_FAULTS } from './watches.ts'

export interface Portion {
  /** Selects it on the command line: `make faults ONLY="kills watches"`. */
  readonly name: string
  /** Faults that are tried. */
  readonly least: number
  /** What is done without a fault as well. */
  readonly actions: readonly string[]
  /** Actions whose policy forbids them at the last moment. */
  readonly forbids: readonly string[]
  /** @returns what became of those that were forbidden */
  readonly tries: (trials: Trials) => Promise<readonly Forbidden[]>
}

/** Places on one cluster: each leaves some 0.4 MB in the audit log, and one that is killed more. */
const WRITES = 360
const KILLS = 160

const names = (actions: readonly { readonly name: string }[]): readonly string[] => actions.map(({ name }) => name)

function split(name: string, cells: readonly Cell[], size: number, tries: (trials: Trials, cells: readonly Cell[]) => Promise<void>): readonly Portion[] {
  const count = Math.ceil(cells.length / size)
  return Array.from({ length: count }, (_, n): Portion => {
    const its = cells.slice(n * size, (n + 1) * size)
    return {
      name: `${name} ${n + 1}/${count}`, least: its.length, actions: names(ALL), forbids: [],
      tries: async (trials) => {
        await tries(trials, its)
        return []
      },
    }
  })
}

const cells = everything()

const forbidden: Portion = {
  name: 'forbidden', least: ACTIONS.length, actions: names(ALL), forbids: names(ACTIONS),
  tries: async (trials) => Promise.all((await trials.forbidden()).map(async (place): Promise<Forbidden> => {
    const ends = (await place.actions()).map(({ status }) => `${status?.phase} ${status?.result?.reason}`)
    return { action: place.under.name, namespace: place.namespace, ends }
  })),
}

const breakers: Portion = {
  name: 'breakers', least: atBreakers().length, actions: names([...ALL, LADDER]), forbids: [],
  tries: async (trials) => {
    await trials.together(atBreakers(), LADDER.name, RUNGS)
    return []
  },
}

const watches: Portion = {
  name: 'watches', least: WATCH_FAULTS.length * ALL.length, actions: names(ALL), forbids: [],
  tries: async (trials) => {
    for (const { name, happens, comparable = true } of WATCH_FAULTS) await trials.during(name, () => happens(trials), { within: minutes(8), comparable })
    return []
  },
}

const processes: Portion = {
  name: 'processes', least: PROCESS_FAULTS.length * ALL.length, actions: names(ALL), forbids: [],
  tries: async (trials) => {
    for (const { run } of PROCESS_FAULTS) await run(trials)
    return []
  },
}

export const PORTIONS: readonly Portion[] = [
  ...split('writes', cells.filter(({ fault }) => fault.when !== 'kill'), WRITES, (trials, its) => trials.atWrites(its)),
  ...split('kills', cells.filter((cell) => cell.fault.when === 'kill' && !isLonely(cell)), KILLS, (trials, its) => trials.byKilling(its)),
  ...split('lonely kills', cells.filter(isLonely), KILLS, (trials, its) => trials.byKilling(its)),
  forbidden,
  breakers,
  watches,
  processes,
]
