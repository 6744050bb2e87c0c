import type { CustomResource, ObjectSchema } from '../../schema/structural.ts'
import { FIELD_WORDS } from './field-words.ts'
import { healingPolicyStatus } from './healing-policy-status.schema.ts'
import { actionTemplate } from './policy/actions/index.ts'
import { safetyRules } from './policy/safety-rules.ts'
import { history } from './policy/history.ts'
import { objectives } from './policy/objectives.ts'
import { selector } from './policy/selector.ts'
import { trigger } from './policy/triggers/index.ts'

const spec = {
  type: 'object',
  additionalProperties: false,
  required: ['selector', 'triggers', 'actions'],
  properties: {
    mode: {
      type: 'string',
      enum: ['monitor', 'dryrun', 'manual', 'automatic'],
      default: 'dryrun',
      description: 'monitor: findings, status, events and metrics only. dryrun: records what would be done, with the dry run of the API server. manual: every action waits until a person approves it. automatic: acts, except where an action requires approval.',
    },
    suspend: { type: 'boolean', default: false, description: 'Stops new acts at once. Findings are still reported.' },
    selector,
    triggers: {
      type: 'array',
      description: 'What counts as broken. Any of them is enough, unless triggerMatch says otherwise.',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: trigger,
    },
    triggerMatch: {
      type: 'string',
      enum: ['Any', 'All'],
      default: 'Any',
      description: 'Any: each trigger leads to actions by itself. All: nothing is done before all of them fire on the same object, and it is over when one of them is quiet there.',
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
    history,
    objectives,
  },
  'x-kubernetes-validations': [
    {
      // On spec, so it fires again on every change of an old object: suspending must always get through.
      rule: 'self.actions.all(a, !has(a.triggers) || a.triggers.all(t, self.triggers.exists(x, x.name == t))) || (oldSelf.hasValue() && self.suspend)',
      message: 'actions[].triggers must name triggers of this policy',
      fieldPath: '.actions',
      optionalOldSelf: true,
    },
    {
      // An action for some of them only would have to mean something else than it says.
      rule: "self.triggerMatch != 'All' || self.actions.all(a, !has(a.triggers) || self.triggers.all(t, a.triggers.exists(x, x == t.name))) || (oldSelf.hasValue() && self.suspend)",
      message: 'with triggerMatch: All every action is for all triggers together: leave actions[].triggers out, or make a policy of its own',
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
  words: FIELD_WORDS,
  status: healingPolicyStatus,
  columns: [
    { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Firing', type: 'string', jsonPath: '.status.triggers[?(@.state=="Firing")].name' },
    { name: 'Last action', type: 'string', jsonPath: '.status.lastAction' },
    // A string: kubectl shows a date as an age, and one in the future as <invalid>.
    { name: 'Next free slot', type: 'string', jsonPath: '.status.budget.nextFreeSlot', priority: 1 },
    { name: 'Breaker', type: 'string', jsonPath: '.status.breaker.state' },
    { name: 'Healed in', type: 'string', jsonPath: '.status.timeToHeal.last', priority: 1 },
    { name: 'Objective', type: 'string', jsonPath: '.spec.objectives.timeToHeal', priority: 1 },
    { name: 'Decision', type: 'string', jsonPath: '.status.lastDecision.reason' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
} as const satisfies CustomResource
