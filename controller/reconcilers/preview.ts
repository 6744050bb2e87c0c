/** What a person who is asked about a patch is shown: what the API server's dry run makes of it, since the plan of a decision has not seen the object. */
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { Clock } from '../../shared/lib/time.ts'
import type { DryRun } from '../actions/action.ts'
import { changedSince } from '../actions/fields.ts'
import { afterDryRun, plan } from '../actions/index.ts'
import { describe } from '../healing/owners.ts'
import type { LiveReader, LiveView } from '../ports/cluster.ts'
import type { TargetWriter, WriteResult } from '../ports/target-writer.ts'
import { planContext } from './plan-context.ts'

export interface PreviewPorts {
  readonly clock: Clock
  readonly live: Pick<LiveReader, 'look'>
  readonly writer: TargetWriter
}

/** A controller of the cluster wrote the object between the look and the dry run, or the API server had no time for it. */
const PASSING: ReadonlySet<WriteResult['kind']> = new Set(['Changed', 'Misfit', 'Later', 'Unknown'])

/** `NotYet`: what was in the way may pass. undefined: nothing can be shown, or the decision has shown it already. Whether it can be done is judged when it is approved. */
export async function preview({ clock, live, writer }: PreviewPorts, action: HealingAction): Promise<DryRun | 'NotYet' | undefined> {
  const { metadata, spec } = action
  if (spec.action.type !== 'patch') return undefined
  const view = await live.look(spec)
  const { target, blocked } = view
  if (blocked !== undefined || target === undefined || target.ref.uid !== spec.targetResource.uid) return undefined
  const context = planContext(view, metadata.name, clock.now())
  const planned = plan(spec.action, target, context)
  const operation = planned === undefined || 'refusal' in planned ? undefined : planned.operations[0]
  if (operation === undefined) return undefined
  const answer = await writer.write(operation, { act: action, dryRun: true })
  if (PASSING.has(answer.kind)) return 'NotYet'
  if (answer.kind !== 'Done' || answer.object === undefined) return undefined
  const shown = afterDryRun(spec.action, target, answer.object, context)
  return 'intent' in shown ? shown : undefined
}

/** Why a patch that a person has approved is not what he was shown. Other acts are compared by what the decision noted. */
export function unlikeShown({ spec, status }: HealingAction, { raw }: LiveView): string | undefined {
  if (spec.approvalRequired !== true || spec.action.type !== 'patch') return undefined
  const target = describe(spec.targetResource)
  if (status?.intent === undefined) return `what would be changed of ${target} could not be shown when it was asked for`
  const others = changedSince(status.intent, raw)
  return others.length === 0 ? undefined : `${target} is not what was asked about any more: ${others.join('; ')}`
}
