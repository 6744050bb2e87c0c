/**
 * Tells the record of each action once for each process. What has ended is told before the ledger settles it, and settling is done again
 * until it has been done: so a crash at any moment tells something twice rather than never. Dry runs, of which no ledger knows, are told
 * again by whoever begins to lead (`tellRecent`).
 */
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { after, formatInstant, hours, parseInstant, type Instant } from '../../shared/lib/time.ts'
import { auditOf, deletedOf } from '../healing/audit.ts'
import { isEnded } from '../healing/outcome.ts'
import type { AuditStream } from '../ports/audit.ts'

/** Settling follows within seconds. */
const MOST_OVER = 1000
/** Longer than anybody is without a controller, but in trouble. */
const RECENT = hours(1)

export class AuditTrail {
  readonly #stream: AuditStream
  readonly #ended: (action: HealingAction) => void
  /** By uid of the action, while it is open: ids of what was told. */
  readonly #told = new Map<string, ReadonlySet<string>>()
  /** The newest of those that were told to their end: an action and its policy may both settle it. */
  readonly #over = new Set<string>()

  /** @param ended is told of every action that has ended; never throws */
  constructor(stream: AuditStream, ended: (action: HealingAction) => void = () => {}) {
    this.#stream = stream
    this.#ended = ended
  }

  /** Never throws. */
  tell(action: HealingAction): void {
    const { uid } = action.metadata
    if (this.#over.has(uid)) return
    const told = this.#told.get(uid)
    const events = auditOf(action)
    for (const event of events) if (told?.has(event.id) !== true) this.#stream.emit(event)
    if (isEnded(action)) {
      this.#finish(uid)
      this.#ended(action)
    } else this.#told.set(uid, new Set([...(told ?? []), ...events.map(({ id }) => id)]))
  }

  /** Dry runs that have ended not long ago: whoever carried them out may have died before telling. Never throws. */
  tellRecent(actions: Iterable<HealingAction>, now: Instant): void {
    for (const action of actions) {
      const end = parseInstant(action.status?.completionTime)
      if (action.spec.dryRun && isEnded(action) && end !== undefined && now < after(end, RECENT)) this.tell(action)
    }
  }

  /** It is gone. Of one that has ended nothing is new, unless this process knew it while it was open. Never throws. */
  deleted(action: HealingAction, at: Instant): void {
    const { uid } = action.metadata
    if (isEnded(action)) return this.#told.has(uid) ? this.tell(action) : undefined
    if (this.#over.has(uid)) return
    this.tell(action)
    this.#stream.emit(deletedOf(action, formatInstant(at)))
    this.#finish(uid)
  }

  /** It is gone, and another process tells of it. */
  forget(uid: string): void {
    this.#told.delete(uid)
  }

  #finish(uid: string): void {
    this.#told.delete(uid)
    this.#over.add(uid)
    const [oldest] = this.#over
    if (this.#over.size > MOST_OVER && oldest !== undefined) this.#over.delete(oldest)
  }
}
