/** Until when workloads cool down, as ledgers have said: the next incident takes the place of the one before, and what it said with it. */
import type { HealingAction, HealingLedger } from '../../../api/v1alpha1/types.ts'
import { latest, parseInstant, type Instant, type Millis } from '../../../lib/time.ts'
import type { Call } from '../history.ts'
import { LEDGERS } from '../world.ts'

type Incident = Pick<HealingAction['spec']['incident'], 'id' | 'subject'>

const keyOf = (policy: { readonly namespace: string; readonly name: string }, trigger: string, { kind, name }: Incident['subject']): string => `${policy.namespace}/${policy.name} ${trigger} ${kind}/${name}`

export class Cooldowns {
  readonly #until = new Map<string, { readonly id: string; readonly until: Instant }>()
  #now: Instant | undefined

  take({ at, collection, ok, dryRun, changes }: Call, slack: Millis): void {
    // What was written by a clock that has been set back since says nothing of now.
    if (this.#now !== undefined && at < this.#now - slack) this.#until.clear()
    this.#now = this.#now === undefined || at < this.#now - slack ? at : latest(at, this.#now)
    if (collection !== LEDGERS || !ok || dryRun) return
    for (const { after } of changes) {
      const { policy, incidents } = (after as HealingLedger | undefined)?.spec ?? {}
      if (policy === undefined || !Array.isArray(incidents)) continue
      for (const { id, trigger, subject, cooldownUntil } of incidents) {
        const until = parseInstant(cooldownUntil)
        if (until !== undefined) this.#until.set(keyOf(policy, trigger, subject), { id, until })
      }
    }
  }

  /** Of the incident before this one; undefined: none is known. */
  of(policy: { readonly namespace: string; readonly name: string }, trigger: string, { id, subject }: Incident): Instant | undefined {
    const found = this.#until.get(keyOf(policy, trigger, subject))
    return found === undefined || found.id === id ? undefined : found.until
  }
}
