/** Asks the API server what an account may do. */
import { serviceAccountUser } from '../shared/api/v1alpha1/names.ts'
import type { KubeApi } from '../shared/kube/api.ts'
import { apiVersionOf, SUBJECT_ACCESS_REVIEWS } from '../shared/kube/resources.ts'

export interface Account {
  readonly namespace: string
  readonly account: string
}

export interface Question {
  /** undefined: in the whole cluster. */
  readonly namespace?: string | undefined
  readonly verb: string
  readonly group: string
  /** With its subresource: `pods/eviction`. */
  readonly resource: string
  readonly name?: string | undefined
}

/** With the groups that the API server itself adds to the account. @throws ApiError */
export async function mayDo(api: Pick<KubeApi, 'post'>, { namespace: home, account }: Account, { namespace, verb, group, resource: path, name }: Question): Promise<boolean> {
  const [resource, subresource] = path.split('/')
  const { status } = await api.post<{ readonly status?: { readonly allowed?: boolean } }>(SUBJECT_ACCESS_REVIEWS, { name: '' }, '', {
    apiVersion: apiVersionOf(SUBJECT_ACCESS_REVIEWS),
    kind: SUBJECT_ACCESS_REVIEWS.kind,
    spec: {
      user: serviceAccountUser(home, account),
      groups: ['system:serviceaccounts', `system:serviceaccounts:${home}`, 'system:authenticated'],
      resourceAttributes: {
        verb,
        group,
        resource,
        ...(namespace === undefined ? {} : { namespace }),
        ...(subresource === undefined ? {} : { subresource }),
        ...(name === undefined ? {} : { name }),
      },
    },
  })
  return status?.allowed === true
}
