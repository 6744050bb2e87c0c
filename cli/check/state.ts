import { CONTROLLER_LEASE, KILL_SWITCH, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { HealingLedger } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { holderOf, LEASE_TIMES, type Lease } from '../../shared/kube/lease.ts'
import { CONFIG_MAPS, HEALING_LEDGERS, LEASES } from '../../shared/kube/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import { plural, printable, quoted } from '../../shared/lib/text.ts'
import { parseInstant } from '../../shared/lib/time.ts'
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

/** Whether a controller is at work: it renews its lease every few seconds. */
export const leaseCheck: Check = {
  name: 'lease',
  run: async ({ api, now }) => {
    const lease = await find<Lease>(api, LEASES, { namespace: OPERATOR_NAMESPACE, name: CONTROLLER_LEASE })
    if (lease === undefined) return [warn(`${CONTROLLER_LEASE} is not there: no controller has run yet, or it runs with --leader-elect=false`, RUN)]
    const holder = holderOf(lease)
    if (holder === undefined) return [fail('no controller holds the lease: nothing is healed', RUN)]
    const renewed = parseInstant(isObject(lease.spec) ? String(lease.spec['renewTime']) : undefined)
    if (renewed === undefined) return [warn(`${CONTROLLER_LEASE} has no time of renewal that can be read`)]
    const age = now - renewed
    // The time in it is of the holder's clock.
    if (age > 4 * LEASE_TIMES.duration) return [fail(`${printable(holder, 200)} has not renewed the lease for ${span(age)}: nothing is healed`, RUN)]
    return [ok(`held by ${printable(holder, 200)}`)]
  },
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
