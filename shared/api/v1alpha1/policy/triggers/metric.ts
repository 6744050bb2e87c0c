import type { ObjectSchema } from '../../../../schema/structural.ts'
import { duration } from '../../fields.ts'

export const metricTrigger = {
  type: 'object',
  description: 'Fires when a measured value has been beyond a threshold for a while.',
  additionalProperties: false,
  required: ['query', 'threshold'],
  properties: {
    query: {
      type: 'string',
      minLength: 1,
      maxLength: 4096,
      description:
        'The name of a built-in metric (see the guide), or PromQL whose series say by their labels which object they are about (namespace with pod, deployment, ...). With source custom.metrics.k8s.io or external.metrics.k8s.io: the name of a metric there, of the external ones with a label selector in braces if need be.',
    },
    operator: { type: 'string', enum: ['>', '<', '>=', '<=', '==', '!='], default: '>', description: 'How the value is compared with the threshold.' },
    threshold: { type: 'number', minimum: -1e15, maximum: 1e15, description: 'What the value is compared with.' },
    duration: { ...duration('0s', '24h'), default: '2m', description: 'How long the comparison must hold without a break. A missed reading is no break; data that is missing for longer is NoData.' },
    window: { ...duration('10s', '24h'), default: '5m', description: 'Of built-in metrics that count or take a rate: over which time.' },
    source: {
      type: 'string',
      minLength: 1,
      maxLength: 63,
      pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
      description:
        "A Prometheus of the installation's configuration by its name, custom.metrics.k8s.io or external.metrics.k8s.io. Default: the only Prometheus, or the one that is called default.",
    },
  },
} as const satisfies ObjectSchema
