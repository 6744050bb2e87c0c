/**
 * KS103, KS108, KS506, KS701 and KS702 as ValidatingAdmissionPolicies: what no HealingPolicy may be stored with; only the
 * controller creates HealingActions and writes their status, only who has the verb approve decides on them, in his own
 * name, and only the controller writes ledgers. They hold with every program of ours down.
 */
import { GROUP } from '../shared/api/v1alpha1/fields.ts'
import { healingAction } from '../shared/api/v1alpha1/healing-action.schema.ts'
import { healingLedger } from '../shared/api/v1alpha1/healing-ledger.schema.ts'
import { CONTROLLER_USER, HEALING_ACTION_ADMISSION_POLICY, HEALING_LEDGER_ADMISSION_POLICY } from '../shared/api/v1alpha1/names.ts'
import { isObject } from '../shared/lib/json.ts'
import { LABELS, type Manifest } from './manifests.ts'
import { policyAdmission, PROTECTED_VARIABLE } from './policy-admission.ts'

const VERSION = 'admissionregistration.k8s.io/v1'

const IS_CONTROLLER = `request.userInfo.username == '${CONTROLLER_USER}'`

const same = (fields: readonly string[], empty: string): readonly string[] => fields.map((field) => `object.metadata.?${field}.orValue(${empty}) == oldObject.metadata.?${field}.orValue(${empty})`)
const SAME_MAPS = same(['labels', 'annotations'], '{}')

/**
 * The garbage collector removes its own finalizer by an update: without this way out, a foreground deletion (and the
 * deletion of the namespace) would hang. Nothing passes by it but finalizers and owners of an object that is going away.
 */
const LETTING_GO = [
  "request.operation == 'UPDATE'",
  "(!has(request.subResource) || request.subResource == '')",
  'has(object.metadata.deletionTimestamp)',
  'object.spec == oldObject.spec',
  ...SAME_MAPS,
].join(' && ')

/** An update of the object itself that brings a decision, and nothing else: the schema keeps the rest of the spec as it is. */
const DECIDING = [
  "request.operation == 'UPDATE'",
  "(!has(request.subResource) || request.subResource == '')",
  'has(object.spec.approval)',
  '!has(oldObject.spec.approval)',
].join(' && ')
const SAME_METADATA = [...SAME_MAPS, ...same(['finalizers', 'ownerReferences'], '[]')].join(' && ')

/** Of the API server and of who stamps decisions; further apart, and certificates fail as well. */
const CLOCKS_APART = '10m'
/** An expression knows no clock, but the API server notes the time of each write in it. Whoever writes notes of his own beside it gains nothing: all of them count. */
const WRITTEN = 'object.metadata.?managedFields.orValue([]).filter(m, has(m.time) && !(m in oldObject.metadata.?managedFields.orValue([]))).map(m, timestamp(string(m.time)))'

export const APPROVE_VERB = 'approve'

/** Who may decide, and as whom. The authorizer answers with the rights of whoever asks, groups included. */
const deciding: readonly Validation[] = [
  { expression: '!variables.deciding || !variables.controller', message: '[KS702] the controller does not decide on its own actions — a person has to have seen them — approve or reject as yourself' },
  {
    expression: `!variables.deciding || authorizer.group('${GROUP}').resource('${healingAction.plural}').namespace(request.namespace).name(request.name).check('${APPROVE_VERB}').allowed()`,
    message: `[KS702] deciding needs the verb ${APPROVE_VERB} on ${healingAction.plural}.${GROUP} — an approval lets KubeSkippy act on workloads — ask for a Role that grants it in this namespace, or ask somebody who has it`,
  },
  {
    expression: '!variables.deciding || object.spec.approval.decidedBy == request.userInfo.username',
    message: '[KS702] spec.approval.decidedBy is not the name that you are known by here — the record of who decided would be a forgery — write the one that kubectl auth whoami tells',
  },
  {
    expression: `!variables.deciding || !has(object.spec.approval.decidedAt) || (variables.written.size() > 0 && variables.written.all(t, t - timestamp(string(object.spec.approval.decidedAt)) <= duration('${CLOCKS_APART}') && timestamp(string(object.spec.approval.decidedAt)) - t <= duration('${CLOCKS_APART}')))`,
    message: `[KS702] spec.approval.decidedAt is more than ${CLOCKS_APART} from now — the record of when it was decided would be a forgery — leave it out, the webhook writes it; where it did, the clocks of its node and of the API server are apart`,
  },
  {
    expression: "!variables.deciding || !has(oldObject.status) || !has(oldObject.status.phase) || oldObject.status.phase == 'Pending'",
    message: '[KS702] this action waits for no decision any more — nothing would come of it — see its status for what has become of it',
  },
]

