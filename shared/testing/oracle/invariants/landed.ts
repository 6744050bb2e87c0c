/** Acts that have landed, and who has looked at what they were done to since: who then says that nothing was done has not found out. */
import type { HealingAction } from '../../../api/v1alpha1/types.ts'
import { actionOf, isAct, isEffective } from '../acts.ts'
import { processOf, type Call, type Change, type Setting } from '../history.ts'
import { ACTIONS, type World } from '../world.ts'

export class Landed {
  readonly #acts = new Map<string, { readonly write: Call; readonly seenBy: Set<string> }>()

  take(entry: Call, world: World, setting: Setting): void {
    const action = isAct(entry, setting) && isEffective(entry) ? actionOf(entry, world) : undefined
    if (action !== undefined && action.status?.undo === undefined) this.#acts.set(action.metadata.uid, { write: entry, seenBy: new Set() })
    // That it is gone is seen, too.
    if (entry.verb !== 'get' || !setting.isController(entry.user) || !(entry.ok || entry.answer === 404 || entry.answer === 'NotFound')) return
    for (const { write, seenBy } of this.#acts.values()) {
      const same = write.collection === entry.collection && write.namespace === entry.namespace && write.name === entry.name
      if (same && entry.received > write.at) seenBy.add(processOf(entry))
    }
  }

  /** The write of an action that is ended by this call as if nothing had been written. */
  deniedBy(entry: Call, { collection, after }: Change, world: World): Call | undefined {
    const action = collection === ACTIONS ? (after as HealingAction | undefined) : undefined
    if (action?.status?.phase !== 'Cancelled' || world.action(action.metadata)?.status?.phase === 'Cancelled') return undefined
    const landed = this.#acts.get(action.metadata.uid)
    return landed?.seenBy.has(processOf(entry)) === true ? landed.write : undefined
  }
}
