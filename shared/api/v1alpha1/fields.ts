/** Schema pieces that several kinds share. */
import { DURATION_MAX_LENGTH, DURATION_PATTERN } from '../../lib/duration.ts'
import { LABEL_KEY_PATTERN, LABEL_VALUE_LENGTH, LABEL_VALUE_PATTERN } from '../../lib/label-syntax.ts'
import type { ObjectSchema, StringSchema } from '../../schema/structural.ts'

export const GROUP = 'kubeskippy.io'
export const VERSION = 'v1alpha1'
export const API_VERSION = 'kubeskippy.io/v1alpha1'

/** DNS label: names of triggers, actions, namespaces. */
export const DNS_LABEL_PATTERN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'
/** DNS subdomain: names of objects. No wildcard can pass. */
export const DNS_SUBDOMAIN_PATTERN = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'

export const dnsLabel = { type: 'string', minLength: 1, maxLength: 63, pattern: DNS_LABEL_PATTERN } as const satisfies StringSchema
/** What all triggers of a policy together are called. No trigger can be: their names have small letters only. */
export const ALL_TRIGGERS = 'All'
/** A trigger by its name, or all of them together. */
export const triggerName = { ...dnsLabel, pattern: `^(${DNS_LABEL_PATTERN.slice(1, -1)}|${ALL_TRIGGERS})$` } as const satisfies StringSchema
export const objectName = { type: 'string', minLength: 1, maxLength: 253, pattern: DNS_SUBDOMAIN_PATTERN } as const satisfies StringSchema
export const uid = { type: 'string', minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9-]+$' } as const satisfies StringSchema
export const kind = { type: 'string', minLength: 1, maxLength: 63, pattern: '^[A-Za-z][A-Za-z0-9]*$' } as const satisfies StringSchema
export const apiVersion = {
  type: 'string',
  minLength: 1,
  maxLength: 253,
  pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[a-z0-9]+$',
} as const satisfies StringSchema
/**
 * RFC 3339 as `parseInstant` reads it. A pattern, since with `format: date-time` the API server takes a list where a
 * string belongs, and `2030-01-01T00:00:00Ztz` as well.
 */
export const TIME_PATTERN = '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$'
export const time = { type: 'string', maxLength: 40, pattern: TIME_PATTERN } as const satisfies StringSchema
/** One PascalCase word: the same in condition, event, metric label and log. */
export const reason = { type: 'string', maxLength: 128, pattern: '^([A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?)?$' } as const satisfies StringSchema
export const message = { type: 'string', maxLength: 2048 } as const satisfies StringSchema
export const count = { type: 'integer', format: 'int32', minimum: 0 } as const

/** A duration between `min` and `max` (Go duration strings, both inclusive). The CEL bound has a twin in `shared/rules`. */
export const duration = <const Min extends string, const Max extends string>(min: Min, max: Max) =>
  ({
    type: 'string',
    minLength: 1,
    maxLength: DURATION_MAX_LENGTH,
    pattern: DURATION_PATTERN,
    'x-kubernetes-validations': [
      {
        // A malformed string is the pattern's to report; duration() would add a second error for it.
        rule: `!self.matches('${DURATION_PATTERN.replaceAll('\\', '\\\\')}') || (duration(self) >= duration('${min}') && duration(self) <= duration('${max}'))`,
        message: `must be between ${min} and ${max}`,
      },
    ],
  }) as const satisfies StringSchema

/** What became of the incidents that were acted on, as the ledger keeps it and the status shows it. */
export const timeToHeal = {
  type: 'object',
  description: 'How long incidents lasted, from the begin of the fault until the workload had been healthy for the stabilization window. Those that nothing was done about are not counted.',
  additionalProperties: false,
  required: ['last', 'at', 'incidents', 'missed'],
  properties: {
    last: { ...duration('0s', '87600h'), description: 'Of the one that ended last, in whole seconds.' },
    at: { ...time, description: 'When that ended.' },
    incidents: { ...count, description: 'How many ended so far.' },
    missed: { ...count, description: 'How many of them took longer than spec.objectives.timeToHeal, as it was when they ended.' },
  },
} as const satisfies ObjectSchema

export const labelSelector = {
  type: 'object',
  description: 'A Kubernetes label selector. All requirements must hold.',
  additionalProperties: false,
  properties: {
    matchLabels: {
      type: 'object',
      description: 'Labels that must be there with exactly these values.',
      maxProperties: 32,
      additionalProperties: { type: 'string', maxLength: LABEL_VALUE_LENGTH, pattern: LABEL_VALUE_PATTERN },
    },
    matchExpressions: {
      type: 'array',
      maxItems: 32,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['key', 'operator'],
        properties: {
          key: { type: 'string', minLength: 1, maxLength: 317, pattern: LABEL_KEY_PATTERN },
          operator: { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
          values: {
            type: 'array',
            maxItems: 64,
            'x-kubernetes-list-type': 'atomic',
            items: { type: 'string', maxLength: LABEL_VALUE_LENGTH, pattern: LABEL_VALUE_PATTERN },
          },
        },
        'x-kubernetes-validations': [
          {
            rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
            message: 'In and NotIn need values; Exists and DoesNotExist take none',
            fieldPath: '.values',
          },
        ],
      },
    },
  },
} as const satisfies ObjectSchema

/** A reference to one live object. */
export const objectReference = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'kind', 'name'],
  properties: { apiVersion, kind, namespace: dnsLabel, name: objectName, uid },
} as const satisfies ObjectSchema

/** `metav1.Condition`. */
export const conditions = {
  type: 'array',
  maxItems: 16,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
    properties: {
      type: { type: 'string', maxLength: 316 },
      status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
      observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
      lastTransitionTime: time,
      reason,
      message,
    },
  },
} as const
