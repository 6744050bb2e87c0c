/**
 * KS103 and KS506 over HealingPolicies, in the API server itself: what no policy may be stored with, even where the door
 * is down or somebody has taken its configuration away. The door says the same, and all else that it finds.
 */
import { GROUP } from '../shared/api/v1alpha1/fields.ts'
import { DEFAULT_RESOURCES } from '../shared/api/v1alpha1/context-defaults.ts'
import { healingPolicy } from '../shared/api/v1alpha1/healing-policy.schema.ts'
import { ALLOW_ANNOTATION, ALLOWED_BY_ANNOTATION, HEALING_POLICY_ADMISSION_POLICY, OPERATOR_NAMESPACE, OVERRIDE_VERB, PROTECTED_NAMESPACES } from '../shared/api/v1alpha1/names.ts'
import { exemptionRule } from '../shared/rules/across/ks506-exemption.ts'
import { ALLOW_LENGTH, FREE_IDS } from '../shared/rules/exemptions.ts'
import { LOWER_IS_LESS, MODES_BY_RISK } from '../shared/rules/ratchet.ts'
import { ks103 } from '../shared/rules/selection/ks103-protected-namespace.ts'
import { annotationOf, sameMember, sameMembers } from './expressions.ts'
import type { Guarded } from './admission-policies.ts'

const { selector, safetyRules, actions, ...others } = healingPolicy.spec.properties
const without = (members: object, names: readonly string[]): readonly string[] => Object.keys(members).filter((name) => !names.includes(name))
const [NOW, OLD] = ['object.spec', 'oldObject.spec'] as const

/** Equal, or what the mutating webhook adds to what was stored without it. */
const sameOr = (now: string, old: string, name: string, added: string): string => `((${sameMember(now, old, name)}) || (!has(${old}.${name}) && ${added}))`
const [LIST, REST] = [`${NOW}.selector.resources`, without(selector.properties.resources.items.properties, ['apiVersion', 'kind'])]
const DEFAULT_LIST = [
  `${LIST}.size() == ${DEFAULT_RESOURCES.length}`,
  ...DEFAULT_RESOURCES.flatMap(({ apiVersion, kind }, i) => [`${LIST}[${i}].apiVersion == '${apiVersion}' && ${LIST}[${i}].kind == '${kind}'`, ...REST.map((name) => `!has(${LIST}[${i}].${name})`)]),
].join(' && ')
const SAME_ACTION = [sameMembers('a', 'o', without(actions.items.properties, ['target'])), sameOr('a', 'o', 'target', "a.target == (a.type == 'evict' ? 'Pod' : a.type == 'scale' ? 'Workload' : variables.pods == variables.selected ? 'Pod' : variables.pods == 0 ? 'Workload' : '')")].join(' && ')

/** `doesNoMore` of the rules. The limits have defaults, so they are there. */
const NO_MORE = [
  "request.operation == 'UPDATE'",
  sameMembers(NOW, OLD, without(others, ['mode', 'suspend'])),
  sameMembers(`${NOW}.selector`, `${OLD}.selector`, without(selector.properties, ['namespaces', 'resources'])),
  sameOr(`${NOW}.selector`, `${OLD}.selector`, 'resources', DEFAULT_LIST),
  sameMembers(`${NOW}.safetyRules`, `${OLD}.safetyRules`, without(safetyRules.properties, [...LOWER_IS_LESS, 'stabilizationWindow'])),
  sameOr(`${NOW}.safetyRules`, `${OLD}.safetyRules`, 'stabilizationWindow', 'true'),
  ...LOWER_IS_LESS.map((limit) => `${NOW}.safetyRules.${limit} >= 1 && ${NOW}.safetyRules.${limit} <= ${OLD}.safetyRules.${limit}`),
  `variables.namespaces.size() > 0 && variables.namespaces.all(n, n in ${OLD}.selector.?namespaces.orValue([request.namespace]))`,
  `${NOW}.actions.map(a, a.name) == ${OLD}.actions.map(a, a.name) && ${NOW}.actions.all(a, ${OLD}.actions.exists(o, ${SAME_ACTION}))`,
  `variables.modes.indexOf(${NOW}.mode) <= variables.modes.indexOf(${OLD}.mode)`,
].join(' && ')

/** Parts of the annotation but for ids of rules about triggers; what is no id needs the verb too. The rules read none that is longer. */
const guarded = (text: string): string => `${text} == '' ? [] : ${text}.size() > ${ALLOW_LENGTH} ? ['?'] : ${text}.split(',').map(id, id.trim()).filter(id, !id.matches('${FREE_IDS}'))`

