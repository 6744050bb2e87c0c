/** All of the work in one shard: for the holder of one lease, or for a program that asks nobody. */
import type { LeaseElection } from '../../shared/kube/lease-election.ts'
import { NotLeading } from '../../shared/kube/errors.ts'
import { noFence, type Fence } from '../../shared/kube/fence.ts'
import { millis } from '../../shared/lib/time.ts'
import type { Leadership } from '../ports/leadership.ts'

/** There are no others. */
const silent = { tell: () => {}, told: () => undefined, exchange: async () => {} }

export const ofOneLease = (election: LeaseElection): Leadership => ({
  ...silent,
  shards: [election],
  start: (lead) => election.start((term) => lead(0, term)),
  stop: (deadline) => election.stop(deadline),
  release: () => election.release(),
})

/** Works alone, or beside others without asking. */
export function withoutLease(): Leadership {
  const end = new AbortController()
  let working: Promise<void> | undefined
  return {
    ...silent,
    shards: [{ ...noFence, leading: true, endingFor: millis(0) }],
    start: (lead) => {
      working ??= lead(0, end.signal)
    },
    stop: async () => {
      end.abort()
      await working
    },
    release: async () => {},
  }
}

/** For what belongs to no shard: while any of them is led. */
export const anyShard = ({ shards }: Leadership): Fence => ({
  check: () => {
    if (!shards.some(({ leading }) => leading)) throw new NotLeading('this process holds no lease, or could not renew it in time')
  },
  left: () => millis(Math.max(1, ...shards.filter(({ leading }) => leading).map((shard) => shard.left()))),
})
