import type { ObjectSchema } from '../../../../schema/structural.ts'

const replicas = { type: 'integer', format: 'int32', minimum: 0, maximum: 10000 } as const

export const scaleAction = {
  type: 'object',
  description: 'Changes the number of replicas through the scale subresource. Undone when it did not help. A workload that an autoscaler owns is refused.',
  additionalProperties: false,
  required: ['direction'],
  properties: {
    direction: { type: 'string', enum: ['up', 'down', 'absolute'], description: 'up and down: by replicas. absolute: to replicas.' },
    replicas: { ...replicas, description: 'How many more or fewer (1 when absent); of absolute: how many, and needed.' },
    minReplicas: { ...replicas, default: 1, description: 'It never leaves fewer. Scaling to 0 is refused.' },
    maxReplicas: { ...replicas, description: 'It never leaves more. Needed by up.' },
  },
  'x-kubernetes-validations': [
    {
      rule: "self.direction != 'absolute' || has(self.replicas)",
      message: 'absolute needs replicas',
      reason: 'FieldValueRequired',
      fieldPath: '.replicas',
    },
    {
      rule: "self.direction != 'up' || has(self.maxReplicas)",
      message: 'scaling up needs maxReplicas: trouble that more replicas do not end would add them without end',
      reason: 'FieldValueRequired',
      fieldPath: '.maxReplicas',
    },
  ],
} as const satisfies ObjectSchema
