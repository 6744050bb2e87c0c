/** Which way the API server lets the controller act as a healer: by rules for what it may do as him, or, before 1.36, altogether. */
import { CONTROLLER_ACCOUNT, HEALER_ACCOUNT, OPERATOR_NAMESPACE } from '../shared/api/v1alpha1/names.ts'
import type { KubeApi, KubeVersion } from '../shared/kube/api.ts'
import { SERVICE_ACCOUNTS } from '../shared/kube/resources.ts'
import { CONSTRAINED_SINCE } from '../shared/kube/server-version.ts'
import { mayDo, type Account } from './access-review.ts'

export const CONTROLLER: Account = { namespace: OPERATOR_NAMESPACE, account: CONTROLLER_ACCOUNT }

/** A server that does not say which version it is counts as a new one. */
export async function isConstrained(api: Pick<KubeVersion, 'serverVersion'>): Promise<boolean> {
  return ((await api.serverVersion()).minor ?? CONSTRAINED_SINCE) >= CONSTRAINED_SINCE
}

/** Rules of constrained impersonation. */
export const isActingAs = (verb: string): boolean => /^impersonate(-on)?:/.test(verb)

/** The older verb, in one namespace or (undefined) in all. */
export const mayBeHealer = (api: Pick<KubeApi, 'post'>, namespace: string | undefined): Promise<boolean> =>
  mayDo(api, CONTROLLER, { namespace, verb: 'impersonate', group: SERVICE_ACCOUNTS.group, resource: SERVICE_ACCOUNTS.plural, name: HEALER_ACCOUNT })
