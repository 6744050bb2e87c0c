import type { ObjectSchema } from '../../../../schema/structural.ts'
import { duration } from '../../fields.ts'
import { gracePeriodSeconds } from './grace.ts'

export const evictAction = {
  type: 'object',
  description: 'Evicts the pod, so that its controller makes a new one. Disruption budgets are respected. A pod without a controller is refused.',
  additionalProperties: false,
  properties: {
    gracePeriodSeconds,
    timeout: { ...duration('1s', '24h'), default: '10m', description: 'How long it is tried again while a disruption budget forbids it; then the next action of the ladder follows.' },
  },
} as const satisfies ObjectSchema
