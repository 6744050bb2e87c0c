/**
 * KS701 as ValidatingAdmissionPolicies: only the controller creates HealingActions and writes their status, and only
 * it writes ledgers. They hold with every program of ours down.
 */
import { GROUP } from '../shared/api/v1alpha1/fields.ts'
import { healingAction } from '../shared/api/v1alpha1/healing-action.schema.ts'
import { healingLedger } from '../shared/api/v1alpha1/healing-ledger.schema.ts'
import { CONTROLLER_USER, HEALING_ACTION_ADMISSION_POLICY, HEALING_LEDGER_ADMISSION_POLICY } from '../shared/api/v1alpha1/names.ts'
import { LABELS, type Manifest } from './manifests.ts'

const VERSION = 'admissionregistration.k8s.io/v1'

/**
 * The garbage collector removes its own finalizer by an update: without this way out, a foreground deletion (and the
 * deletion of the namespace) would hang. Nothing but metadata of an object that is going away passes by it.
 */
const LETTING_GO = [
  "request.operation == 'UPDATE'",
  "(!has(request.subResource) || request.subResource == '')",
  'has(object.metadata.deletionTimestamp)',
  'object.spec == oldObject.spec',
].join(' && ')

interface Guarded {
  readonly name: string
  readonly resources: readonly string[]
  readonly message: string
}

const guard = ({ name, resources, message }: Guarded): readonly Manifest[] => [
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
      validations: [{ expression: `request.userInfo.username == '${CONTROLLER_USER}' || (${LETTING_GO})`, message, reason: 'Forbidden' }],
    },
  },
  {
    apiVersion: VERSION,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name, labels: LABELS },
    spec: { policyName: name, validationActions: ['Deny'] },
  },
]

export const admissionPolicies: readonly Manifest[] = [
  ...guard({
    name: HEALING_ACTION_ADMISSION_POLICY,
    resources: [healingAction.plural, `${healingAction.plural}/status`],
    message:
      '[KS701] only the KubeSkippy controller writes HealingActions — whoever could write one would act as the healer of the namespace — write a HealingPolicy instead',
  }),
  ...guard({
    name: HEALING_LEDGER_ADMISSION_POLICY,
    resources: [healingLedger.plural],
    message:
      '[KS701] only the KubeSkippy controller writes HealingLedgers — they hold the hourly limits and breakers, and an edit would lift them — change the limits in the HealingPolicy',
  }),
]
