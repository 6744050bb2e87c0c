/** For which shards this process may act. */
import type { Fence } from '../../shared/kube/fence.ts'
import type { Millis } from '../../shared/lib/time.ts'

export interface Shard extends Fence {
  /** Whether this process may write for it now. */
  readonly leading: boolean
  /** How long the work of a lost term has needed to end; 0 when there is none. */
  readonly endingFor: Millis
}

export interface Leadership {
  readonly shards: readonly Shard[]
  /** Works for a shard whenever this process may, until the signal aborts. */
  start(lead: (shard: number, term: AbortSignal) => Promise<void>): void
  /** What whoever holds the shard has to tell the others, read at each renewal. */
  tell(shard: number, what: () => string | undefined): void
  /** What its last holder told; undefined: nothing. */
  told(shard: number): string | undefined
  /** What is to be told now is told, and then read what the others have told. */
  exchange(): Promise<void>
  /** The work of all shards ends. Waits for it until the deadline. */
  stop(deadline: AbortSignal): Promise<void>
  /** Others need not wait for the leases to run out. */
  release(): Promise<void>
}
