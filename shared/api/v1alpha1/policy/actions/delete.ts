import type { ObjectSchema } from '../../../../schema/structural.ts'

export const deleteAction = {
  type: 'object',
  description: 'Deletes the object, whatever a disruption budget says; its controller makes a new one. A pod without a controller is refused, and so is every StatefulSet.',
  additionalProperties: false,
  properties: {
    gracePeriodSeconds: {
      type: 'integer',
      format: 'int32',
      minimum: 0,
      maximum: 3600,
      description: "Seconds that the pod has to stop. Default: the pod's own terminationGracePeriodSeconds. 0 is a delete by force and is refused.",
    },
    propagationPolicy: {
      type: 'string',
      enum: ['Background', 'Foreground', 'Orphan'],
      description: 'What happens to what a workload owns. Default: Background. Orphan is refused.',
    },
    force: { type: 'boolean', description: 'true is refused: the pod might still run while its replacement does.' },
  },
} as const satisfies ObjectSchema
