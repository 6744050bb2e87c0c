/**
 * A TypeScript twin for each CEL rule of the API. A twin names the text of its rule, with `{{holes}}` for the words that
 * differ from place to place, so a rule that changes without its twin has none and a test says so; the agreement suite
 * compares the two on generated objects against a real API server.
 *
 * To add a rule: write it into the schema literal, add its twin here, and run the agreement suite.
 */
import { isObject, sameJson } from '../../lib/json.ts'
import { DURATION_PATTERN } from '../../lib/duration.ts'
import { goDurationNanos } from './go-duration.ts'

export interface Scope {
  readonly self: unknown
  /** undefined: there is no old value. */
  readonly oldSelf: unknown
  /** The word that stands in this rule where the twin's text has a hole. */
  readonly hole: (name: string) => string
}

export interface Twin {
  readonly rule: string
  /** false where the rule is false or cannot be evaluated: the API server refuses both. */
  readonly holds: (scope: Scope) => boolean
}

const has = (value: unknown, name: string): boolean => isObject(value) && Object.hasOwn(value, name)
const get = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const twins: readonly Twin[] = [
  {
    // duration(min, max) in fields.ts. A string that is no duration is the pattern's to report.
    rule: `!self.matches('${DURATION_PATTERN.replaceAll('\\', '\\\\')}') || (duration(self) >= duration('{{min}}') && duration(self) <= duration('{{max}}'))`,
    holds: ({ self, hole }) => {
      if (typeof self !== 'string' || !new RegExp(DURATION_PATTERN).test(self)) return true
      const nanos = goDurationNanos(self)
      const min = goDurationNanos(hole('min'))
      const max = goDurationNanos(hole('max'))
      return nanos !== undefined && min !== undefined && max !== undefined && nanos >= min && nanos <= max
    },
  },
  {
    // A union: type names its body.
    rule: "(self.type == '{{type}}') == has(self.{{body}})",
    holds: ({ self, hole }) => (get(self, 'type') === hole('type')) === has(self, hole('body')),
  },
  {
    rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
    holds: ({ self }) => ['In', 'NotIn'].includes(String(get(self, 'operator'))) === list(get(self, 'values')).length > 0,
  },
  {
    rule: 'has(self.{{a}}) || has(self.{{b}})',
    holds: ({ self, hole }) => has(self, hole('a')) || has(self, hole('b')),
  },
  {
    rule: 'has(self.{{a}}) != has(self.{{b}})',
    holds: ({ self, hole }) => has(self, hole('a')) !== has(self, hole('b')),
  },
  {
    // A ledger of a policy has all that is of a policy.
    rule: '!has(self.policy) || (has(self.nextOrdinal) && has(self.entries) && has(self.breaker) && has(self.incidents) && has(self.outcomes))',
    holds: ({ self }) => !has(self, 'policy') || ['nextOrdinal', 'entries', 'breaker', 'incidents', 'outcomes'].every((name) => has(self, name)),
  },
  {
    rule: "!has(self.{{field}}) || self.{{other}} == '{{value}}'",
    holds: ({ self, hole }) => !has(self, hole('field')) || get(self, hole('other')) === hole('value'),
  },
  {
    rule: "self.{{field}} != '{{value}}' || has(self.{{needed}})",
    holds: ({ self, hole }) => get(self, hole('field')) !== hole('value') || has(self, hole('needed')),
  },
  {
    rule: 'self.actions.all(a, !has(a.triggers) || a.triggers.all(t, self.triggers.exists(x, x.name == t))) || (oldSelf.hasValue() && self.suspend)',
    holds: ({ self, oldSelf }) => {
      if (oldSelf !== undefined && get(self, 'suspend') === true) return true
      const names = list(get(self, 'triggers')).map((trigger) => get(trigger, 'name'))
      return list(get(self, 'actions')).every((action) => list(get(action, 'triggers')).every((name) => names.includes(name)))
    },
  },
  {
    rule: "self.triggerMatch != 'All' || self.actions.all(a, !has(a.triggers) || self.triggers.all(t, a.triggers.exists(x, x == t.name))) || (oldSelf.hasValue() && self.suspend)",
    holds: ({ self, oldSelf }) => {
      if (get(self, 'triggerMatch') !== 'All' || (oldSelf !== undefined && get(self, 'suspend') === true)) return true
      const names = list(get(self, 'triggers')).map((trigger) => get(trigger, 'name'))
      return list(get(self, 'actions')).every((action) => !has(action, 'triggers') || names.every((name) => list(get(action, 'triggers')).includes(name)))
    },
  },
  {
    rule: '!has(self.{{field}}) || (has(self.{{flag}}) && self.{{flag}})',
    holds: ({ self, hole }) => !has(self, hole('field')) || get(self, hole('flag')) === true,
  },
  {
    rule: '!has(self.{{field}}) || oldSelf.hasValue()',
    holds: ({ self, oldSelf, hole }) => !has(self, hole('field')) || oldSelf !== undefined,
  },
  {
    // Set once.
    rule: '!has(oldSelf.{{field}}) || (has(self.{{field}}) && self.{{field}} == oldSelf.{{field}})',
    holds: ({ self, oldSelf, hole }) => !has(oldSelf, hole('field')) || sameJson(get(self, hole('field')), get(oldSelf, hole('field'))),
  },
  {
    // Immutability, on the parent: unset-then-set cannot pass.
    rule: 'has(self.{{field}}) == has(oldSelf.{{field}}) && (!has(self.{{field}}) || self.{{field}} == oldSelf.{{field}})',
    holds: ({ self, oldSelf, hole }) => {
      const field = hole('field')
      return has(self, field) === has(oldSelf, field) && sameJson(get(self, field), get(oldSelf, field))
    },
  },
]
