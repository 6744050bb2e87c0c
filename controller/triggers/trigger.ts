import type { AlertReadings } from '../healing/alerts.ts'
import type { MetricReadings } from '../healing/metrics.ts'
import type { Selected, Selection } from '../healing/select.ts'
import type { EventView, TargetView, WorkloadView } from '../healing/snapshot.ts'
import type { Instant, Millis } from '../../shared/lib/time.ts'
import type { RestartMarks } from './metric/restarts.ts'
import type { Occurrences } from './occurrences.ts'

/** What was remembered of an object on which the trigger was pending or firing. */
export interface Memory {
  readonly since: Instant
  /** Crashes of its containers when the state began: restarts, and the one that was due then. */
  readonly restarts: number
  /** As it was told last. */
  readonly state?: 'Pending' | 'Firing'
  readonly value?: number
  readonly evidence?: string
  /** Of an alert: when it was told last. */
  readonly confirmedAt?: Instant
}

/** What triggers look at beside the objects. */
export interface Signals {
  readonly metrics: MetricReadings
  readonly alerts: AlertReadings
  /** Of the reasons that policies of the namespace wait for. */
  readonly events: readonly EventView[]
  /** What policies of the namespace ask for and cannot be seen: why. Nothing is known of it. */
  readonly unseen: ReadonlyMap<string, string>
}

export interface DetectContext extends Signals {
  readonly now: Instant
  readonly stabilizationWindow: Millis
  readonly memory: Memory | undefined
  /** Remembered restarts of the object's containers. */
  readonly marks: readonly RestartMarks[]
  /** The policy selects this one object, by its name. */
  readonly single: boolean
  readonly workloads: readonly WorkloadView[]
  /** Remembered events about the object that count for the trigger. */
  readonly occurrences: readonly Occurrences[]
  /** Of an act that is verified: what happened before it does not tell whether it helped. */
  readonly actedAt?: Instant
}

/** No data is a state of its own: neither zero nor firing (I20). */
export type Observation = Remembering & Seen

interface Remembering {
  /** Restarts to remember, whatever the state. */
  readonly marks?: readonly RestartMarks[]
  /** Events to remember, whatever the state. */
  readonly occurrences?: readonly Occurrences[]
}

type Seen =
  /** Of an act that is verified: since when what held when it was made is over, where that was seen. */
  | { readonly state: 'Quiet'; readonly since?: Instant }
  | { readonly state: 'NoData'; readonly why: string }
  | {
      readonly state: 'Pending' | 'Firing'
      readonly since: Instant
      readonly firesAt: Instant
      readonly restarts: number
      /** Restarts so far, where they are what it is about. */
      readonly seen?: number
      /** The measured value, where there is one. */
      readonly value?: number
      /** One sentence for people, made of facts of the object's status that do not change all the time. */
      readonly evidence: string
      /** Of an alert: when it was told last. */
      readonly confirmedAt?: Instant
      /** When a look without any new event could see something else. */
      readonly recheckAt?: Instant
      /** Of an act that is verified: it began before the object was made, so it began with another one of that name. */
      readonly inherited?: true
    }

export type Trouble = Extract<Observation, { state: 'Pending' | 'Firing' }>
export const isTrouble = (o: Observation): o is Trouble => o.state === 'Pending' || o.state === 'Firing'

/** One file per trigger type. Pure. */
export interface TriggerKind<Args, Body> {
  readonly type: string
  /** @throws TerminalError for what the schema keeps out. */
  compile(body: Body): Args
  candidates(args: Args, selection: Selection, signals: Signals): readonly Selected[]
  detect(args: Args, object: TargetView, context: DetectContext): Observation
}
