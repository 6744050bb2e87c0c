/** What happens in a simulation, as data: everything in it follows from this and from the seed. Times are whole seconds from the beginning. */
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'

export interface WorkloadPlan {
  readonly kind: 'Deployment' | 'StatefulSet'
  readonly namespace: string
  readonly name: string
  readonly replicas: number
  /** How long a new pod takes to be Ready: a slow recovery is a large one. */
  readonly readyAfter: number
  /** minAvailable of its disruption budget; absent: it has none. */
  readonly budget?: number
}

export interface PolicyPlan {
  readonly namespace: string
  readonly name: string
  readonly spec: Partial<HealingPolicySpec>
}

export type Symptom = 'crashing' | 'unready' | 'flapping' | 'leaking'
/** What ends it: a pod made anew, a new revision, a person or nothing that a policy does. */
export type Cure = 'replacement' | 'revision' | 'none'

export type PolicyEdit = 'suspend' | 'resume' | 'tighten' | 'loosen' | 'dryrun' | 'automatic' | 'next-action' | 'protect'

/** What of a ledger nobody can read any more: its next number, its slots, or its breaker. */
export type Corruption = 'ordinal' | 'entries' | 'breaker'

/** What the controller is about to do, of whoever does it. */
export type Moment = 'decision' | 'record' | 'ledger' | 'dry-run' | 'act'

/** What the world does. `workload` and `policy` are indices of the plan's lists. */
export type Happening =
  | Simple
  /** Once that moment has come so often from then on, and some seconds later. Of a fault of one controller: of the one that was about to. */
  | { readonly kind: 'cue'; readonly moment: Moment; readonly count: number; readonly wait: number; readonly what: Simple }

export type Simple =
  | { readonly kind: 'ail'; readonly workload: number; readonly symptom: Symptom; readonly cure: Cure; /** How many of its pods; absent: all. */ readonly pods?: number }
  | { readonly kind: 'recover'; readonly workload: number }
  | { readonly kind: 'mass-failure'; readonly symptom: Symptom; readonly cure: Cure }
  | { readonly kind: 'edit-policy'; readonly policy: number; readonly edit: PolicyEdit }
  | { readonly kind: 'recreate-policy'; readonly policy: number }
  | { readonly kind: 'delete-policy'; readonly policy: number }
  | { readonly kind: 'decide'; readonly decision: 'Approved' | 'Rejected' }
  /** Whatever is asked is approved within a second. */
  | { readonly kind: 'approve-all'; readonly seconds: number }
  | { readonly kind: 'delete-namespace'; readonly namespace: string }
  | { readonly kind: 'recreate-workload'; readonly workload: number }
  | { readonly kind: 'replace-pod'; readonly workload: number }
  | { readonly kind: 'touch-pod'; readonly workload: number }
  | { readonly kind: 'scale'; readonly workload: number; readonly replicas: number }
  | { readonly kind: 'roll-out'; readonly workload: number }
  | { readonly kind: 'ignore'; readonly workload: number }
  | { readonly kind: 'kill-switch'; readonly seconds: number }
  | { readonly kind: 'healer'; readonly namespace: string; readonly seconds: number }
  | { readonly kind: 'corrupt-ledger'; readonly policy: number; readonly what: Corruption; readonly seconds: number }
  | { readonly kind: 'corrupt-action'; readonly index: number }
  | { readonly kind: 'delete-action'; readonly index: number }
  | Fault

/** How calls fail while it lasts. */
export type CallFault = 'request-lost' | 'response-lost' | 'hang' | 'conflict' | 'throttled' | 'throttled-after' | 'error-before' | 'error-after' | 'unavailable'

export type WatchFault = 'drop' | 'end' | 'silent' | 'stale' | 'expire' | 'truncate' | 'compact'

/** Where a process dies: before a write is sent, before it is answered, or before the next one. */
export type CrashPoint = 'before' | 'after' | 'between'

export type Fault =
  | { readonly kind: 'calls'; readonly fault: CallFault; /** Of those calls, 0..1. */ readonly share: number; readonly only: 'writes' | 'reads' | 'all' | 'acts'; /** Of acts: until it has met one, at least. */ readonly seconds: number }
  | { readonly kind: 'watch'; readonly fault: WatchFault; readonly only: string; readonly seconds: number }
  | { readonly kind: 'crash'; readonly controller: number; readonly point: CrashPoint; /** Counted in its own from then on. */ readonly write: number; /** Until the next process begins. */ readonly seconds: number }
  /** Counted in acts from then on: of whoever acts. */
  | { readonly kind: 'crash-act'; readonly point: CrashPoint; readonly act: number; readonly seconds: number }
  /** Counted in dry runs and acts from then on. */
  | { readonly kind: 'pause-act'; readonly call: number; readonly seconds: number }
  | { readonly kind: 'pause'; readonly controller: number; readonly seconds: number }
  | { readonly kind: 'partition'; readonly controller: number; readonly seconds: number }
  | { readonly kind: 'clock'; readonly of: number | 'server'; readonly by: number; /** Until it is set right again. */ readonly seconds: number }
  | { readonly kind: 'metrics'; readonly fault: 'down' | 'slow' | 'lying' | 'empty' | 'NaN'; readonly seconds: number }
  | { readonly kind: 'slow-network'; readonly seconds: number }

export type Timed = Happening & { readonly at: number }

export interface Plan {
  readonly seed: number
  /** What the plan is aimed at. */
  readonly profile: string
  /** `elected`: several replicas and a lease. `alone`: one without. `unfenced`: two, and nobody asks who leads. */
  readonly controllers: 'elected' | 'alone' | 'unfenced'
  /** Actions in an hour of a namespace, and of the cluster; absent: as many as an installation has by default. */
  readonly limits?: { readonly namespace: number; readonly cluster: number }
  readonly workloads: readonly WorkloadPlan[]
  readonly policies: readonly PolicyPlan[]
  /** In order of time. */
  readonly happenings: readonly Timed[]
  /** When nothing new happens and every fault is over. */
  readonly calm: number
  /** When all that ails is over as well. */
  readonly cured: number
  /** When it is looked at what has become of everything. */
  readonly end: number
}
