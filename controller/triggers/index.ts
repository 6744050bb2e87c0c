/** Every trigger type, one line each. */
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { TerminalError } from '../../shared/lib/errors.ts'
import type { CompiledTrigger } from '../healing/policy.ts'
import type { Selected, Selection } from '../healing/select.ts'
import type { TargetView } from '../healing/snapshot.ts'
import { alertTrigger, type AlertArgs } from './alert.ts'
import { conditionTrigger, type ConditionArgs } from './condition.ts'
import { eventTrigger, type EventArgs } from './event.ts'
import { metricTrigger } from './metric.ts'
import type { MetricArgs } from './metric/args.ts'
import type { DetectContext, Observation, Signals } from './trigger.ts'

export type CompiledBody =
  | { readonly type: 'alert'; readonly alert: AlertArgs }
  | { readonly type: 'condition'; readonly condition: ConditionArgs }
  | { readonly type: 'event'; readonly event: EventArgs }
  | { readonly type: 'metric'; readonly metric: MetricArgs }

/** @throws TerminalError when the body of its type is missing or cannot be read. */
export function compileBody({ name, type, conditionTrigger: condition, eventTrigger: event, metricTrigger: metric, alertTrigger: alert }: Trigger): CompiledBody {
  if (type === 'condition' && condition !== undefined) return { type, condition: conditionTrigger.compile(condition) }
  if (type === 'event' && event !== undefined) return { type, event: eventTrigger.compile(event) }
  if (type === 'metric' && metric !== undefined) return { type, metric: metricTrigger.compile(metric) }
  if (type === 'alert' && alert !== undefined) return { type, alert: alertTrigger.compile(alert) }
  throw new TerminalError(`trigger ${name} has no body for its type`)
}

export function detect(trigger: CompiledTrigger, object: TargetView, context: DetectContext): Observation {
  switch (trigger.type) {
    case 'alert':
      return alertTrigger.detect(trigger.alert, object, context)
    case 'condition':
      return conditionTrigger.detect(trigger.condition, object, context)
    case 'event':
      return eventTrigger.detect(trigger.event, object, context)
    case 'metric':
      return metricTrigger.detect(trigger.metric, object, context)
    default:
      return trigger satisfies never
  }
}

/** What a trigger looks at, of all that the policy selects. */
export function candidates(trigger: CompiledTrigger, selection: Selection, signals: Signals): readonly Selected[] {
  switch (trigger.type) {
    case 'alert':
      return alertTrigger.candidates(trigger.alert, selection, signals)
    case 'condition':
      return conditionTrigger.candidates(trigger.condition, selection, signals)
    case 'event':
      return eventTrigger.candidates(trigger.event, selection, signals)
    case 'metric':
      return metricTrigger.candidates(trigger.metric, selection, signals)
    default:
      return trigger satisfies never
  }
}
