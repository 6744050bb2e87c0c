/** What the controller says of a policy. */
import type { ObjectSchema } from '../../schema/structural.ts'
import { conditions, count, dnsLabel, message, objectName, objectReference, reason, time, timeToHeal, triggerName, uid } from './fields.ts'

const measured = { type: 'number' } as const

export const healingPolicyStatus = {
  type: 'object',
  additionalProperties: false,
  properties: {
    observedGeneration: { type: 'integer', format: 'int64', minimum: 0, description: 'Generation of the spec that this status is about.' },
    conditions: { ...conditions, description: 'Accepted, Ready, Healing, Escalated.' },
    exemptions: {
      type: 'array',
      description: 'Rules that the policy breaks and is exempted from, by the annotation kubeskippy.io/allow.',
      maxItems: 64,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['rule'],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['rule', 'message'],
        properties: {
          rule: { type: 'string', maxLength: 8, pattern: '^KS[0-9]{3}$' },
          message: { ...message, description: 'What the rule minds, and where.' },
          allowedBy: { type: 'string', maxLength: 256, description: 'Who allowed it, as the API server knew whoever it was. Of rules about triggers nobody has to.' },
          allowedAt: time,
        },
      },
    },
    matched: { ...count, description: 'Selected objects.' },
    healthy: { ...count, description: 'Selected objects with no firing or pending trigger; under triggerMatch: All those on which not all of them are.' },
    triggers: {
      type: 'array',
      description: 'What each trigger sees. Under triggerMatch: All first of all what all of them see together, by the name All.',
      maxItems: 17,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'state'],
        properties: {
          name: triggerName,
          state: { type: 'string', enum: ['Quiet', 'Pending', 'Firing', 'NoData'], description: 'The worst of its objects. NoData is neither quiet nor firing.' },
          objects: { ...count, description: 'Objects that are pending or firing.' },
          since: { ...time, description: 'When the oldest of them began.' },
          firesAt: { ...time, description: 'When the next pending one fires.' },
          value: { ...measured, description: 'Of a metric: the value of the object that the message is about, written when it has changed notably.' },
          message,
        },
      },
    },
    findings: {
      type: 'array',
      description: 'Objects on which a trigger is pending or firing, or all of them are (All). Holds since when, over restarts of the controller.',
      maxItems: 256,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['trigger', 'object', 'since', 'state'],
        properties: {
          trigger: triggerName,
          object: objectReference,
          since: time,
          restarts: { ...count, description: 'Restarts of the container when the state began.' },
          state: { type: 'string', enum: ['Pending', 'Firing'] },
          value: measured,
          confirmedAt: { ...time, description: 'Of an alert: when Alertmanager told of it last.' },
          message,
        },
      },
    },
    findingsLeftOut: {
      ...count,
      description: 'Findings beyond these, the youngest of their triggers. They are found again at each look, but since when is not remembered of them: where the object itself does not tell it, they fire only when there is room.',
    },
    restarts: {
      type: 'array',
      description: 'Containers that restarted within the window of a restart_count trigger. Holds when, over restarts of the controller.',
      maxItems: 128,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['pod', 'container', 'base', 'marks'],
        properties: {
          pod: { type: 'object', additionalProperties: false, required: ['name', 'uid'], properties: { name: objectName, uid } },
          container: dnsLabel,
          base: { ...count, description: 'Restarts of its lifetime before the first mark.' },
          marks: {
            type: 'array',
            maxItems: 32,
            'x-kubernetes-list-type': 'atomic',
            items: { type: 'object', additionalProperties: false, required: ['at', 'total'], properties: { at: time, total: { ...count, description: 'Restarts of its lifetime from then on.' } } },
          },
        },
      },
    },
    occurrences: {
      type: 'array',
      description: 'Events that count for an event trigger now. Holds what was counted before, over restarts of the controller.',
      maxItems: 64,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['trigger', 'object', 'event', 'count', 'seen'],
        properties: {
          trigger: dnsLabel,
          object: { ...uid, description: 'uid of the object that they are about.' },
          event: { ...uid, description: 'uid of the Event object.' },
          count: { ...count, description: 'Its count when it was last seen: only what comes on top of it is new.' },
          seen: {
            type: 'array',
            description: 'When they occurred, the oldest first.',
            maxItems: 16,
            'x-kubernetes-list-type': 'atomic',
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['to', 'count'],
              properties: {
                from: { ...time, description: 'Several: not before this.' },
                to: { ...time, description: 'The last of them.' },
                count,
              },
            },
          },
        },
      },
    },
    incidents: {
      type: 'array',
      description: 'Open incidents, the oldest first.',
      maxItems: 64,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'trigger', 'subject', 'state', 'openedAt'],
        properties: {
          id: { type: 'string', maxLength: 63 },
          trigger: triggerName,
          subject: objectReference,
          state: { type: 'string', enum: ['Open', 'Escalated'] },
          rung: { ...count, description: 'Position on the ladder of actions, from 0.' },
          recurrence: { ...count, description: 'Remedies of its cause that helped in the 24 hours before it began.' },
          escalatedFor: { type: 'string', enum: ['LadderExhausted', 'Recurring', 'Inconclusive', 'Rejected'], description: 'Why it is escalated.' },
          openedAt: time,
          lastAction: objectName,
        },
      },
    },
    budget: {
      type: 'object',
      additionalProperties: false,
      properties: {
        used: { ...count, description: 'Actions in the hour before the last change of this status.' },
        limit: count,
        nextFreeSlot: { ...time, description: 'When the next action is possible, if the hour is used up.' },
      },
    },
    breaker: {
      type: 'object',
      additionalProperties: false,
      properties: {
        state: { type: 'string', enum: ['Closed', 'Open', 'HalfOpen'] },
        failures: { ...count, description: 'Actions in a row that did not help.' },
        openUntil: time,
      },
    },
    lastDecision: {
      type: 'object',
      description: 'The last decision: what was done, or why nothing was.',
      additionalProperties: false,
      properties: {
        kind: { type: 'string', enum: ['NoOp', 'Blocked', 'Act'] },
        reason,
        message,
        time,
        retryAt: { ...time, description: 'When a refused decision is tried again.' },
      },
    },
    lastAction: { ...objectName, description: 'The HealingAction that was made last.' },
    outcomes: {
      type: 'object',
      description: 'Verified outcomes of the actions, dry runs apart.',
      additionalProperties: false,
      properties: { effective: count, ineffective: count, inconclusive: count, failed: count },
    },
    timeToHeal,
  },
} as const satisfies ObjectSchema
