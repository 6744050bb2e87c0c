/** What a history itself does not tell: of every invariant that is left open. */
import { actOf, isAct } from './acts.ts'
import { isWrite, type Call, type Entry, type Outside, type Setting } from './history.ts'
import { ACTIONS, OWN } from './world.ts'

export interface Missing {
  readonly index: number
  readonly entry: Entry
  readonly why: string
  /** Of the HealingAction. */
  readonly action?: { readonly namespace?: string | undefined; readonly name: string } | undefined
}

export const UNTOLD = 'nothing tells how it ended: it may have landed'

/** A write without an end is told by what is answered to a later one of the same object, or by who sees that: it shows what is stored. A dry run stores nothing. */
export function missingFrom(entries: readonly Entry[], setting: Setting): readonly Missing[] {
  return entries.flatMap((entry, index): Missing[] => {
    if (entry.kind === 'gap') return [{ index, entry, why: entry.why }]
    if (entry.kind !== 'open' || !matters(entry.call, setting)) return []
    const { call } = entry
    if (entries.slice(index).some((later) => (later.kind === 'call' ? tells(later, call) : later.kind === 'outside' && shows(later, call)))) return []
    return [{ index, entry, why: UNTOLD, action: actOf(call) ?? (call.collection === ACTIONS ? { namespace: call.namespace, name: call.name ?? '' } : undefined) }]
  })
}

const matters = (call: Call, setting: Setting): boolean => !call.dryRun && (OWN.has(call.collection) ? isWrite(call) : isAct(call, setting))

/** What is made has no name before the server has answered. */
const tells = (later: Call, { collection, namespace, name }: Call): boolean =>
  later.ok && !later.dryRun && isWrite(later) && later.collection === collection && later.namespace === namespace && (name === undefined || later.name === name)

const shows = ({ change }: Outside, { collection, namespace, name }: Call): boolean => {
  const { metadata } = change.after ?? change.before ?? {}
  return change.collection === collection && metadata?.namespace === namespace && (name === undefined || metadata?.name === name)
}
