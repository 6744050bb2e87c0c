/** Our own objects. The controller's account writes these and nothing else. */
import type { HealingAction, HealingActionSpec, HealingActionStatus, HealingPolicy, HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import type { PolicyKey } from './ledgers.ts'

export interface OwnObjects {
  /** As cached, but never older than our own last write. */
  policy(key: PolicyKey): HealingPolicy | undefined
  action(key: PolicyKey): HealingAction | undefined
  /** What the schema says against it. Own state of that kind stops acting; it is never read as empty (I19). */
  malformed(action: HealingAction): { readonly in: 'spec' | 'status'; readonly message: string } | undefined
  /** The same of a policy's status; undefined: nothing. */
  malformedStatus(policy: HealingPolicy): string | undefined
  /** Actions of a namespace, or on something in it, that are not in a final phase. */
  openActions(namespace: string): readonly HealingAction[]
  /** Policies of a namespace, and those that select it. */
  policiesIn(namespace: string): readonly HealingPolicy[]
  /** Of all namespaces. */
  allPolicies(): readonly HealingPolicy[]
  /** All actions of a policy of that name, also of one that is gone. */
  actionsOf(policy: PolicyKey): readonly HealingAction[]

  /** This and the other status are conditional on the version that was read; a lost answer is found out by reading (I18). */
  writePolicyStatus(policy: HealingPolicy, status: HealingPolicyStatus): Promise<void>
  /** `Exists`: there is one of this name and spec (a successor after a crash made it). `Differs`: of another spec. */
  createAction(name: string, spec: HealingActionSpec): Promise<'Created' | 'Exists' | 'Differs'>
  /** null removes a field. */
  writeActionStatus(action: HealingAction, status: StatusPatch): Promise<HealingAction>
  /** As it was read, and no other one of that name. That it is gone already is as good. */
  deleteAction(action: HealingAction): Promise<void>
  /** A read of the API server, not of the cache. */
  actionExists(key: PolicyKey): Promise<boolean>
}

export type StatusPatch = { readonly [K in keyof HealingActionStatus]?: HealingActionStatus[K] | null }
