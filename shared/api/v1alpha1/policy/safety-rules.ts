import type { ObjectSchema } from '../../../schema/structural.ts'
import { apiVersion, duration, kind, labelSelector, objectName } from '../fields.ts'
import { timeWindow } from './time-window.ts'

export const safetyRules = {
  type: 'object',
  description: 'Limits that every action of the policy keeps.',
  additionalProperties: false,
  default: {},
  properties: {
    maxActionsPerHour: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      // The ledger holds one entry for each, and stays under 64 kB.
      maximum: 200,
      default: 5,
      description: "Actions in every sliding hour, whatever the source. The installation's ceiling (60 by default) applies as well.",
    },
    maxConcurrent: {
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 100,
      default: 1,
      description: 'Actions in flight at once, verification included.',
    },
    budgets: {
      type: 'array',
      description: 'More limits beside maxActionsPerHour. Every one that is in force must have room.',
      maxItems: 8,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['actions'],
        properties: {
          // The ledger holds as many beyond the hour.
          actions: { type: 'integer', format: 'int32', minimum: 1, maximum: 100, description: 'Actions in every sliding time of this length.' },
          per: { ...duration('1m', '24h'), default: '1h', description: 'That length. One above an hour counts what was done since it was written.' },
          during: { ...timeWindow, description: 'When it is in force. Default: always.' },
        },
      },
    },
    schedules: {
      type: 'array',
      description: 'When acting is allowed or forbidden. Where a forbidding time is on, nothing is done; where there are allowing ones, one of them must be on.',
      maxItems: 8,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['allow', 'during'],
        properties: { allow: { type: 'boolean', description: 'true: acting is allowed then, and at no other time that is not allowed too. false: it is forbidden.' }, during: timeWindow },
      },
    },
    maxUnhealthy: {
      type: ['integer', 'string'],
      'x-kubernetes-int-or-string': true,
      minimum: 0,
      maximum: 99999,
      minLength: 1,
      maxLength: 16,
      description:
        'How many of the selected objects may be unhealthy at once: a count, or a percentage (rounded up, one at least). When more are, nothing is done until it has been calm again for a while: the cause is likely elsewhere. Default: 20%, unless the installation says otherwise.',
    },
    protectedResources: {
      type: 'array',
      description: 'Objects that are never acted on, even when selected. A protected owner protects its pods.',
      maxItems: 32,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['apiVersion', 'kind'],
        properties: {
          apiVersion,
          kind,
          names: { type: 'array', minItems: 1, maxItems: 64, 'x-kubernetes-list-type': 'set', items: objectName },
          labelSelector,
        },
        'x-kubernetes-validations': [
          {
            rule: 'has(self.names) || has(self.labelSelector)',
            message: 'names or labelSelector is needed: an entry with neither would protect nothing or everything',
            reason: 'FieldValueRequired',
            fieldPath: '.names',
          },
        ],
      },
    },
    requireHealthCheck: {
      type: 'boolean',
      default: true,
      description: 'Whether success needs Ready pods. false: the trigger being quiet is enough.',
    },
    healthCheckTimeout: {
      ...duration('1s', '24h'),
      default: '5m',
      description: 'How long after an action the replacement has to become healthy.',
    },
    stabilizationWindow: {
      ...duration('1s', '24h'),
      description: 'How long it must then stay healthy with the trigger quiet. Default: the longest duration of a trigger (of an alert with its for, and two minutes more), at least 60s.',
    },
    approvalTimeout: {
      ...duration('1s', '168h'),
      default: '1h',
      description: 'How long an action waits for approval. Then it is cancelled, and asked for again after the cooldown of its trigger (one minute at least) if it is still needed.',
    },
    circuitBreaker: {
      type: 'object',
      description: 'Stops acting when acting does not help.',
      additionalProperties: false,
      default: {},
      properties: {
        failureThreshold: {
          type: 'integer',
          format: 'int32',
          minimum: 1,
          maximum: 100,
          default: 3,
          description: 'Actions in a row that did not help, after which the breaker opens. It also opens when three or more of the last six (all six known) did not help.',
        },
        openDuration: {
          ...duration('1s', '4h'),
          default: '10m',
          description: 'How long it stays open before one probe is let through. Doubles, up to 4h, each time the probe does not help.',
        },
      },
    },
  },
} as const satisfies ObjectSchema
