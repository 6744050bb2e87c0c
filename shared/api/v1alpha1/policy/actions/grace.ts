import type { IntegerSchema } from '../../../../schema/structural.ts'

/** How long a pod has to stop. 0 would be a delete by force, through whatever door. */
export const gracePeriodSeconds = {
  type: 'integer',
  format: 'int32',
  minimum: 1,
  maximum: 3600,
  description: "Seconds that the pod has to stop. Default: the pod's own terminationGracePeriodSeconds. 0 would be a force delete and is refused.",
} as const satisfies IntegerSchema
