import type { ObjectSchema } from '../../../../schema/structural.ts'
import { duration } from '../../fields.ts'

export const alertTrigger = {
  type: 'object',
  description: 'Fires while Alertmanager says that an alert about a selected object is firing. Labels of the alert (namespace with pod, deployment, ...) say which object.',
  additionalProperties: false,
  properties: {
    alertname: { type: 'string', minLength: 1, maxLength: 256, description: 'Name of the alert.' },
    matchers: {
      type: 'array',
      description: 'What its labels must be, all of them, as in Alertmanager. A label that is not there is empty.',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'value'],
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$', description: 'Name of the label.' },
          operator: { type: 'string', enum: ['=', '!=', '=~', '!~'], default: '=', description: '=~ and !~ match the whole value with a regular expression (RE2 syntax).' },
          value: { type: 'string', maxLength: 512 },
        },
      },
    },
    for: {
      ...duration('0s', '24h'),
      default: '5m',
      description: 'The "for" of its own rule. An act has helped only when the alert has stayed away for longer than it takes to come back.',
    },
    duration: { ...duration('0s', '24h'), default: '0s', description: 'How long it must have been firing, beyond the "for" of its own rule.' },
  },
  'x-kubernetes-validations': [
    { rule: 'has(self.alertname) || has(self.matchers)', message: 'alertname or matchers is needed: without them any alert about a selected object would do', reason: 'FieldValueRequired', fieldPath: '.alertname' },
  ],
} as const satisfies ObjectSchema
