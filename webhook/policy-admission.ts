/**
 * KS103, KS108 and KS506 over HealingPolicies, in the API server itself: what no policy may be stored with, even where the
 * door is down or somebody has taken its configuration away. The door says the same, and all else that it finds.
 */
import { GROUP } from '../shared/api/v1alpha1/fields.ts'
import { DEFAULT_RESOURCES } from '../shared/api/v1alpha1/context-defaults.ts'
import { healingPolicy } from '../shared/api/v1alpha1/healing-policy.schema.ts'
import { ALLOW_ANNOTATION, ALLOWED_BY_ANNOTATION, HEALING_POLICY_ADMISSION_POLICY, OPERATOR_NAMESPACE, OVERRIDE_VERB, PROTECTED_NAMESPACES } from '../shared/api/v1alpha1/names.ts'
import { exemptionRule } from '../shared/rules/across/ks506-exemption.ts'
import { ALLOW_LENGTH, FREE_IDS } from '../shared/rules/exemptions.ts'
import { ks103 } from '../shared/rules/selection/ks103-protected-namespace.ts'
import { annotationOf, DEFAULT_TARGET, literal, literals } from './expressions.ts'
import { doesNoMore } from './policy-less.ts'
import { rightsValidations, rightsVariables } from './policy-rights.ts'
import type { Guarded } from './admission-policies.ts'

const SELECTED = healingPolicy.spec.properties.selector.properties.resources.items.properties
const NOW = 'object.spec'
const LIST = `${NOW}.selector.resources`
const REST = Object.keys(SELECTED).filter((name) => name !== 'apiVersion' && name !== 'kind')
const DEFAULT_LIST = [
  `${LIST}.size() == ${DEFAULT_RESOURCES.length}`,
  ...DEFAULT_RESOURCES.flatMap(({ apiVersion, kind }, i) => [`${LIST}[${i}].apiVersion == '${apiVersion}' && ${LIST}[${i}].kind == '${kind}'`, ...REST.map((name) => `!has(${LIST}[${i}].${name})`)]),
].join(' && ')

const NO_MORE = `request.operation == 'UPDATE' && ${doesNoMore({
  now: NOW,
  old: 'oldObject.spec',
  // Of the window an expression cannot work out the default.
  added: { 'selector.resources': DEFAULT_LIST, 'actions[].target': `a.target == (${DEFAULT_TARGET})`, 'safetyRules.stabilizationWindow': 'true' },
})}`

/** Of the installation's own protected namespaces: as it stands the list is empty, and whoever installs writes them in (`admissionPoliciesFor`). */
export const PROTECTED_VARIABLE = { name: 'installationProtects', expression: '[]' } as const

/** Parts of the annotation but for ids of rules about triggers; what is no id needs the verb too. The rules read none that is longer. */
const guarded = (text: string): string => `${text} == '' ? [] : ${text}.size() > ${ALLOW_LENGTH} ? ['?'] : ${text}.split(',').map(id, id.trim()).filter(id, !id.matches('${FREE_IDS}'))`

const variables = Object.entries({
  [PROTECTED_VARIABLE.name]: PROTECTED_VARIABLE.expression,
  // Objects on their way out are never refused.
  going: 'has(object.metadata.deletionTimestamp)',
  namespaces: 'object.spec.selector.?namespaces.orValue([request.namespace])',
  selected: `${NOW}.selector.?resources.orValue([]).size()`,
  pods: `${NOW}.selector.?resources.orValue([]).filter(r, r.apiVersion == 'v1' && r.kind == 'Pod').size()`,
  noMore: NO_MORE,
  // What is wrong with it may stay and come in: it does nothing, and going on is judged in full.
  sleeps: "request.operation == 'UPDATE' && object.spec.?suspend.orValue(false)",
  resumes: "request.operation == 'UPDATE' && oldObject.spec.?suspend.orValue(false) && !object.spec.?suspend.orValue(false)",
  closed: `variables.namespaces.filter(n, n in ${literals([...PROTECTED_NAMESPACES, OPERATOR_NAMESPACE])} || n in variables.${PROTECTED_VARIABLE.name})`,
  allow: annotationOf('object', ALLOW_ANNOTATION),
  allowed: `request.operation == 'UPDATE' ? ${annotationOf('oldObject', ALLOW_ANNOTATION)} : ''`,
  guarded: guarded('variables.allow'),
  kept: `variables.noMore ? (${guarded('variables.allowed')}) : []`,
  granted: 'variables.guarded.filter(id, !(id in variables.kept))',
  grantor: annotationOf('object', ALLOWED_BY_ANNOTATION),
  before: `request.operation == 'UPDATE' ? ${annotationOf('oldObject', ALLOWED_BY_ANNOTATION)} : ''`,
  ids: "variables.granted.filter(id, id.matches('^KS[1-9][0-9][0-9]$')).join(', ')",
  ...rightsVariables,
}).map(([name, expression]) => ({ name, expression }))

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
        literal(` — ${ks103.why} — ${ks103.fix}`),
      ].join(' + '),
      message: `[KS103] ${ks103.title.replace(/\.$/, '')} — ${ks103.why} — ${ks103.fix}`,
      reason: 'Invalid',
    },
    {
      expression: `variables.going || variables.granted.size() == 0 || authorizer.group('${GROUP}').resource('${healingPolicy.plural}').namespace(request.namespace).check('${OVERRIDE_VERB}').allowed()`,
      messageExpression: [
        literal(`metadata.annotations[${ALLOW_ANNOTATION}]: [KS506] you may not ${OVERRIDE_VERB} ${RESOURCE} in namespace "`),
        'request.namespace',
        "'\", which ' + (variables.ids == '' ? 'what is no id of a rule' : 'an exemption from ' + variables.ids) + ' takes'",
        literal(` — ${ks506.why} — ${ks506.fix}`),
      ].join(' + '),
      message: `[KS506] exempting a policy takes the verb ${OVERRIDE_VERB} on ${RESOURCE} — ${ks506.why} — ${ks506.fix}`,
    },
    {
      expression:
        "variables.going || variables.guarded.size() == 0 || variables.grantor == '' || (variables.granted.size() == 0 ? variables.grantor == variables.before : variables.grantor.substring(variables.grantor.indexOf(' ') + 1) == request.userInfo.username)",
      message: `metadata.annotations[${ALLOWED_BY_ANNOTATION}]: [KS506] names somebody else than who allows this — the record of who allowed it would be a forgery — leave it out, the webhook writes it`,
    },
    ...rightsValidations,
  ],
}
