/** Every trigger type, one line each. */
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { TerminalError } from '../../shared/lib/errors.ts'
import type { CompiledTrigger } from '../healing/policy.ts'
import type { Selected, Selection } from '../healing/select.ts'
import type { TargetView } from '../healing/snapshot.ts'
import { conditionTrigger, type ConditionArgs } from './condition.ts'
import type { DetectContext, Observation } from './trigger.ts'

export type CompiledBody = { readonly type: 'condition'; readonly condition: ConditionArgs }

/** @throws TerminalError when the body of its type is missing or cannot be read. */
export function compileBody({ name, type, conditionTrigger: condition }: Trigger): CompiledBody {
  if (condition === undefined) throw new TerminalError(`trigger ${name} has no body for its type`)
  return { type, condition: conditionTrigger.compile(condition) }
}

export function detect(trigger: CompiledTrigger, object: TargetView, context: DetectContext): Observation {
  switch (trigger.type) {
    case 'condition':
      return conditionTrigger.detect(trigger.condition, object, context)
    default:
      return trigger.type satisfies never
  }
}

/** What a trigger looks at, of all that the policy selects. */
export function candidates(trigger: CompiledTrigger, selection: Selection): readonly Selected[] {
  switch (trigger.type) {
    case 'condition':
      return conditionTrigger.candidates(trigger.condition, selection)
    default:
      return trigger.type satisfies never
  }
}
