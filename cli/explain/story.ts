/** Everything that an explanation is made of, gathered beforehand. */
import type { HealingAction, HealingLedgerSpec, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import type { Instant } from '../../shared/lib/time.ts'

/** core/v1. */
export interface EventObject extends KubeObject {
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly note?: string
  readonly count?: number
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string } | null
}

/** What stops healing from outside of the policy's own status, as it is now. */
export interface Stops {
  readonly killSwitch: boolean
  /** Reasons of the annotations. */
  readonly policyPaused: string | undefined
  readonly namespacePaused: string | undefined
}

export interface PolicyStory {
  readonly kind: 'policy'
  readonly now: Instant
  readonly policy: HealingPolicy
  /** What the schema says against it: a status that was changed by hand is not read. */
  readonly problems: readonly string[]
  /** The oldest first. */
  readonly actions: readonly HealingAction[]
  readonly events: readonly EventObject[]
  readonly stops: Stops
  /** undefined: there is none, or the person may not read it. */
  readonly ledger: HealingLedgerSpec | undefined
}

export interface ActionStory {
  readonly kind: 'action'
  readonly now: Instant
  readonly action: HealingAction
  readonly problems: readonly string[]
  /** undefined: it is gone. */
  readonly policy: HealingPolicy | undefined
  /** Of the same incident, this one included; the oldest first. */
  readonly incident: readonly HealingAction[]
  readonly events: readonly EventObject[]
}

/** In the order in which they were decided. */
export const inOrder = (actions: readonly HealingAction[]): readonly HealingAction[] =>
  actions.toSorted(
    (a, b) =>
      compare(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
      (a.spec.incident?.ordinal ?? 0) - (b.spec.incident?.ordinal ?? 0) ||
      (a.spec.incident?.rung ?? 0) - (b.spec.incident?.rung ?? 0),
  )

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
