import type { CustomResource, ObjectSchema } from '../../schema/structural.ts'
import { count, dnsLabel, objectName, objectReference, time, timeToHeal, triggerName, uid } from './fields.ts'

/** Of the policy, or of the cluster. */
const storm = {
  type: 'object',
  description: 'Too many objects at once were unhealthy: nothing is done until it has been calm for a while.',
  additionalProperties: false,
  required: ['since'],
  properties: {
    since: time,
    calmSince: { ...time, description: 'Since when few enough have been unhealthy.' },
    easingSince: { ...time, description: 'Since when one action at a time is let through.' },
  },
} as const satisfies ObjectSchema

const spec = {
  type: 'object',
  additionalProperties: false,
  properties: {
    policy: {
      type: 'object',
      description: 'Whose limits these are, by name: deleting and recreating the policy resets nothing.',
      additionalProperties: false,
      required: ['namespace', 'name'],
      properties: { namespace: dnsLabel, name: objectName },
    },
    goneSince: { ...time, description: 'When the policy was first missed. A day later the ledger goes too.' },
    nextOrdinal: { ...count, description: 'Ordinal of the next incident. Only ever grows, so that no HealingAction name comes twice.' },
    entries: {
      type: 'array',
      description: 'The sliding log: one entry for each action of the last hour, and for each that is not settled.',
      maxItems: 256,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['action', 'incident', 'target', 'reservedAt', 'state'],
        properties: {
          action: { ...objectName, description: 'Name of the HealingAction. A successor after a crash finds the reservation by it.' },
          incident: { type: 'string', minLength: 1, maxLength: 63 },
          target: { ...uid, description: 'uid of the object acted on.' },
          reservedAt: time,
          state: {
            type: 'string',
            enum: ['Waiting', 'Reserved', 'Settled', 'Abandoned'],
            description: 'Waiting: for approval; it takes no slot yet. Abandoned: reserved, but never carried out. It still counts for its hour.',
          },
          tried: { type: 'boolean', description: 'Whether a write may have been sent. Without its action it cannot be said any more what came of it.' },
          probe: { type: 'boolean', description: 'Whether it was the one that a half-open breaker lets through.' },
          remedy: { type: 'boolean', description: 'Whether it is another remedy of its cause if it helps: not, where it heals one more object of the same trouble.' },
          outcome: { type: 'string', enum: ['Effective', 'Ineffective', 'Inconclusive', 'Failed', 'Cancelled'] },
          settledAt: time,
        },
      },
    },
    breaker: {
      type: 'object',
      additionalProperties: false,
      required: ['state', 'failures', 'recent', 'openings'],
      properties: {
        state: { type: 'string', enum: ['Closed', 'Open', 'HalfOpen'] },
        failures: { ...count, description: 'Verifications in a row that did not help.' },
        recent: {
          type: 'array',
          description: 'The last six verifications that counted, the newest last: true when it helped.',
          maxItems: 6,
          'x-kubernetes-list-type': 'atomic',
          items: { type: 'boolean' },
        },
        openings: { ...count, description: 'Openings since it was last closed by a probe; each doubles the open time.' },
        openUntil: time,
        probe: { ...objectName, description: 'The HealingAction that is the probe of this half-open time.' },
      },
    },
    incidents: {
      type: 'array',
      maxItems: 64,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'trigger', 'subject', 'ordinal', 'openedAt', 'state', 'rung'],
        properties: {
          id: { type: 'string', minLength: 1, maxLength: 63 },
          trigger: triggerName,
          subject: objectReference,
          ordinal: count,
          openedAt: time,
          since: { ...time, description: 'When the fault began that the first act was decided for.' },
          state: { type: 'string', enum: ['Open', 'Escalated', 'Ended'] },
          escalatedFor: {
            type: 'string',
            enum: ['LadderExhausted', 'Recurring', 'Inconclusive', 'Rejected'],
            description: 'LadderExhausted: nothing helped. Recurring: it helped three times in a day, and came back. Inconclusive: twice in a row nobody could tell. Rejected: a person said no.',
          },
          recurrence: { ...count, description: 'Remedies of its cause in the 24 hours before it began.' },
          inconclusive: { ...count, description: 'Acts in a row on this rung of which nobody could tell whether they helped.' },
          rung: { ...count, description: 'Position on the ladder of actions, from 0.' },
          acted: { type: 'boolean', description: 'Whether an act of it was carried out, or failed: one that is cancelled later does not end it.' },
          lastAction: objectName,
          dryRun: { type: 'boolean', description: 'Whether lastAction is the dry run of this incident. There is one only.' },
          quietSince: { ...time, description: 'Since when no trigger has been firing or pending on it.' },
          endedAt: time,
          cooldownUntil: { ...time, description: 'Until when no new incident of this trigger and workload is acted on.' },
          askAgainAt: { ...time, description: 'Nobody decided in time: when approval is asked for again.' },
          announced: { type: 'boolean', description: 'Whether the event of the escalation was sent.' },
        },
      },
    },
    remedies: {
      type: 'array',
      description: 'When acts helped in the last 24 hours, by cause: a trigger of the policy on a workload. The newest three of each.',
      maxItems: 64,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['cause', 'at'],
        properties: {
          cause: { type: 'string', minLength: 1, maxLength: 63, description: 'Hash of the names of trigger and workload.' },
          at: { type: 'array', minItems: 1, maxItems: 3, 'x-kubernetes-list-type': 'atomic', items: time },
        },
      },
    },
    outcomes: {
      type: 'object',
      description: 'Lifetime counts.',
      additionalProperties: false,
      required: ['effective', 'ineffective', 'inconclusive', 'failed'],
      properties: { effective: count, ineffective: count, inconclusive: count, failed: count },
    },
    timeToHeal,
    storm,
    budget: {
      type: 'object',
      description: 'A limit of the installation that policies share. Such a ledger holds nothing of a policy.',
      additionalProperties: false,
      required: ['scope', 'acts'],
      properties: {
        scope: { type: 'string', enum: ['Namespace', 'Cluster'] },
        namespace: { ...dnsLabel, description: 'Whose policies share it; absent: those of all namespaces do.' },
        storm: { ...storm, description: 'Of the cluster: too many of all that automatic policies select were unhealthy at once.' },
        acts: {
          type: 'array',
          description: 'The sliding log: one entry for each action of the last hour.',
          maxItems: 256,
          'x-kubernetes-list-type': 'atomic',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['action', 'policy', 'reservedAt'],
            properties: {
              action: { ...objectName, description: 'Name of the HealingAction.' },
              policy: {
                type: 'object',
                additionalProperties: false,
                required: ['namespace', 'name'],
                properties: { namespace: dnsLabel, name: objectName },
              },
              reservedAt: { ...time, description: 'When it was reserved; set anew before each write.' },
            },
          },
        },
        claims: {
          type: 'array',
          description: 'Of a namespace: the workloads that are acted on now. No other policy acts on one of them, or on one of its pods, until the act has ended.',
          maxItems: 128,
          'x-kubernetes-list-type': 'atomic',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['action', 'policy', 'subject', 'until'],
            properties: {
              action: { ...objectName, description: 'Name of the HealingAction that acts.' },
              policy: {
                type: 'object',
                additionalProperties: false,
                required: ['namespace', 'name'],
                properties: { namespace: dnsLabel, name: objectName },
              },
              subject: { ...objectReference, description: 'The top controller owner of what it acts on.' },
              until: { ...time, description: 'When the act is over at the latest, whatever has become of its controller.' },
            },
          },
        },
      },
    },
  },
  'x-kubernetes-validations': [
    { rule: 'has(self.policy) != has(self.budget)', message: 'a ledger is of a policy, or of a budget that policies share' },
    {
      rule: '!has(self.policy) || (has(self.nextOrdinal) && has(self.entries) && has(self.breaker) && has(self.incidents) && has(self.outcomes))',
      message: 'the ledger of a policy needs nextOrdinal, entries, breaker, incidents and outcomes',
    },
  ],
} as const satisfies ObjectSchema

export const healingLedger = {
  kind: 'HealingLedger',
  plural: 'healingledgers',
  singular: 'healingledger',
  shortNames: [],
  categories: [],
  description: "The controller's durable memory of one policy (limits, breaker, incidents), or of a budget that policies share. Internal; in the operator's namespace only.",
  maxNameLength: 253,
  spec,
  columns: [
    { name: 'Namespace', type: 'string', jsonPath: '.spec.policy.namespace' },
    { name: 'Policy', type: 'string', jsonPath: '.spec.policy.name' },
    { name: 'Budget', type: 'string', jsonPath: '.spec.budget.scope' },
    { name: 'Breaker', type: 'string', jsonPath: '.spec.breaker.state' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
} as const satisfies CustomResource
