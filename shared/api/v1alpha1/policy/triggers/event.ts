import type { ObjectSchema } from '../../../../schema/structural.ts'
import { duration } from '../../fields.ts'

export const eventTrigger = {
  type: 'object',
  description: 'Fires when Kubernetes events about an object have come often enough within a window.',
  additionalProperties: false,
  required: ['reason'],
  properties: {
    reason: {
      type: 'string',
      minLength: 1,
      maxLength: 128,
      pattern: '^[A-Za-z0-9][-A-Za-z0-9_.:/]*$',
      description: 'Reason of the events, exactly as kubectl shows it: BackOff, Unhealthy, FailedMount, FailedScheduling, FailedCreate, ...',
    },
    type: { type: 'string', enum: ['Normal', 'Warning'], description: 'Only events of this type. Default: of either.' },
    count: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 1000,
      default: 1,
      description: 'How many within the window. Those who write events drop some of them, so what is counted is a lower bound.',
    },
    window: { ...duration('10s', '24h'), default: '5m', description: 'The time up to now in which they count.' },
    messagePattern: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      description: 'Only events whose message contains a match of this regular expression (RE2 syntax: no look-around, no back-references). Of a message 1,024 characters count.',
    },
  },
} as const satisfies ObjectSchema
