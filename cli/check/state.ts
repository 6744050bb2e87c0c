import { KILL_SWITCH, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { HealingLedger } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { CONFIG_MAPS, HEALING_LEDGERS } from '../../shared/kube/resources.ts'
import { plural, quoted } from '../../shared/lib/text.ts'
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
