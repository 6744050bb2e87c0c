/** The ledger of a policy kept in order: what has ended is settled, what was never made is abandoned, and with its policy it goes. */
import { formatDuration } from '../../shared/lib/duration.ts'
import { after, between, formatInstant, minutes, parseInstant, type Instant } from '../../shared/lib/time.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import { isOpen } from '../healing/budget.ts'
import { abandon, LEDGER_AFTERLIFE, type Ledger } from '../healing/ledger.ts'
import { isEnded } from '../healing/outcome.ts'
import type { CompiledPolicy } from '../healing/policy.ts'
import { isIdle } from '../healing/shared-budget.ts'
import type { Ledgers, PolicyKey } from '../ports/ledgers.ts'
import type { ActionRecordPorts } from './action-record.ts'
import { settled } from './endings.ts'
import { giveBack, endShare } from './shared-slots.ts'

export type LedgerPorts = Pick<ActionRecordPorts, 'objects' | 'ledgers' | 'log' | 'trail'>

/** A reservation without an action after this long: whoever made it died before the create, or it was refused. */
export const ORPHAN_AGE = minutes(1)

/** Actions that have ended, and whose controller died before the ledger knew. */
export async function settleEnded({ objects, ledgers, trail }: LedgerPorts, key: PolicyKey, policy: CompiledPolicy | undefined, ledger: Ledger | undefined, now: Instant): Promise<Ledger | undefined> {
  let current = ledger
  for (const entry of ledger?.entries ?? []) {
    const action = isOpen(entry) ? objects.action({ namespace: key.namespace, name: entry.action }) : undefined
    if (action === undefined || !isEnded(action)) continue
    trail.tell(action)
    await endShare(ledgers, action, now)
    current = await ledgers.update(key, (fresh) => settled(fresh, action, policy, now))
  }
  return current
}

/** The reservation first: without it nothing can be written any more. So a crash in between leaves too much taken, never too little. */
export async function abandonAct(ledgers: Ledgers, key: PolicyKey, policy: CompiledPolicy, action: string, now: Instant): Promise<Ledger> {
  const left = await ledgers.update(key, (fresh) => abandon(fresh, action, policy.limits.breaker, now))
  const entry = left.entries.find((one) => one.action === action && one.state === 'Abandoned')
  if (entry === undefined) return left
  const { namespace: target = key.namespace } = left.incidents.find(({ id }) => id === entry.incident)?.subject ?? {}
  await giveBack(ledgers, [key.namespace, target], action)
  return left
}

/** Reservations whose action was never created. The live read keeps a slow cache from losing an act. */
export async function abandonOrphans({ objects, ledgers, log }: LedgerPorts, key: PolicyKey, policy: CompiledPolicy, ledger: Ledger, now: Instant): Promise<Ledger> {
  let current = ledger
  for (const entry of ledger.entries) {
    const at = parseInstant(entry.reservedAt)
    if (!isOpen(entry) || at === undefined || now < after(at, ORPHAN_AGE)) continue
    const actionKey = { namespace: key.namespace, name: entry.action }
    if (objects.action(actionKey) !== undefined || (await objects.actionExists(actionKey))) continue
    log.warn('reservation without an action abandoned', { policy: `${key.namespace}/${key.name}`, action: entry.action })
    current = await abandonAct(ledgers, key, policy, entry.action, now)
  }
  return current
}

/** Deleting and recreating a policy resets nothing for a day. */
export async function outlive(ports: LedgerPorts, key: PolicyKey, now: Instant): Promise<ReconcileResult> {
  const { ledgers, log } = ports
  const ledger = await settleEnded(ports, key, undefined, await ledgers.read(key), now)
  if (ledger === undefined) return {}
  const since = parseInstant(ledger.goneSince)
  if (since === undefined) {
    await ledgers.update(key, (fresh) => ({ ...fresh, goneSince: formatInstant(now) }))
    return { requeueAfter: LEDGER_AFTERLIFE }
  }
  const end = after(since, LEDGER_AFTERLIFE)
  if (now < end) return { requeueAfter: between(now, end) }
  await ledgers.remove(key)
  await leave(ports, now)
  log.info('ledger removed', { policy: `${key.namespace}/${key.name}`, after: formatDuration(LEDGER_AFTERLIFE) })
  return {}
}

/** The last policy of a namespace takes the namespace's budget with it, when nothing in it counts any more. Which other ones it reached nobody knows by now, so all are looked through. */
async function leave({ ledgers, objects }: LedgerPorts, now: Instant): Promise<void> {
  for (const namespace of ledgers.budgetedNamespaces()) {
    if (objects.policiesIn(namespace).length > 0) continue
    const scope = { scope: 'Namespace', namespace } as const
    // A policy that went later may have acted within the hour: it takes it with it.
    const budget = await ledgers.readBudget(scope)
    if (budget !== undefined && isIdle(budget, now)) await ledgers.removeBudget(scope)
  }
}
