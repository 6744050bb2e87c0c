/** The workloads as seen from here: the cached world of decisions, and the live one of the last look before a write. */
import type { HealingPolicy, HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import type { HealerState, PodView, TargetView, World } from '../healing/snapshot.ts'
import type { Millis } from '../../shared/lib/time.ts'

export interface ClusterCache {
  world(namespace: string): World
  /** Time since the API server was last heard on the watch of pods. */
  age(): Millis
}

export interface LiveView {
  readonly policy: HealingPolicy | undefined
  readonly target: TargetView | undefined
  readonly world: World
  /** Disruption budgets that select the target. */
  readonly budgets: readonly string[]
}

export interface LiveReader {
  /** Everything that the act depends on, read now from the API server. */
  look(spec: HealingActionSpec): Promise<LiveView>
  /** Whether the healer of the namespace is there and may do what actions need. */
  healer(namespace: string): Promise<HealerState>
  killSwitch(): Promise<boolean>
  /** The pods of the namespace as they are now. */
  pods(namespace: string): Promise<readonly PodView[]>
}
