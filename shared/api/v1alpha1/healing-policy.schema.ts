import type { CustomResource, ObjectSchema } from '../../schema/structural.ts'
import { healingPolicyStatus } from './healing-policy-status.schema.ts'
import { apiVersion, dnsLabel, duration, kind, labelSelector, objectName } from './fields.ts'

const selector = {
  type: 'object',
  description: 'Which objects the policy looks at.',
  additionalProperties: false,
  properties: {
    namespaces: {
      type: 'array',
      description: "Namespaces by name. Default: the policy's own. Other namespaces are refused.",
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'set',
      items: dnsLabel,
    },
    labelSelector: {
      ...labelSelector,
      description: 'Labels of the selected objects. An empty selector never means "all".',
    },
    resources: {
      type: 'array',
      description: 'Kinds of the selected objects. Default: Pod (v1).',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['apiVersion', 'kind'],
        properties: {
          apiVersion,
          kind,
          names: {
            type: 'array',
            description: 'Only objects of these names.',
            minItems: 1,
            maxItems: 64,
            'x-kubernetes-list-type': 'set',
            items: objectName,
          },
          excludeNames: {
            type: 'array',
            description: 'Never objects of these names.',
            maxItems: 64,
            'x-kubernetes-list-type': 'set',
            items: objectName,
          },
        },
      },
    },
  },
} as const satisfies ObjectSchema

const trigger = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'type'],
  properties: {
    name: { ...dnsLabel, description: 'Name within the policy.' },
    type: { type: 'string', enum: ['condition'], description: 'Which of the bodies below is given.' },
    cooldownPeriod: {
      ...duration('0s', '720h'),
      default: '5m',
      description: 'How long after an incident has ended no new one is acted on, for the same trigger and workload.',
    },
    conditionTrigger: {
      type: 'object',
      description: 'Fires when a condition has held without a break for a while.',
      additionalProperties: false,
      required: ['type'],
      properties: {
        type: {
          type: 'string',
          minLength: 1,
          maxLength: 316,
          description:
            'CrashLoopBackOff or OOMKilled (states of a container, derived from its restarts, its last termination and its readiness), or the type of a condition of the pod (Ready, PodScheduled, ...).',
        },
        status: { type: 'string', enum: ['True', 'False', 'Unknown'], default: 'True', description: 'Status that the condition must have.' },
        duration: { ...duration('0s', '24h'), default: '1m', description: 'How long it must hold.' },
      },
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "(self.type == 'condition') == has(self.conditionTrigger)",
      message: 'type condition needs conditionTrigger, and no other type may have it',
      reason: 'FieldValueRequired',
      fieldPath: '.conditionTrigger',
    },
  ],
} as const satisfies ObjectSchema

/** Copied as it is into each HealingAction. */
export const actionTemplate = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'type'],
  properties: {
    name: { ...dnsLabel, description: 'Name within the policy.' },
    type: { type: 'string', enum: ['restart'], description: 'Which of the bodies below is given.' },
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
      enum: ['Pod'],
      description: 'What is acted on: the offending pod. Default when the selector names pods: Pod.',
    },
    triggers: {
      type: 'array',
      description: 'Names of the triggers that lead to this action. Default: all.',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'set',
      items: dnsLabel,
    },
    restartAction: {
      type: 'object',
      description: 'Evicts the pod, so that its controller makes a new one. Disruption budgets are respected. A pod without a controller is refused.',
      additionalProperties: false,
      properties: {
        gracePeriodSeconds: {
          type: 'integer',
          format: 'int32',
          minimum: 1,
          maximum: 3600,
          description: "Seconds that the pod has to stop. Default: the pod's own terminationGracePeriodSeconds. 0 would be a force delete and is refused.",
        },
      },
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "(self.type == 'restart') == has(self.restartAction)",
      message: 'type restart needs restartAction (which may be {}), and no other type may have it',
      reason: 'FieldValueRequired',
      fieldPath: '.restartAction',
    },
  ],
} as const satisfies ObjectSchema

const safetyRules = {
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
      description: 'How long it must then stay healthy with the trigger quiet. Default: the longest duration of a trigger, at least 60s.',
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

const spec = {
  type: 'object',
  additionalProperties: false,
  required: ['selector', 'triggers', 'actions'],
  properties: {
    mode: {
      type: 'string',
      enum: ['monitor', 'dryrun', 'automatic'],
      default: 'dryrun',
      description: 'monitor: findings, status, events and metrics only. dryrun: records what would be done, with the dry run of the API server. automatic: acts.',
    },
    suspend: { type: 'boolean', default: false, description: 'Stops new acts at once. Findings are still reported.' },
    selector,
    triggers: {
      type: 'array',
      description: 'What counts as broken. Any of them is enough.',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: trigger,
    },
    actions: {
      type: 'array',
      description: 'What is done about it: a ladder in the order of priority.',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: actionTemplate,
    },
    safetyRules,
  },
  'x-kubernetes-validations': [
    {
      // On spec, so it fires again on every change of an old object: suspending must always get through.
      rule: 'self.actions.all(a, !has(a.triggers) || a.triggers.all(t, self.triggers.exists(x, x.name == t))) || (oldSelf.hasValue() && self.suspend)',
      message: 'actions[].triggers must name triggers of this policy',
      fieldPath: '.actions',
      optionalOldSelf: true,
    },
  ],
} as const satisfies ObjectSchema

export const healingPolicy = {
  kind: 'HealingPolicy',
  plural: 'healingpolicies',
  singular: 'healingpolicy',
  shortNames: ['hp'],
  categories: ['kubeskippy'],
  description: 'Says which workloads are watched, what counts as broken, what is done about it, and within which limits.',
  // A label value of every HealingAction.
  maxNameLength: 63,
  spec,
  status: healingPolicyStatus,
  columns: [
    { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Firing', type: 'string', jsonPath: '.status.triggers[?(@.state=="Firing")].name' },
    { name: 'Last action', type: 'string', jsonPath: '.status.lastAction' },
    // A string: kubectl shows a date as an age, and one in the future as <invalid>.
    { name: 'Next free slot', type: 'string', jsonPath: '.status.budget.nextFreeSlot', priority: 1 },
    { name: 'Breaker', type: 'string', jsonPath: '.status.breaker.state' },
    { name: 'Decision', type: 'string', jsonPath: '.status.lastDecision.reason' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
} as const satisfies CustomResource
