/** What the policies of one file take from each other: slots of budgets that they share, and claims on workloads. */
import type { HealingLedger } from '../../shared/api/v1alpha1/types.ts'
import type { Instant } from '../../shared/lib/time.ts'

type Budget = NonNullable<HealingLedger['spec']['budget']>

/** Shared ledgers as the simulations of a file have left them, each at its time. */
export class SharedLedgers {
  readonly #left: { readonly at: Instant; readonly ledgers: readonly HealingLedger[] }[] = []

  /** Written by a simulation whose time was `at`. */
  leave(at: Instant, ledgers: readonly HealingLedger[]): void {
    this.#left.push({ at, ledgers: ledgers.filter(({ spec }) => spec.budget !== undefined) })
  }

  /** What a simulation whose time is `at` finds: what others have left before then, together. */
  found(at: Instant): readonly HealingLedger[] {
    const byName = new Map<string, HealingLedger>()
    for (const ledger of this.#left.filter((left) => left.at <= at).flatMap(({ ledgers }) => ledgers)) {
      const { budget } = ledger.spec
      if (budget === undefined) continue
      const other = byName.get(ledger.metadata.name)?.spec.budget
      byName.set(ledger.metadata.name, { ...ledger, spec: { budget: other === undefined ? budget : together(other, budget) } })
    }
    return [...byName.values()]
  }
}

function together(one: Budget, two: Budget): Budget {
  const claims = union(one.claims, two.claims)
  return { ...one, ...two, acts: union(one.acts, two.acts), ...(claims.length === 0 ? {} : { claims }) }
}

/** An act is in it once, as it was told last. */
const union = <Entry extends { readonly action: string }>(one: readonly Entry[] = [], two: readonly Entry[] = []): Entry[] => [...one.filter(({ action }) => !two.some((other) => other.action === action)), ...two]
