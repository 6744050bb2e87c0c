import type { Ledger } from '../healing/ledger.ts'
import type { Refusal } from '../healing/refusal.ts'

export interface PolicyKey {
  readonly namespace: string
  readonly name: string
}

/** Own durable state that cannot be read as what it should be: acting stops, and it is never taken for empty (I19). */
export class LedgerUnreadable extends Error {
  override readonly name = 'LedgerUnreadable'
}

/** The durable memory. Every change is a compare-and-swap: the function may be called again on a fresh ledger. */
export interface Ledgers {
  /** undefined: there is none yet. @throws LedgerUnreadable */
  read(policy: PolicyKey): Promise<Ledger | undefined>
  /** Answers the ledger as stored. Nothing is written when the function returns its argument. @throws LedgerUnreadable */
  update(policy: PolicyKey, change: (ledger: Ledger) => Ledger): Promise<Ledger>
  /** As `update`; a refusal writes nothing, and is never for what a slow watch has not brought yet. @throws LedgerUnreadable */
  admit(policy: PolicyKey, change: (ledger: Ledger) => { readonly ledger: Ledger } | { readonly refusal: Refusal }): Promise<{ readonly ledger: Ledger } | { readonly refusal: Refusal }>
  remove(policy: PolicyKey): Promise<void>
}
