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
      enum: ['rolling', 'recreate', 'graceful'],
      default: 'rolling',
      description: 'How a workload is restarted; a pod is always evicted. rolling: a new revision by an annotation of its template, rolled out as the workload itself says. graceful: its pods are evicted one after another, each replacement Ready before the next goes. recreate: all of its pods are evicted at once; in automatic mode a person has to approve it.',
    },
    maxConcurrent: { type: 'integer', format: 'int32', minimum: 1, maximum: 100, description: 'Of graceful: pods that may be away at the same time; of several one stays in any case. Default: 1.' },
    gracePeriodSeconds: { ...gracePeriodSeconds, description: "Where pods are evicted, so not with rolling of a workload. Seconds that a pod has to stop. Default: the pod's own terminationGracePeriodSeconds. 0 would be a force delete and is refused." },
  },
  'x-kubernetes-validations': [
    {
      rule: "!has(self.maxConcurrent) || self.strategy == 'graceful'",
      message: 'maxConcurrent is for strategy graceful only: a rollout goes by the strategy of the workload',
      reason: 'FieldValueForbidden',
      fieldPath: '.maxConcurrent',
    },
  ],
} as const satisfies ObjectSchema
