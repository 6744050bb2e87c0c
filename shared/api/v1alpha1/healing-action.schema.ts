import type { CustomResource, ObjectSchema, Validation } from '../../schema/structural.ts'
import { conditions, count, dnsLabel, duration, message, objectName, objectReference, reason, time, triggerName, uid } from './fields.ts'
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
      recurrence: { ...count, description: 'Remedies of the same cause (trigger and workload) that helped in the 24 hours before. After three it escalates instead.' },
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
    properties: { name: { ...triggerName, description: 'Of the trigger, or All: all triggers of the policy together.' }, since: time, evidence: message },
  },
  action: { ...actionTemplate, description: 'The action of the policy as it was when decided.' },
  dryRun: { type: 'boolean', description: 'Only the dry run of the API server; nothing is written to the target.' },
  timeout: { ...duration('1s', '24h'), description: 'How long the write may be tried (a disruption budget may refuse it for a while).' },
  retryPolicy: {
    type: 'object',
    description: 'How a write that failed is tried again, within the timeout. Waits for a disruption budget or for a slot are no failures.',
    additionalProperties: false,
    required: ['maxAttempts', 'backoffDelay', 'backoffMultiplier'],
    properties: {
      maxAttempts: { type: 'integer', format: 'int32', minimum: 1, maximum: 100, description: 'Tries that may fail: that got no answer, or an error of the API server.' },
      backoffDelay: { ...duration('1s', '1h'), description: 'After the first try. Half of every pause is by chance.' },
      backoffMultiplier: { type: 'integer', format: 'int32', minimum: 1, maximum: 10, description: 'How much longer each pause is than the one before, up to 30s, or backoffDelay where that is longer.' },
    },
  },
  approvalRequired: { type: 'boolean', description: 'Nothing is written to the target before a person has approved it.' },
  changes: {
    type: 'array',
    description: 'What is approved: the target as it was when decided, field by field. One that has changed since is left alone.',
    maxItems: 32,
    'x-kubernetes-list-type': 'atomic',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['field'],
      properties: {
        field: { type: 'string', maxLength: 253 },
        oldValue: { type: 'string', maxLength: 1024 },
        newValue: { type: 'string', maxLength: 1024 },
      },
    },
  },
  template: {
    type: 'object',
    description: 'What is approved, of a workload: what its pods are made from, as it was when decided. One whose pods would be made from something else by now is left alone.',
    additionalProperties: false,
    required: ['hash', 'images'],
    properties: {
      hash: { type: 'string', minLength: 1, maxLength: 63, description: 'Of spec.template.' },
      images: {
        type: 'array',
        maxItems: 32,
        'x-kubernetes-list-type': 'atomic',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['container', 'image'],
          properties: { container: dnsLabel, image: { type: 'string', maxLength: 512 } },
        },
      },
    },
  },
  approvalDeadline: { ...time, description: 'Until when it waits for a decision. Later approvals do not count.' },
} as const

const ofPod = { type: 'string', maxLength: 253, description: 'Of a workload: which of its pods.' } as const

/** Bounded, so that a HealingAction stays small: logs are the largest part, 8 kB together. */
const evidence = {
  type: 'object',
  description: 'What the target looked like just before the act, of a workload with the three of its pods that fared worst, without secrets as far as they can be told.',
  additionalProperties: false,
  required: ['capturedAt'],
  properties: {
    capturedAt: time,
    containers: {
      type: 'array',
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'ready', 'restarts', 'state'],
        properties: {
          pod: ofPod,
          name: dnsLabel,
          ready: { type: 'boolean' },
          restarts: count,
          state: { type: 'string', maxLength: 256, description: 'waiting, running or terminated, with its reason.' },
          lastTermination: { type: 'string', maxLength: 256, description: 'How its previous run ended.' },
        },
      },
    },
    conditions: {
      type: 'array',
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['type', 'status'],
        properties: { pod: ofPod, type: { type: 'string', maxLength: 316 }, status: { type: 'string', maxLength: 32 }, reason: { type: 'string', maxLength: 256 } },
      },
    },
    events: {
      type: 'array',
      description: 'Of the target and of the pods that were looked at, the newest first.',
      maxItems: 10,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['reason', 'note'],
        properties: {
          pod: ofPod,
          type: { type: 'string', maxLength: 32 },
          reason: { type: 'string', maxLength: 128 },
          note: { type: 'string', maxLength: 512 },
          count,
          lastSeen: time,
        },
      },
    },
    logs: {
      type: 'array',
      description: 'The end of what the run of a container wrote that crashed, where the namespace has allowed it (kubeskippy enable --logs).',
      maxItems: 2,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['container', 'tail'],
        properties: { pod: ofPod, container: dnsLabel, tail: { type: 'string', maxLength: 4096 } },
      },
    },
    missing: {
      type: 'array',
      description: 'What could not be captured, and why. The act did not wait for it.',
      maxItems: 8,
      'x-kubernetes-list-type': 'atomic',
      items: { type: 'string', maxLength: 256 },
    },
  },
} as const satisfies ObjectSchema

