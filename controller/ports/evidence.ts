/** What others said of an object, and what it said itself. Never more than evidence: failures are the caller's to note. */
import type { ObjectRef } from '../healing/snapshot.ts'
import type { Instant } from '../../shared/lib/time.ts'

export interface EventSeen {
  readonly type: string
  readonly reason: string
  readonly note: string
  readonly count: number
  readonly lastSeen: Instant | undefined
}

export interface LogRead {
  readonly text: string
  /** false: its last line may have been cut. */
  readonly whole: boolean
}

/** Of a container. */
export type Run = 'current' | 'previous'

export interface EvidenceSource {
  events(target: ObjectRef): Promise<readonly EventSeen[]>
  /** Whether the namespace has allowed it. */
  mayReadLogs(namespace: string): Promise<boolean>
  /** The end of what one run of the container wrote, as the healer of the namespace. @throws when there is no such run any more */
  log(pod: ObjectRef, container: string, run: Run): Promise<LogRead>
}
