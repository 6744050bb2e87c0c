/** Which fault is tried at which write of which action: every pair of the three, or everything. Pure. */
import { ACTIONS, LADDER } from './actions.ts'
import { FAULTS, type FaultKind } from './kinds.ts'
import { hasPoint, POINTS, type Point } from './points.ts'

export interface Cell {
  readonly fault: FaultKind
  readonly action: string
  readonly point: Point
}

/** A disruption budget refuses evictions and nothing else. */
const makesSense = ({ fault, action, point }: Cell): boolean =>
  hasPoint(action, point) && (!fault.name.startsWith('429 budget') || (['evict', 'graceful', 'recreate'].includes(action) && ['dry run', 'act', 'step'].includes(point)))

export const everything = (): readonly Cell[] =>
  FAULTS.flatMap((fault) => ACTIONS.flatMap(({ name: action }) => POINTS.map((point) => ({ fault, action, point })))).filter(makesSense)

/** The ledger of the cluster is one for all places: whoever is held there holds the others up before they come to it. */
export const isLonely = ({ fault, point }: Cell): boolean => point === 'cluster' && fault.when === 'kill' && fault.name !== 'killed after'

/** Every fault at the write that opens a breaker, and at the one that half-opens it. */
export const atBreakers = (): readonly Cell[] =>
  (['opens', 'half-opens'] as const).flatMap((point) => FAULTS.map((fault) => ({ fault, action: LADDER.name, point }))).filter(makesSense)

const pairsOf = ({ fault, action, point }: Cell): readonly string[] => [`${fault.name} of ${action}`, `${fault.name} at ${point}`, `${action} at ${point}`]

/** The fewest that a greedy choice finds: always one that covers the most that is not covered yet. */
export function pairwise(cells: readonly Cell[]): readonly Cell[] {
  const open = new Set(cells.flatMap(pairsOf))
  const left = new Set(cells)
  const chosen: Cell[] = []
  while (open.size > 0) {
    let best: Cell | undefined
    let most = 0
    for (const cell of left) {
      const gain = pairsOf(cell).filter((pair) => open.has(pair)).length
      if (gain > most) [best, most] = [cell, gain]
      if (gain === 3) break
    }
    if (best === undefined) break
    for (const pair of pairsOf(best)) open.delete(pair)
    left.delete(best)
    chosen.push(best)
  }
  return chosen
}

export const cover = (cells: readonly Cell[]): ReadonlySet<string> => new Set(cells.flatMap(pairsOf))
