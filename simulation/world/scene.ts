/** What a happening may touch, and the time in which it does. */
import type { Chance } from '../engine/chance.ts'
import type { Replica } from '../engine/replica.ts'
import type { PolicyPlan, Simple, WorkloadPlan } from '../plan/plan.ts'
import type { Mark } from '../../shared/testing/oracle/history.ts'
import type { World } from './world.ts'

/** Tells the checkers what no call says. */
export type Note = (mark: Mark['mark'], of?: string) => void

export interface Scene {
  readonly world: World
  readonly workloads: readonly WorkloadPlan[]
  readonly replicas: readonly Replica[]
  readonly chance: Chance
  /** Seconds from the beginning. */
  readonly second: number
  readonly tell: (who: string, what: string) => void
  readonly note: Note
  readonly policies: readonly PolicyPlan[]
  /** What is to be after so many seconds, one at least, or when all faults end. */
  readonly later: (after: number, end: () => void) => void
  readonly workload: (index: number) => WorkloadPlan
  readonly policy: (index: number) => PolicyPlan
  readonly replica: (index: number) => Replica
}

export type Make<Kind extends Simple['kind']> = (happening: Extract<Simple, { readonly kind: Kind }>, scene: Scene) => void
export type Makes<Kind extends Simple['kind']> = { readonly [K in Kind]: Make<K> }
