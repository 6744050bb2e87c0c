import type { ObjectSchema } from '../../../../schema/structural.ts'

export const restartAction = {
  type: 'object',
  description: 'Evicts the pod, so that its controller makes a new one. Disruption budgets are respected. A pod without a controller is refused.',
  additionalProperties: false,
  properties: {
    gracePeriodSeconds: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 3600,
      description: "Seconds that the pod has to stop. Default: the pod's own terminationGracePeriodSeconds. 0 would be a force delete and is refused.",
    },
  },
} as const satisfies ObjectSchema
