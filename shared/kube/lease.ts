/** What a Lease says, and what the next one says. Pure; the times are those of client-go. */
import { isObject } from '../lib/json.ts'
import type { KubeObject } from '../lib/object.ts'
import { formatInstant, millis, minutes, seconds, type Instant, type Millis } from '../lib/time.ts'
import type { KubeManifest } from './api.ts'
import { apiVersionOf, LEASES } from './resources.ts'

export interface LeaseTimes {
  /** Others take a lease that has not been renewed for so long. */
  readonly duration: Millis
  /** Its holder stops writing when it could not renew it for so long. Shorter: what is under way then has the difference to arrive. */
  readonly renewDeadline: Millis
  /** Between two tries. */
  readonly retryPeriod: Millis
  /** Of those who wait, as a share of the retry period: they must not all come at once. */
  readonly retryJitter: number
}

export const LEASE_TIMES: LeaseTimes = { duration: seconds(15), renewDeadline: seconds(10), retryPeriod: seconds(2), retryJitter: 1.2 }

/** A lease whose duration was written by hand must not lock everybody out for ever. */
const LONGEST = minutes(5)

export interface Lease extends KubeObject {
  readonly spec?: unknown
}

const specOf = ({ spec }: Lease): Readonly<Record<string, unknown>> => (isObject(spec) ? spec : {})

/** undefined: nobody holds it. */
export function holderOf(lease: Lease): string | undefined {
  const { holderIdentity } = specOf(lease)
  return typeof holderIdentity === 'string' && holderIdentity !== '' ? holderIdentity : undefined
}

/**
 * How long it holds after it was last seen to change, by the clock of whoever looks: the times in it are of another
 * clock. Never shorter than our own: a holder of this program counts on that, whatever somebody wrote there.
 */
export function holdsFor(lease: Lease, { duration }: LeaseTimes): Millis {
  const { leaseDurationSeconds } = specOf(lease)
  return typeof leaseDurationSeconds === 'number' ? millis(Math.min(LONGEST, Math.max(duration, leaseDurationSeconds * 1000))) : duration
}

export const transitionsOf = (lease: Lease): number => {
  const { leaseTransitions } = specOf(lease)
  return typeof leaseTransitions === 'number' && Number.isSafeInteger(leaseTransitions) ? leaseTransitions : 0
}

/** The same text: its holder has not renewed it in between. Somebody's label on it is no renewal. */
export const fingerprint = (lease: Lease): string => JSON.stringify([lease.metadata.uid, specOf(lease)])

export interface Holder {
  readonly identity: string
  readonly now: Instant
  readonly times: LeaseTimes
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

export const newLease = (key: { readonly namespace: string; readonly name: string }, { identity, now, times, annotations }: Holder): KubeManifest & { readonly spec: unknown } => ({
  apiVersion: apiVersionOf(LEASES),
  kind: LEASES.kind,
  metadata: { ...key, ...(annotations === undefined ? {} : { annotations }) },
  spec: { ...held(identity, now, times), acquireTime: microTime(now), leaseTransitions: 0 },
})

/** As found, fields of others included, with this holder in it. */
export function takenLease(found: Lease, { identity, now, times, annotations }: Holder): Lease {
  const spec = specOf(found)
  const same = holderOf(found) === identity
  return {
    ...found,
    ...(annotations === undefined ? {} : { metadata: { ...found.metadata, annotations: { ...found.metadata.annotations, ...annotations } } }),
    spec: {
      ...spec,
      ...held(identity, now, times),
      ...(same ? {} : { acquireTime: microTime(now), leaseTransitions: transitionsOf(found) + 1 }),
    },
  }
}

/** Free for whoever comes next, at once. */
export const releasedLease = (found: Lease, now: Instant): Lease => ({
  ...found,
  spec: { ...specOf(found), holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now), acquireTime: microTime(now) },
})

const held = (identity: string, now: Instant, { duration }: LeaseTimes) => ({
  holderIdentity: identity,
  leaseDurationSeconds: Math.round(duration / 1000),
  renewTime: microTime(now),
})

/** MicroTime of Kubernetes: six digits, no fewer. */
const microTime = (time: Instant): string => formatInstant(time).replace('Z', '000Z')
