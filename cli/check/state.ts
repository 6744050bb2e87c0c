import { CONTROLLER_LEASE, KILL_SWITCH, OPERATOR_NAMESPACE, sharedBy, shardLease } from '../../shared/api/v1alpha1/names.ts'
import type { HealingLedger } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { holderOf, LEASE_TIMES, type Lease } from '../../shared/kube/lease.ts'
import { CONFIG_MAPS, HEALING_LEDGERS, LEASES } from '../../shared/kube/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import { plural, printable, quoted } from '../../shared/lib/text.ts'
import { millis, parseInstant } from '../../shared/lib/time.ts'
import { span } from '../layout.ts'
import { problemOf } from '../../controller/adapters/ledger-slots.ts'
import { find, listAll } from '../reading.ts'
import { fail, ok, warn, type Check } from './finding.ts'

export const killSwitchCheck: Check = {
  name: 'kill-switch',
  run: async ({ api }) => {
    const found = await find<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(api, CONFIG_MAPS, { namespace: OPERATOR_NAMESPACE, name: KILL_SWITCH })
    if (found === undefined) return [ok('is off')]
    const reason = found.data?.['reason']
    return [warn(`is on since ${found.metadata.creationTimestamp ?? 'some time'}${reason === undefined ? '' : ` (${quoted(reason, 200)})`}: nothing new is done in the cluster`, 'kubeskippy resume --all')]
  },
}

const RUN = 'is the controller running? Look at its log'

/** Whether controllers are at work: each lease is renewed every few seconds, that of each shard too where they share the work. */
export const leaseCheck: Check = {
  name: 'lease',
  run: async ({ api, now }) => {
    const read = (name: string): Promise<Lease | undefined> => find<Lease>(api, LEASES, { namespace: OPERATOR_NAMESPACE, name })
    const common = await read(CONTROLLER_LEASE)
    if (common === undefined) return [warn(`${CONTROLLER_LEASE} is not there: no controller has run yet, or it runs with --leader-elect=false`, RUN)]
    const found = judgeLease(common, CONTROLLER_LEASE, 'nothing is healed', now)
    const shards = sharedBy(holderOf(common))
    if (found.result !== 'ok' || shards === undefined) return [found]
    const leases = await Promise.all(Array.from({ length: shards }, async (_, shard) => ({ shard, lease: await read(shardLease(shard)) })))
    const idle = leases.map(({ shard, lease }) => (lease === undefined ? fail(`${shardLease(shard)} is not there: ${whatWaits(shard)}`, RUN) : judgeLease(lease, shardLease(shard), whatWaits(shard), now))).filter(({ result }) => result !== 'ok')
    if (idle.length > 0) return idle
    const holders = new Set(leases.map(({ lease }) => (lease === undefined ? undefined : holderOf(lease))))
    return [ok(`${plural(shards, 'shard')}, held by ${[...holders].map((holder) => printable(holder ?? '', 200)).toSorted().join(', ')}`)]
  },
}

const whatWaits = (shard: number): string => `nothing is healed by the policies of the namespaces of shard ${shard}`

function judgeLease(lease: Lease, name: string, idle: string, now: number): ReturnType<typeof ok> {
  const holder = holderOf(lease)
  if (holder === undefined) return fail(`no controller holds the lease ${name}: ${idle}`, RUN)
  const renewed = parseInstant(isObject(lease.spec) ? String(lease.spec['renewTime']) : undefined)
  if (renewed === undefined) return warn(`${name} has no time of renewal that can be read`)
  const age = millis(now - renewed)
  // The time in it is of the holder's clock.
  return age > 4 * LEASE_TIMES.duration ? fail(`${printable(holder, 200)} has not renewed the lease ${name} for ${span(age)}: ${idle}`, RUN) : ok(`held by ${printable(holder, 200)}`)
}

/** Own durable state; one that cannot be read stops its policy. */
export const ledgersCheck: Check = {
  name: 'ledgers',
  run: async ({ api }) => {
    const ledgers = await listAll<HealingLedger>(api, HEALING_LEDGERS, { namespace: OPERATOR_NAMESPACE })
    const broken = ledgers.flatMap((ledger) => {
      const problem = problemOf(ledger)
      return problem === undefined ? [] : [fail(`${ledger.metadata.name} cannot be read: ${problem}; what it is of does not act`, `delete it when you know why: kubectl delete healingledger ${ledger.metadata.name} -n ${OPERATOR_NAMESPACE} (its limits begin anew)`)]
    })
    return broken.length > 0 ? broken : [ok(`${plural(ledgers.length, 'ledger')}, all readable`)]
  },
}
