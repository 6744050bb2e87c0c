/** An action: its name, its type, and the one body of that type. */
import type { ObjectSchema } from '../../../../schema/structural.ts'
import { onlyFor } from '../union.ts'
import { dnsLabel } from '../../fields.ts'
import { deleteAction } from './delete.ts'
import { evictAction } from './evict.ts'
import { patchAction } from './patch.ts'
import { restartAction } from './restart.ts'
import { scaleAction } from './scale.ts'

/** Copied as it is into each HealingAction. */
export const actionTemplate = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'type'],
  properties: {
    name: { ...dnsLabel, description: 'Name within the policy.' },
    type: { type: 'string', enum: ['restart', 'evict', 'delete', 'scale', 'patch'], description: 'Which of the bodies below is given.' },
    priority: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 1000,
      default: 50,
      description: 'Rung of the ladder: the lowest number is tried first, the next one when it did not help. Equal numbers: in the order written.',
    },
    target: {
      type: 'string',
      enum: ['Pod', 'Workload'],
      description: 'What is acted on: the offending pod, or its top owner. Default: Pod when the selector names pods, Workload when it names workloads.',
    },
    requiresApproval: {
      type: 'boolean',
      description: 'Waits until a person approves it, in mode automatic too. Approving needs the verb approve on healingactions.',
    },
    triggers: {
      type: 'array',
      description: 'Names of the triggers that lead to this action. Default: all. Under triggerMatch: All no other choice is possible.',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'set',
      items: dnsLabel,
    },
    restartAction,
    evictAction,
    deleteAction,
    scaleAction,
    patchAction,
  },
  'x-kubernetes-validations': [onlyFor('restart', 'restartAction'), onlyFor('evict', 'evictAction'), onlyFor('delete', 'deleteAction'), onlyFor('scale', 'scaleAction'), onlyFor('patch', 'patchAction')],
} as const satisfies ObjectSchema
