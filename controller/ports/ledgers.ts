import type { Ledger } from '../healing/ledger.ts'
import type { Refusal } from '../healing/refusal.ts'
import type { BudgetScope, SharedBudget } from '../healing/shared-budget.ts'

export interface PolicyKey {
  readonly namespace: string
  readonly name: string
}

export const textOf = ({ namespace, name }: PolicyKey): string => `${namespace}/${name}`

/** Own durable state that cannot be read as what it should be: acting stops, and it is never taken for empty (I19). */
export class LedgerUnreadable extends Error {
  override readonly name = 'LedgerUnreadable'
}

/** Answers the next state, or why it may not be. May be called again on a fresh one. */
export type Admit<Held> = (held: Held) => { readonly ledger: Held } | { readonly refusal: Refusal }

/** The durable memory. Every change is a compare-and-swap: the function may be called again on a fresh ledger. */
export interface Ledgers {
  /** undefined: there is none yet. @throws LedgerUnreadable */
  read(policy: PolicyKey): Promise<Ledger | undefined>
  /** As `read`, but from the API server itself: nothing that another controller has stored by now is missing from it. `asking`: called as the question leaves. @throws LedgerUnreadable */
  reread(policy: PolicyKey, asking?: () => void): Promise<Ledger | undefined>
  /** Answers the ledger as stored. Nothing is written when the function returns its argument. @throws LedgerUnreadable */
  update(policy: PolicyKey, change: (ledger: Ledger) => Ledger): Promise<Ledger>
  /** As `update`; a refusal writes nothing, and is never for what a slow watch has not brought yet. @throws LedgerUnreadable */
  admit(policy: PolicyKey, change: Admit<Ledger>): Promise<ReturnType<Admit<Ledger>>>
  remove(policy: PolicyKey): Promise<void>

  /** The same of a budget that policies share. @throws LedgerUnreadable */
  readBudget(scope: BudgetScope): Promise<SharedBudget | undefined>
  updateBudget(scope: BudgetScope, change: (budget: SharedBudget) => SharedBudget): Promise<SharedBudget>
  admitBudget(scope: BudgetScope, change: Admit<SharedBudget>): Promise<ReturnType<Admit<SharedBudget>>>
  removeBudget(scope: BudgetScope): Promise<void>
  /** Namespaces that have a budget, as the watch shows them. */
  budgetedNamespaces(): readonly string[]
}
