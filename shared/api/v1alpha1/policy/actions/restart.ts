import type { ObjectSchema } from '../../../../schema/structural.ts'
import { gracePeriodSeconds } from './grace.ts'

export const restartAction = {
  type: 'object',
  description:
    'Of a pod: it is evicted, so that its controller makes a new one; disruption budgets are respected, and a pod without a controller is refused. Of a workload: see strategy.',
  additionalProperties: false,
  properties: {
    strategy: {
      type: 'string',
      enum: ['rolling'],
      default: 'rolling',
      description: 'How a workload is restarted; a pod is always evicted. rolling: a new revision by an annotation of its template, rolled out as the workload itself says.',
    },
    gracePeriodSeconds,
  },
} as const satisfies ObjectSchema
