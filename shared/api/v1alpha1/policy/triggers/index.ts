/** A trigger: its name, its type, and the one body of that type. */
import type { ObjectSchema } from '../../../../schema/structural.ts'
import { onlyFor } from '../union.ts'
import { dnsLabel, duration } from '../../fields.ts'
import { alertTrigger } from './alert.ts'
import { conditionTrigger } from './condition.ts'
import { eventTrigger } from './event.ts'
import { metricTrigger } from './metric.ts'

export const trigger = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'type'],
  properties: {
    name: { ...dnsLabel, description: 'Name within the policy.' },
    type: { type: 'string', enum: ['alert', 'condition', 'event', 'metric'], description: 'Which of the bodies below is given.' },
    cooldownPeriod: {
      ...duration('0s', '720h'),
      default: '5m',
      description: 'How long after an incident has ended no new one is acted on, for the same trigger and workload. Under triggerMatch: All the longest of all triggers counts.',
    },
    alertTrigger,
    conditionTrigger,
    eventTrigger,
    metricTrigger,
  },
  'x-kubernetes-validations': [onlyFor('alert', 'alertTrigger'), onlyFor('condition', 'conditionTrigger'), onlyFor('event', 'eventTrigger'), onlyFor('metric', 'metricTrigger')],
} as const satisfies ObjectSchema
