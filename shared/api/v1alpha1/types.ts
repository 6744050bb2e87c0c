/** Types of the API, inferred from the schema literals: a field exists here because it exists there. */
import type { FromSchema } from 'json-schema-to-ts'
import type { KubeObject } from '../../lib/object.ts'
import type { objectReference } from './fields.ts'
import type { healingAction } from './healing-action.schema.ts'
import type { healingLedger } from './healing-ledger.schema.ts'
import type { healingPolicy } from './healing-policy.schema.ts'
import type { actionTemplate } from './policy/actions/index.ts'

export type ObjectReference = FromSchema<typeof objectReference>

/** As stored: constants defaulted by the CRD, context defaults (`context-defaults.ts`) perhaps not yet. */
export type HealingPolicySpec = FromSchema<typeof healingPolicy.spec>
export type HealingPolicyStatus = FromSchema<typeof healingPolicy.status>
export type Trigger = HealingPolicySpec['triggers'][number]
export type ActionTemplate = FromSchema<typeof actionTemplate>
export type Mode = HealingPolicySpec['mode']

export type HealingActionSpec = FromSchema<typeof healingAction.spec>
export type HealingActionStatus = FromSchema<typeof healingAction.status>
/** As stored: of a policy, or of a budget. */
export type StoredLedgerSpec = FromSchema<typeof healingLedger.spec>
type OfPolicy = 'policy' | 'nextOrdinal' | 'entries' | 'breaker' | 'incidents' | 'outcomes'
/** Of a policy. */
export type HealingLedgerSpec = Omit<StoredLedgerSpec, OfPolicy | 'budget'> & Required<Pick<StoredLedgerSpec, OfPolicy>>
/** Of a budget that policies share. */
export type BudgetLedgerSpec = Required<Pick<StoredLedgerSpec, 'budget'>>

export interface HealingPolicy extends KubeObject {
  readonly spec: HealingPolicySpec
  readonly status?: HealingPolicyStatus
}

export interface HealingAction extends KubeObject {
  readonly spec: HealingActionSpec
  readonly status?: HealingActionStatus
}

export interface HealingLedger extends KubeObject {
  readonly spec: StoredLedgerSpec
}
