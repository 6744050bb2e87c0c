/**
 * KS108 as variables and validations of the admission policy over HealingPolicies: whoever writes one that acts may do
 * himself what its actions write. The door asks the same, and about kinds that only discovery knows.
 */
import { ACTS_ON, isOneOf, POD, ROLLOUT } from '../shared/api/v1alpha1/action-kinds.ts'
import { KNOWN_KINDS, nameOf, type KindReference } from '../shared/api/v1alpha1/kinds.ts'
import type { ActionTemplate } from '../shared/api/v1alpha1/types.ts'
import { permissionsOf, writesTo } from '../shared/rules/action-writes.ts'
import { ks108 } from '../shared/rules/selection/ks108-author-may-not.ts'
import type { Validation } from './admission-policies.ts'
import { DEFAULT_TARGET, literal, literals } from './expressions.ts'

type ActionType = ActionTemplate['type']
type Body = Parameters<typeof writesTo>[0]

/** Stands for whatever owns a selected pod. */
const OWNER = 'owner'
/** An expression reads no patch. What comes with a new template the API server does for whoever may patch: it is not asked for. */
const PATCH: Body['patchAction'] = { type: 'merge', patch: 'metadata: {labels: {a: b}}' }

/** Each way in which an action can write, by the word that the expressions have for it. */
const WAYS: readonly (readonly [string, Body])[] = (Object.keys(ACTS_ON) as ActionType[]).flatMap((type): (readonly [string, Body])[] =>
  type === 'restart' ? (['rolling', 'recreate'] as const).map((strategy) => [`${type}/${strategy}`, { type, restartAction: { strategy } }]) : [[type, { type, patchAction: PATCH }]],
)
const WAY = "a.type + (a.type == 'restart' ? '/' + a.?restartAction.?strategy.orValue('rolling') : '')"

const kindsOf = ({ type }: Body, kind: KindReference): readonly string[] => [nameOf(kind), ...(isOneOf(ACTS_ON[type], kind) ? [OWNER] : [])]

/** What needs each right: `patch/apps/deployments/scale`, and then `scale owner` and others. */
const RIGHTS = new Map<string, Set<string>>()
for (const [way, body] of WAYS) {
  for (const kind of [...KNOWN_KINDS, ROLLOUT]) {
    for (const { verb, apiGroup, resource } of permissionsOf(writesTo(body, kind))) {
      const [plural = '', subresource = ''] = resource.split('/')
      const right = [verb, apiGroup, plural, subresource].join('/')
      RIGHTS.set(right, new Set([...(RIGHTS.get(right) ?? []), ...kindsOf(body, kind).map((name) => `${way} ${name}`)]))
    }
  }
}

/**
 * The API server has time for 28 questions in all that a policy is asked, one of which is about exemptions, and for the
 * rest of the expressions. All that one namespace can need are fewer, so of the own one everything is asked.
 */
export const MOST_QUESTIONS = 24

const TARGET = `a.?target.orValue(${DEFAULT_TARGET})`
const PODS = literal(nameOf(POD))
const HOME_FIRST = 'variables.namespaces.filter(n, n == request.namespace) + variables.namespaces.filter(n, n != request.namespace)'
const IN_WORDS = (right: string): string => `${right}[0] + ' ' + ${right}[2] + (${right}[1] == '' ? '' : '.' + ${right}[1]) + (${right}[3] == '' ? '' : '/' + ${right}[3])`

export const rightsVariables = {
  // One that does no more than before says nothing of who may do what; going on is judged in full.
  harmless: "variables.going || !(object.spec.mode in ['manual', 'automatic']) || (variables.noMore && !variables.resumes)",
  kinds: `has(object.spec.selector.resources) ? object.spec.selector.resources.map(r, r.apiVersion + ' ' + r.kind) : [${PODS}]`,
  doing: `object.spec.actions.map(a, ((${TARGET} != 'Workload' ? [${PODS}] : []) + (${TARGET} != 'Pod' ? variables.kinds.map(k, k == ${PODS} ? '${OWNER}' : k) : [])).map(k, ${WAY} + ' ' + k))`,
  // Each ends in the place of the first action that needs it.
  rights: `[${[...RIGHTS].map(([right, uses]) => literals([right, ...uses])).join(', ')}].map(r, r[0].split('/') + [string(variables.doing.map(uses, r.exists(use, use in uses)).indexOf(true))]).filter(r, r[4] != '-1')`,
  rightsInWords: `variables.rights.map(r, ${IN_WORDS('r')}).join(', ')`,
  questions: `variables.harmless ? [] : (${HOME_FIRST}).map(n, variables.rights.map(r, [n] + r)).flatten()`,
  refusals: `variables.questions.map(q, ${[
    `${literal('spec.actions[')} + q[5]`,
    literal(']: [KS108] you may not '),
    IN_WORDS('q.slice(1, 5)'),
    `${literal(' in namespace "')} + q[0] + '"'`,
    literal(` — ${ks108.why} — ${ks108.fix}`),
    `(variables.rights.size() == 1 ? '' : '; all that the policy does is ' + variables.rightsInWords)`,
  ].join(' + ')})`,
}

/** One for each question, so that what is refused can be said: a message cannot ask. */
export const rightsValidations: readonly Validation[] = Array.from({ length: MOST_QUESTIONS }, (_, index) => ({
  expression: `variables.questions[?${index}].optMap(q, authorizer.group(q[2]).resource(q[3]).subresource(q[4]).namespace(q[0]).check(q[1]).allowed()).orValue(true)`,
  messageExpression: `variables.refusals[?${index}].orValue('')`,
  message: `[KS108] you may not do yourself what the policy does — ${ks108.why} — ${ks108.fix}`,
}))