const approval = {
  type: 'object',
  description: "A person's decision: set once, by somebody with the verb approve on healingactions. The rest of the spec is what was decided on.",
  additionalProperties: false,
  required: ['decision', 'decidedBy'],
  properties: {
    decision: { type: 'string', enum: ['Approved', 'Rejected'] },
    reason: { type: 'string', maxLength: 1024, description: 'For whoever reads it later.' },
    decidedBy: { type: 'string', minLength: 1, maxLength: 1024, description: 'User name of whoever decides. The webhook fills it in; another name than the own one is refused.' },
    decidedAt: { ...time, description: 'When. The webhook fills it in; a time that is more than 10 minutes from now is refused.' },
  },
} as const satisfies ObjectSchema

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
  properties: { ...properties, approval },
  'x-kubernetes-validations': [
    ...immutable,
    {
      rule: '!has(self.approval) || (has(self.approvalRequired) && self.approvalRequired)',
      message: 'this action waits for no approval',
      fieldPath: '.approval',
      reason: 'FieldValueForbidden',
    },
    {
      // No decision comes into being decided.
      rule: '!has(self.approval) || oldSelf.hasValue()',
      message: 'an action is approved or rejected after it was written down, not with it',
      fieldPath: '.approval',
      reason: 'FieldValueForbidden',
      optionalOldSelf: true,
    },
    {
      rule: '!has(oldSelf.approval) || (has(self.approval) && self.approval == oldSelf.approval)',
      message: 'it has been approved or rejected already, and that is set once',
      fieldPath: '.approval',
      reason: 'FieldValueForbidden',
    },
  ],
} as const satisfies ObjectSchema

const status = {
  type: 'object',
  additionalProperties: false,
  properties: {
    phase: {
      type: 'string',
      enum: ['Pending', 'Approved', 'InProgress', 'Verifying', 'Succeeded', 'Failed', 'Cancelled'],
      description: 'Pending: not begun, or waiting for approval. Succeeded: done and verified, see outcome. Failed: not done, or it did not help. Cancelled: not done, since things had changed.',
    },
    outcome: {
      type: 'string',
      enum: ['Effective', 'Ineffective', 'Inconclusive', 'Reverted'],
      description: 'What verification found. Absent for dry runs and for acts that were not carried out.',
    },
    approvedAt: { ...time, description: 'When the approval was seen. The timeout of the write begins here.' },
    startTime: { ...time, description: 'When carrying out began: written before the first write.' },
    actedAt: { ...time, description: 'When the write had landed.' },
    healthySince: { ...time, description: 'Since when the replacement has been healthy without a break.' },
    completionTime: time,
    intent: {
      type: 'array',
      description: 'What the write is to change, recorded before it: by this a lost answer is found out, and the write can be undone.',
      maxItems: 32,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['path'],
        properties: {
          path: { type: 'string', minLength: 1, maxLength: 512, description: 'JSON pointer.' },
          before: { type: 'string', maxLength: 1024, description: 'As JSON. Absent: there was nothing.' },
          after: { type: 'string', maxLength: 1024, description: 'As JSON. Absent: there is nothing any more.' },
          secret: { type: 'boolean', description: 'The values are not kept: they may be secret, or are too long.' },
        },
      },
    },
    undo: {
      type: 'object',
      description: 'The act did not help and is taken back: once, and only while nobody else has changed what it set.',
      additionalProperties: false,
      required: ['begunAt', 'because'],
      properties: {
        begunAt: { ...time, description: 'Written before it.' },
        because: message,
        evicts: {
          type: 'array',
          description: 'Pods of a StatefulSet that are not Ready and keep the template that was taken back. Written before they are evicted.',
          maxItems: 64,
          'x-kubernetes-list-type': 'atomic',
          items: objectReference,
        },
      },
    },
    attempts: { ...count, description: 'Tries of the write.' },
    failedAttempts: { ...count, description: 'Those of them that failed. After retryPolicy.maxAttempts of them it is given up.' },
    steps: {
      type: 'object',
      description: 'Of an act in several steps: a restart pod by pod, or a new template of a StatefulSet.',
      additionalProperties: false,
      required: ['done', 'attempts'],
      properties: { done: { ...count, description: 'Steps that have landed.' }, attempts: { ...count, description: 'Tries up to the last of them. Those since are of the step under way.' } },
    },
    evidence,
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
    conditions: { ...conditions, description: 'Approved, Executed, Verified.' },
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
    { name: 'Reason', type: 'string', jsonPath: '.status.result.reason' },
    // A string: kubectl shows a date as an age, and one in the future as <invalid>.
    { name: 'Decide by', type: 'string', jsonPath: '.spec.approvalDeadline', priority: 1 },
    { name: 'Decided by', type: 'string', jsonPath: '.spec.approval.decidedBy', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
} as const satisfies CustomResource
