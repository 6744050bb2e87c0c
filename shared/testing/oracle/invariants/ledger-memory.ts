/** What a ledger may not forget from one write to the next: else an hour is counted short, or a number is given out twice. */
import type { HealingLedger } from '../../../api/v1alpha1/types.ts'
import { olderThan } from '../../../kube/store.ts'
import type { Call } from '../history.ts'
import { LEDGERS, type World } from '../world.ts'

type Spec = HealingLedger['spec']

/** Whether its parts are there to be compared; whether it may be believed is another question (I19). */
export function isWhole({ spec }: { readonly spec: Spec }): boolean {
  const { entries, incidents, nextOrdinal, outcomes } = spec as { readonly [part: string]: unknown }
  return Array.isArray(entries) && Array.isArray(incidents) && typeof nextOrdinal === 'number' && typeof outcomes === 'object' && outcomes !== null
}

/** By this write; each of it would be the doing of somebody who wrote over what another one had written. */
export function forgottenBy({ collection, verb, ok, dryRun, namespace, name, changes }: Call, world: World): readonly string[] {
  if (collection !== LEDGERS || verb === 'create' || !ok || dryRun || name === undefined) return []
  return changes.flatMap(({ before = world.get(LEDGERS, { namespace, name }), after }) => {
    const [then, now] = [before, after] as readonly (HealingLedger | undefined)[]
    if (then === undefined || now === undefined || then.spec.policy === undefined || !isWhole(then) || !isWhole(now)) return []
    // An audit log is written when answers go out: two of them may change places.
    return olderThan(now.metadata.resourceVersion, then.metadata.resourceVersion) ? [] : forgotten(then.spec, now.spec)
  })
}

function forgotten({ entries: then = [], nextOrdinal = 0, outcomes }: Spec, now: Spec): string[] {
  const back = (now.nextOrdinal ?? 0) < nextOrdinal ? [`its next number goes back from ${nextOrdinal} to ${now.nextOrdinal}`] : []
  const fewer = Object.entries(outcomes ?? {}).flatMap(([outcome, count]) => {
    const left = now.outcomes?.[outcome as keyof NonNullable<Spec['outcomes']>] ?? 0
    return left < count ? [`of ${count} ${outcome} outcomes ${left} are left`] : []
  })
  const lost = then.flatMap(({ action, state, tried }) => {
    const held = now.entries?.find((entry) => entry.action === action)
    // What has begun is open until it is settled, and what is settled is not opened again.
    if (state === 'Reserved' && tried === true && (held === undefined || (held.state === 'Reserved' && held.tried !== true))) return [`it forgets that ${action} has been tried`]
    return held !== undefined && (state === 'Settled' || state === 'Abandoned') && held.state !== state ? [`it opens ${action} again, which was ${state}`] : []
  })
  return [...back, ...fewer, ...lost]
}