const list = (values: readonly string[]): string => `[${values.map((value) => `'${value}'`).join(', ')}]`

const variables = Object.entries({
  // Objects on their way out are never refused.
  going: 'has(object.metadata.deletionTimestamp)',
  modes: list(MODES_BY_RISK),
  namespaces: 'object.spec.selector.?namespaces.orValue([request.namespace])',
  selected: `${NOW}.selector.?resources.orValue([]).size()`,
  pods: `${NOW}.selector.?resources.orValue([]).filter(r, r.apiVersion == 'v1' && r.kind == 'Pod').size()`,
  noMore: NO_MORE,
  // What is wrong with it may stay and come in: it does nothing, and going on is judged in full.
  sleeps: "request.operation == 'UPDATE' && object.spec.?suspend.orValue(false)",
  resumes: "request.operation == 'UPDATE' && oldObject.spec.?suspend.orValue(false) && !object.spec.?suspend.orValue(false)",
  closed: `variables.namespaces.filter(n, n in ${list([...PROTECTED_NAMESPACES, OPERATOR_NAMESPACE])})`,
  allow: annotationOf('object', ALLOW_ANNOTATION),
  allowed: `request.operation == 'UPDATE' ? ${annotationOf('oldObject', ALLOW_ANNOTATION)} : ''`,
  guarded: guarded('variables.allow'),
  kept: `variables.noMore ? (${guarded('variables.allowed')}) : []`,
  granted: 'variables.guarded.filter(id, !(id in variables.kept))',
  grantor: annotationOf('object', ALLOWED_BY_ANNOTATION),
  before: `request.operation == 'UPDATE' ? ${annotationOf('oldObject', ALLOWED_BY_ANNOTATION)} : ''`,
}).map(([name, expression]) => ({ name, expression }))

/** Within a literal of the expression. */
const text = (value: string): string => `'${value.replaceAll("'", "\\'")}'`
const ks506 = exemptionRule(() => [])
const RESOURCE = `${healingPolicy.plural}.${GROUP}`

export const policyAdmission: Guarded = {
  name: HEALING_POLICY_ADMISSION_POLICY,
  resources: [healingPolicy.plural],
  variables,
  validations: [
    {
      expression: "variables.going || variables.sleeps || !(object.spec.mode in ['manual', 'automatic']) || variables.closed.size() == 0 || (variables.noMore && !variables.resumes)",
      messageExpression: [
        "(variables.closed[0] == request.namespace ? 'metadata.namespace' : 'spec.selector.namespaces[' + string(variables.namespaces.indexOf(variables.closed[0])) + ']')",
        "': [KS103] mode ' + object.spec.mode + ' in the protected namespace \"' + variables.closed[0] + '\"'",
        text(` — ${ks103.why} — ${ks103.fix}`),
      ].join(' + '),
      message: `[KS103] ${ks103.title.replace(/\.$/, '')} — ${ks103.why} — ${ks103.fix}`,
      reason: 'Invalid',
    },
    {
      expression: `variables.going || variables.granted.size() == 0 || authorizer.group('${GROUP}').resource('${healingPolicy.plural}').namespace(request.namespace).check('${OVERRIDE_VERB}').allowed()`,
      messageExpression: [
        text(`metadata.annotations[${ALLOW_ANNOTATION}]: [KS506] you may not ${OVERRIDE_VERB} ${RESOURCE} in namespace "`),
        'request.namespace',
        "'\", which an exemption from ' + variables.granted.filter(id, id.matches('^KS[1-9][0-9][0-9]$')).join(', ') + ' takes'",
        text(` — ${ks506.why} — ${ks506.fix}`),
      ].join(' + '),
      message: `[KS506] exempting a policy takes the verb ${OVERRIDE_VERB} on ${RESOURCE} — ${ks506.why} — ${ks506.fix}`,
    },
    {
      expression:
        "variables.going || variables.guarded.size() == 0 || variables.grantor == '' || (variables.granted.size() == 0 ? variables.grantor == variables.before : variables.grantor.substring(variables.grantor.indexOf(' ') + 1) == request.userInfo.username)",
      message: `metadata.annotations[${ALLOWED_BY_ANNOTATION}]: [KS506] names somebody else than who allows this — the record of who allowed it would be a forgery — leave it out, the webhook writes it`,
    },
  ],
}
