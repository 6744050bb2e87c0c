/** The workloads as seen from here: the cached world of decisions, and the live one of the last look before a write. */
import type { KubeObject } from '../../shared/lib/object.ts'
import type { HealingPolicy, HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import type { DisruptionBudget } from '../actions/disruption.ts'
import type { Claim } from '../healing/act-guards.ts'
import type { Ground } from '../healing/ground.ts'
import type { Refusal } from '../healing/refusal.ts'
import type { Consent, HealerState, ObjectRef, TargetView, WorkloadView, World } from '../healing/snapshot.ts'
import type { Millis } from '../../shared/lib/time.ts'

/** The namespaces that a policy selects, and whether each lets it in: the own one always does. */
export type Reach = ReadonlyMap<string, Consent>

export interface ClusterCache {
  /** @param namespace the policy's own. Objects are those of the namespaces that let it in. */
  world(namespace: string, reach: Reach): World
  /** Time since the API server was last heard on the watch of pods. */
  age(): Millis
}

export interface LiveView {
  readonly policy: HealingPolicy | undefined
  readonly target: TargetView | undefined
  /** The target as the API server told it; its scale where it is known by that. */
  readonly raw: KubeObject | undefined
  /** Why nothing can be done to the target, whatever the policy says. */
  readonly blocked: Refusal | undefined
  readonly world: World
  /** Disruption budgets of the namespace, where the act evicts. */
  readonly budgets: readonly DisruptionBudget[]
}

/** Before a decision is recorded. */
export interface Readiness {
  /** Whether the account that would act is there and may. */
  readonly healer: HealerState
  /** Why nothing of the target's kind can be acted on. */
  readonly blocked?: Refusal
  /** The target where no watch has it. */
  readonly target?: WorkloadView
}

export interface Surroundings extends Pick<World, 'pods' | 'workloads'> {
  /** Why the target itself could not be read. */
  readonly blocked?: Refusal
}

/** What was asked just before a write has no answer: nothing is sent then. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'
}

export interface LiveReader {
  /** Everything that the act depends on, read now from the API server. */
  look(spec: HealingActionSpec): Promise<LiveView>
  /** Whether there is somebody who may do this, and to what. */
  readiness(spec: HealingActionSpec): Promise<Readiness>
  /** What others may have changed since that look, beside the target itself. @param owners of what is written to @throws Unanswered */
  ground(spec: HealingActionSpec, owners: readonly ObjectRef[]): Promise<Ground>
  /** @throws Unanswered */
  killSwitch(): Promise<boolean>
  /** Whether `namespace` lets policies of `home` in, asked now. Never throws: `Unknown`. */
  consent(home: string, namespace: string): Promise<Consent>
  /** Autoscalers of the namespace. */
  claims(namespace: string): Promise<readonly Claim[]>
  /** The pods of the target's namespace, and the workload that was acted on, as they are now. */
  around(spec: HealingActionSpec): Promise<Surroundings>
}
