/** Every trigger type, one line each. */
import type { CompiledTrigger } from '../healing/policy.ts'
import type { PodView } from '../healing/snapshot.ts'
import { conditionTrigger } from './condition.ts'
import type { DetectContext, Observation } from './trigger.ts'

export function detect(trigger: CompiledTrigger, pod: PodView, context: DetectContext): Observation {
  switch (trigger.type) {
    case 'condition':
      return conditionTrigger.detect(trigger.condition, pod, context)
    default:
      return trigger.type satisfies never
  }
}
