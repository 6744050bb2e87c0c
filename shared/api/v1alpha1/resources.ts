/** Every kind of the API, in the order of the documentation. */
import type { CustomResource } from '../../schema/structural.ts'
import { healingAction } from './healing-action.schema.ts'
import { healingLedger } from './healing-ledger.schema.ts'
import { healingPolicy } from './healing-policy.schema.ts'

export const resources: readonly CustomResource[] = [healingPolicy, healingAction, healingLedger]
