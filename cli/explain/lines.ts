/** Lines that both explanations have. Pure. */
import type { HealingAction, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { parseInstant, type Instant } from '../../shared/lib/time.ts'
import { clock, section, table } from '../layout.ts'
import type { EventObject } from './story.ts'

const MOST_EVENTS = 15

type Condition = NonNullable<NonNullable<HealingPolicy['status']>['conditions']>[number]

/** @param home the policy's namespace: an object of another one is told with it */
export const described = ({ kind, name, namespace }: { readonly kind: string; readonly name: string; readonly namespace?: string }, home = namespace): string => `${kind}/${name}${namespace === undefined || namespace === home ? '' : ` in ${namespace}`}`

/** `Succeeded, Effective`, `Failed`, `not begun`. */
export function stateOf({ status }: HealingAction): string {
  const phase = status?.phase ?? 'not begun'
  return status?.outcome === undefined ? phase : `${phase}, ${status.outcome}`
}

/** One line for each action: when, its name, what, what came of it. */
export const actionRows = (actions: readonly HealingAction[], now: Instant): string[][] =>
  actions.map((action) => {
    const { spec, status, metadata } = action
    const at = parseInstant(metadata.creationTimestamp)
    const what = `${spec.dryRun ? 'dry run of ' : ''}${spec.action.type} of ${described(spec.targetResource, metadata.namespace)}`
    const result = status?.result === undefined ? '' : `: ${status.result.message}`
    return [at === undefined ? '' : clock(at, now), `rung ${spec.incident.rung + 1}`, metadata.name, what, `${stateOf(action)}${result}`]
  })

export const conditionRows = (conditions: readonly Condition[]): string[][] =>
  conditions.map(({ type, status, reason, message }) => [type, status, `${reason}${message === '' ? '' : `: ${message}`}`])

/** The newest last. */
export function eventLines(events: readonly EventObject[], now: Instant): string[] {
  const dated = events
    .map((event) => ({ event, at: parseInstant(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp) }))
    .sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
  const shown = dated.slice(-MOST_EVENTS)
  const rows = shown.map(({ event, at }) => {
    const times = event.series?.count ?? event.count ?? 1
    return [at === undefined ? '' : clock(at, now), event.type ?? '', `${event.reason ?? ''}${times > 1 ? ` x${times}` : ''}`, event.message ?? event.note ?? '']
  })
  const left = dated.length - shown.length
  return section(`Events${left > 0 ? ` (and ${left} before)` : ''}`, table(rows))
}
