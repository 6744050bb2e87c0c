import type { CustomResource, ObjectSchema, Validation } from '../../schema/structural.ts'
import { conditions, count, dnsLabel, duration, message, objectName, objectReference, reason, time, uid } from './fields.ts'
import { actionTemplate } from './policy/actions/index.ts'

const properties = {
  policyRef: {
    type: 'object',
    description: 'The policy that decided, as it was.',
    additionalProperties: false,
    required: ['name', 'namespace', 'uid', 'generation'],
    properties: { name: objectName, namespace: dnsLabel, uid, generation: { type: 'integer', format: 'int64', minimum: 1 } },
  },
  incident: {
    type: 'object',
    description: 'What this act belongs to: one trouble of one workload, from its first finding until it has been healthy again for a while.',
    additionalProperties: false,
    required: ['id', 'ordinal', 'rung', 'subject'],
    properties: {
      id: { type: 'string', minLength: 1, maxLength: 63 },
      ordinal: { ...count, description: 'Number of this try among all of the policy. Grows; the id stays while the incident lasts.' },
      rung: { ...count, description: 'Position on the ladder of actions, from 0.' },
      subject: { ...objectReference, description: 'The workload: the top controller owner of the target.' },
    },
  },
  targetResource: {
    ...objectReference,
    description: 'The object that is acted on, and no other one of that name.',
    required: ['apiVersion', 'kind', 'namespace', 'name', 'uid'],
  },
  trigger: {
    type: 'object',
    description: 'Why.',
    additionalProperties: false,
    required: ['name', 'since', 'evidence'],
    properties: { name: dnsLabel, since: time, evidence: message },
  },
  action: { ...actionTemplate, description: 'The action of the policy as it was when decided.' },
  dryRun: { type: 'boolean', description: 'Only the dry run of the API server; nothing is written to the target.' },
  timeout: { ...duration('1s', '24h'), description: 'How long the write may be tried (a disruption budget may refuse it for a while).' },
} as const

/** Per field, so that a field that may be set once can join later; on the parent, so that unset-then-set cannot pass. */
const immutable = Object.keys(properties).map(
  (field): Validation => ({
    rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: 'a decision cannot be changed after it was written down',
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  }),
)

const spec = {
  type: 'object',
  additionalProperties: false,
  required: ['policyRef', 'incident', 'targetResource', 'trigger', 'action', 'dryRun', 'timeout'],
  properties,
  'x-kubernetes-validations': immutable,
} as const satisfies ObjectSchema

const status = {
  type: 'object',
  additionalProperties: false,
  properties: {
    phase: {
      type: 'string',
      enum: ['Pending', 'InProgress', 'Verifying', 'Succeeded', 'Failed', 'Cancelled'],
      description: 'Succeeded: done and verified, see outcome. Failed: not done, or it did not help. Cancelled: not done, since things had changed.',
    },
    outcome: {
      type: 'string',
      enum: ['Effective', 'Ineffective', 'Inconclusive'],
      description: 'What verification found. Absent for dry runs and for acts that were not carried out.',
    },
    startTime: { ...time, description: 'When carrying out began: written before the first write.' },
    actedAt: { ...time, description: 'When the write had landed.' },
    healthySince: { ...time, description: 'Since when the replacement has been healthy without a break.' },
    completionTime: time,
    attempts: { ...count, description: 'Tries of the write.' },
    nextAttempt: { ...time, description: 'When a refused write is tried again.' },
    result: {
      type: 'object',
      additionalProperties: false,
      required: ['success', 'reason', 'message'],
      properties: {
        success: { type: 'boolean' },
        reason,
        message,
        changes: {
          type: 'array',
          description: 'What was written, or in a dry run would have been: field by field.',
          maxItems: 32,
          'x-kubernetes-list-type': 'atomic',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['resource', 'field'],
            properties: {
              resource: objectReference,
              field: { type: 'string', maxLength: 253 },
              oldValue: { type: 'string', maxLength: 1024 },
              newValue: { type: 'string', maxLength: 1024 },
            },
          },
        },
      },
    },
    replacements: {
      type: 'array',
      description: 'The pods that verification looked at.',
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: objectName,
    },
    conditions: { ...conditions, description: 'Executed, Verified.' },
  },
} as const satisfies ObjectSchema

export const healingAction = {
  kind: 'HealingAction',
  plural: 'healingactions',
  singular: 'healingaction',
  shortNames: ['ha'],
  categories: ['kubeskippy'],
  description: 'One decision of a policy, written down before it is carried out, with what came of it. Made by the controller only.',
  maxNameLength: 253,
  spec,
  status,
  columns: [
    { name: 'Kind', type: 'string', jsonPath: '.spec.targetResource.kind' },
    { name: 'Target', type: 'string', jsonPath: '.spec.targetResource.name' },
    { name: 'Action', type: 'string', jsonPath: '.spec.action.type' },
    { name: 'Dry run', type: 'boolean', jsonPath: '.spec.dryRun' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'Outcome', type: 'string', jsonPath: '.status.outcome' },
    { name: 'Reason', type: 'string', jsonPath: '.status.result.reason', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
} as const satisfies CustomResource
