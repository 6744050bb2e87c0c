import type { KubeObject } from '../../shared/kube/api.ts'
import { VALIDATING_ADMISSION_POLICIES, VALIDATING_ADMISSION_POLICY_BINDINGS } from '../../shared/kube/resources.ts'
import { isObject, parsedJson } from '../../shared/lib/json.ts'
import { admissionPolicies, admissionPoliciesFor, protectedBy } from '../../webhook/admission-policies.ts'
import { PROTECTED_VARIABLE } from '../../webhook/policy-admission.ts'
import { contains } from './difference.ts'
import { find } from '../reading.ts'
import { fail, ok, type Check } from './finding.ts'

const INSTALL = 'kubectl apply --server-side -f config/webhook/admission-policies.yaml'
const PROTECT = `helm upgrade writes them from config.protectedNamespaces; otherwise the expression of the variable ${PROTECTED_VARIABLE.name} has to list them`
const KINDS = [VALIDATING_ADMISSION_POLICIES, VALIDATING_ADMISSION_POLICY_BINDINGS]

/** Who may write our own objects; needs no program of ours to be up. */
export const guardsCheck: Check = {
  name: 'admission',
  run: ({ api, protectedNamespaces }) =>
    Promise.all(
      admissionPolicies.map(async ({ kind, metadata: { name } }, index) => {
        const resource = KINDS.find((known) => known.kind === kind)
        const found = resource === undefined ? undefined : await find<KubeObject & { readonly spec?: unknown; readonly status?: unknown }>(api, resource, { name })
        if (found === undefined) return fail(`${kind} ${name} is not there: others than the controller could write what it trusts`, INSTALL)
        const expression = protectedBy(found.spec)
        const listed = namesIn(expression)
        if (!contains(found.spec, admissionPoliciesFor(listed === undefined ? undefined : expression)[index]?.['spec'])) return fail(`${kind} ${name} is not that of this version`, INSTALL)
        if (mistyped(found.status)) return fail(`${kind} ${name} has an expression that the API server cannot type`, INSTALL)
        const lacks = listed === undefined ? [] : protectedNamespaces.filter((namespace) => !listed.includes(namespace))
        return lacks.length > 0 ? fail(`${kind} ${name} does not protect ${lacks.join(', ')}: with the webhook's configurations gone a policy that acts could be stored there`, PROTECT) : ok(`${kind} ${name}`)
      }),
    ),
}

/** As Helm writes them, or somebody by hand; undefined: another expression, or none. */
function namesIn(expression: unknown): readonly string[] | undefined {
  const listed = typeof expression === 'string' ? parsedJson(expression) : undefined
  return Array.isArray(listed) && listed.every((name) => typeof name === 'string') ? listed : undefined
}

function mistyped(status: unknown): boolean {
  const checking = isObject(status) ? status['typeChecking'] : undefined
  const warnings = isObject(checking) ? checking['expressionWarnings'] : undefined
  return Array.isArray(warnings) && warnings.length > 0
}