export interface Validation {
  readonly expression: string
  /** Where `messageExpression` fails. */
  readonly message: string
  readonly messageExpression?: string
  /** Default: Forbidden. */
  readonly reason?: 'Forbidden' | 'Invalid'
}

export interface Guarded {
  readonly name: string
  readonly resources: readonly string[]
  readonly variables?: readonly { readonly name: string; readonly expression: string }[]
  readonly validations: readonly Validation[]
}

const guard = ({ name, resources, variables, validations }: Guarded): readonly Manifest[] => [
  {
    apiVersion: VERSION,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, labels: LABELS },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        // Every version: one that is added later is guarded from its first day. Deletion is left to RBAC.
        resourceRules: [{ apiGroups: [GROUP], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources, scope: '*' }],
      },
      ...(variables === undefined ? {} : { variables }),
      validations: validations.map((validation) => ({ reason: 'Forbidden', ...validation })),
    },
  },
  {
    apiVersion: VERSION,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name, labels: LABELS },
    spec: { policyName: name, validationActions: ['Deny'] },
  },
]

/** @param unless who else may write it, and how */
const controllerOnly = (message: string, unless = LETTING_GO): Validation => ({ expression: `${IS_CONTROLLER} || (${unless})`, message })

export const admissionPolicies: readonly Manifest[] = [
  ...guard(policyAdmission),
  ...guard({
    name: HEALING_ACTION_ADMISSION_POLICY,
    resources: [healingAction.plural, `${healingAction.plural}/status`],
    variables: [
      { name: 'controller', expression: IS_CONTROLLER },
      { name: 'deciding', expression: DECIDING },
      { name: 'written', expression: WRITTEN },
    ],
    validations: [
      controllerOnly(
        '[KS701] only the KubeSkippy controller writes HealingActions — whoever could write one would act as the healer of the namespace — write a HealingPolicy instead; of an action that waits for approval only spec.approval may be set',
        `(${LETTING_GO}) || (variables.deciding && ${SAME_METADATA})`,
      ),
      ...deciding,
    ],
  }),
  ...guard({
    name: HEALING_LEDGER_ADMISSION_POLICY,
    resources: [healingLedger.plural],
    validations: [controllerOnly('[KS701] only the KubeSkippy controller writes HealingLedgers — they hold the hourly limits and breakers, and an edit would lift them — change the limits in the HealingPolicy')],
  }),
]

/**
 * With the installation's own protected namespaces.
 * @param expression a list of strings in CEL, as `JSON.stringify` writes it; in the chart what writes it
 */
export const admissionPoliciesFor = (expression: unknown): readonly Manifest[] =>
  admissionPolicies.map((manifest) => {
    const spec = manifest['spec'] as { readonly variables?: Guarded['variables'] }
    if (protectedBy(spec) === undefined) return manifest
    return { ...manifest, spec: { ...spec, variables: spec.variables?.map((variable) => (variable.name === PROTECTED_VARIABLE.name ? { ...variable, expression } : variable)) } }
  })

/** The expression that `admissionPoliciesFor` has written. @param spec of a ValidatingAdmissionPolicy, read from anywhere */
export function protectedBy(spec: unknown): unknown {
  const variables = isObject(spec) ? spec['variables'] : undefined
  if (!Array.isArray(variables)) return undefined
  return variables.find((variable) => isObject(variable) && variable['name'] === PROTECTED_VARIABLE.name)?.expression
}
