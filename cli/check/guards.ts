import type { KubeObject } from '../../shared/kube/api.ts'
import { VALIDATING_ADMISSION_POLICIES, VALIDATING_ADMISSION_POLICY_BINDINGS } from '../../shared/kube/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import { admissionPolicies } from '../../webhook/admission-policies.ts'
import { contains } from './difference.ts'
import { find } from '../reading.ts'
import { fail, ok, type Check } from './finding.ts'

const INSTALL = 'kubectl apply --server-side -f config/webhook/admission-policies.yaml'
const KINDS = [VALIDATING_ADMISSION_POLICIES, VALIDATING_ADMISSION_POLICY_BINDINGS]

/** Who may write our own objects; needs no program of ours to be up. */
export const guardsCheck: Check = {
  name: 'admission',
  run: ({ api }) =>
    Promise.all(
      admissionPolicies.map(async ({ kind, metadata: { name }, spec }) => {
        const resource = KINDS.find((known) => known.kind === kind)
        const found = resource === undefined ? undefined : await find<KubeObject & { readonly spec?: unknown; readonly status?: unknown }>(api, resource, { name })
        if (found === undefined) return fail(`${kind} ${name} is not there: others than the controller could write what it trusts`, INSTALL)
        if (!contains(found.spec, spec)) return fail(`${kind} ${name} is not that of this version`, INSTALL)
        return mistyped(found.status) ? fail(`${kind} ${name} has an expression that the API server cannot type`, INSTALL) : ok(`${kind} ${name}`)
      }),
    ),
}

function mistyped(status: unknown): boolean {
  const checking = isObject(status) ? status['typeChecking'] : undefined
  const warnings = isObject(checking) ? checking['expressionWarnings'] : undefined
  return Array.isArray(warnings) && warnings.length > 0
}
