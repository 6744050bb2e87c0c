/** Which HealingLedger object holds what, and how it is read: that of a policy, and those of the budgets that policies share. */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingLedger } from '../../shared/api/v1alpha1/healing-ledger.schema.ts'
import type { HealingLedger, HealingLedgerSpec, StoredLedgerSpec } from '../../shared/api/v1alpha1/types.ts'
import { shortHash } from '../../shared/lib/hash.ts'
import { remembered } from '../../shared/lib/remembered.ts'
import { compileResource } from '../../shared/schema/validate.ts'
import { emptyLedger, type Ledger } from '../healing/ledger.ts'
import { emptyBudget, type BudgetScope, type SharedBudget } from '../healing/shared-budget.ts'
import { LedgerUnreadable, type PolicyKey } from '../ports/ledgers.ts'

/** One object of the operator's namespace. */
export interface Slot<Held> {
  readonly name: string
  readonly empty: Held
  /** undefined: it is not of this kind, or of somebody else. */
  readonly unwrap: (spec: StoredLedgerSpec) => Held | undefined
  readonly wrap: (held: Held) => StoredLedgerSpec
}

/** By policy name and namespace, never by uid: recreating a policy resets nothing. */
export const policySlot = (policy: PolicyKey): Slot<Ledger> => ({
  name: `policy-${shortHash([policy.namespace, policy.name])}`,
  empty: emptyLedger(policy),
  unwrap: (spec) => (isOfPolicy(spec) && spec.policy.namespace === policy.namespace && spec.policy.name === policy.name ? spec : undefined),
  wrap: (held) => held,
})

export const budgetSlot = (scope: BudgetScope): Slot<SharedBudget> => ({
  name: scope.scope === 'Cluster' ? 'shared-cluster' : `shared-namespace-${scope.namespace}`,
  empty: emptyBudget(scope),
  unwrap: ({ budget }) => (budget?.scope === scope.scope && budget.namespace === (scope.scope === 'Namespace' ? scope.namespace : undefined) ? budget : undefined),
  wrap: (budget) => ({ budget }),
})

const isOfPolicy = (spec: StoredLedgerSpec): spec is HealingLedgerSpec =>
  spec.policy !== undefined &&
  spec.budget === undefined &&
  spec.nextOrdinal !== undefined &&
  spec.entries !== undefined &&
  spec.breaker !== undefined &&
  spec.incidents !== undefined &&
  spec.outcomes !== undefined

const validate = compileResource(healingLedger, API_VERSION)

/** Once for each version: it is read again whenever something is decided. */
export const problemOf = remembered((found: HealingLedger): string | undefined => {
  const [issue] = validate(found)
  if (issue !== undefined) return `${issue.path}: ${issue.message}`
  // What the CEL rules of its schema say.
  const name = nameOf(found.spec)
  if (name === undefined) return 'spec: it has not all that is of a policy, nor a budget'
  return name === found.metadata.name ? undefined : `spec: it is about something else than its name says, which would be ${name}`
})

/** What a ledger that holds this is called; undefined: none does. */
function nameOf(spec: StoredLedgerSpec): string | undefined {
  if (isOfPolicy(spec)) return policySlot(spec.policy).name
  const { budget, policy } = spec
  if (budget === undefined || policy !== undefined) return undefined
  if (budget.scope === 'Cluster') return budgetSlot({ scope: 'Cluster' }).name
  return budget.namespace === undefined ? undefined : budgetSlot({ scope: 'Namespace', namespace: budget.namespace }).name
}

/** @throws LedgerUnreadable when it is not what its schema says, or is about something else. */
export function readable<Held>({ name, unwrap }: Slot<Held>, found: HealingLedger): Held {
  const problem = problemOf(found)
  if (problem !== undefined) throw new LedgerUnreadable(`ledger ${name} is malformed at ${problem}`)
  const held = unwrap(found.spec)
  if (held === undefined) throw new LedgerUnreadable(`ledger ${name} is about something else`)
  return held
}
