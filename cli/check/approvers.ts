/** KS405: whether anybody may approve what policies wait for. Only somebody who may read all of RBAC can tell. */
import { needsApproval } from '../../shared/api/v1alpha1/approval.ts'
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import type { KubeApi, KubeObject } from '../../shared/kube/api.ts'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES } from '../../shared/kube/resources.ts'
import { BEYOND } from '../../shared/rules/beyond.ts'
import { APPROVE_VERB } from '../../webhook/admission-policies.ts'
import { listAll } from '../reading.ts'
import { ok, warn, type Check } from './finding.ts'

interface Role extends KubeObject {
  readonly rules?: readonly { readonly apiGroups?: readonly string[]; readonly resources?: readonly string[]; readonly verbs?: readonly string[] }[] | null
}
interface Binding extends KubeObject {
  readonly roleRef?: { readonly kind?: string; readonly name?: string }
  readonly subjects?: readonly { readonly kind?: string; readonly name?: string }[]
}

/** Whether somebody may approve in a namespace. */
export type MayApprove = (namespace: string) => boolean

/** As far as roles and bindings show. @throws ApiError when they may not be read */
export async function readApprovers(api: Pick<KubeApi, 'list'>): Promise<MayApprove> {
  const [roles, clusterRoles, bindings, clusterBindings] = await Promise.all([listAll<Role>(api, ROLES), listAll<Role>(api, CLUSTER_ROLES), listAll<Binding>(api, ROLE_BINDINGS), listAll<Binding>(api, CLUSTER_ROLE_BINDINGS)])
  const everywhere = new Set(clusterRoles.filter(letsApprove).map(({ metadata }) => metadata.name))
  if (clusterBindings.some((binding) => hasPeople(binding) && everywhere.has(binding.roleRef?.name ?? ''))) return () => true
  return (namespace) => {
    const here = new Set(roles.filter((role) => role.metadata.namespace === namespace && letsApprove(role)).map(({ metadata }) => metadata.name))
    return bindings.some((binding) => binding.metadata.namespace === namespace && hasPeople(binding) && (binding.roleRef?.kind === 'ClusterRole' ? everywhere : here).has(binding.roleRef?.name ?? ''))
  }
}

export const nobodyApproves = (namespace: string): string => `actions wait for approval in ${namespace}, and nobody but system:masters may give it`

export const approversCheck: Check = {
  name: 'approvers',
  run: async ({ api, policies }) => {
    const waiting = (await policies()).filter(({ spec }) => spec.actions.some((action) => needsApproval(spec, action)))
    const namespaces = [...new Set(waiting.map(({ metadata }) => metadata.namespace ?? ''))].sort()
    if (namespaces.length === 0) return [ok('no action waits for approval')]
    const mayApprove = await readApprovers(api)
    const { id, fix } = BEYOND.approvers
    return namespaces.map((namespace) => (mayApprove(namespace) ? ok(`${namespace} has somebody who may approve`) : warn(`${nobodyApproves(namespace)} (${id})`, fix)))
  },
}

const names = (list: readonly string[] | undefined, wanted: string): boolean => list !== undefined && (list.includes(wanted) || list.includes('*'))

const letsApprove = ({ rules }: Role): boolean => (rules ?? []).some(({ apiGroups, resources, verbs }) => names(apiGroups, GROUP) && names(resources, healingAction.plural) && names(verbs, APPROVE_VERB))

/** The way in for emergencies that every cluster has is not what somebody is on call with. */
const hasPeople = ({ subjects = [] }: Binding): boolean => subjects.some(({ kind, name }) => !(kind === 'Group' && name === 'system:masters'))
