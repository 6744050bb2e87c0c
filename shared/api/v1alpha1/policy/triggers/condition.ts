import type { ObjectSchema } from '../../../../schema/structural.ts'
import { duration } from '../../fields.ts'

export const conditionTrigger = {
  type: 'object',
  description: 'Fires when a condition has held without a break for a while.',
  additionalProperties: false,
  required: ['type'],
  properties: {
    type: {
      type: 'string',
      minLength: 1,
      maxLength: 316,
      description:
        'A state of a container (CrashLoopBackOff, OOMKilled, ImagePullBackOff, InvalidImageName, CreateContainerConfigError, CreateContainerError, RunContainerError: derived from its status), or the type of a condition of the pod (Ready, PodScheduled, ...) or of the selected object itself (Available of a Deployment, Failed of a Job, any condition of a custom resource).',
    },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'], default: 'True', description: 'Status that the condition must have.' },
    duration: { ...duration('0s', '24h'), default: '1m', description: 'How long it must hold.' },
  },
} as const satisfies ObjectSchema
