/** The healer of a namespace: the account that acts in it, and all that it may do. Pure. */
import { HEALER_ACCOUNT } from '../shared/api/v1alpha1/names.ts'
import { healerRules, type Manifest } from '../controller/permissions.ts'
import type { Resource } from '../shared/kube/api.ts'
import { apiVersionOf, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from '../shared/kube/resources.ts'
import { sameJson } from '../shared/lib/json.ts'

/** By these an object is known as ours, and may be changed and removed. */
export const HEALER_LABELS = { 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/part-of': 'kubeskippy', 'app.kubernetes.io/component': 'healer' } as const

export interface HealerObject {
  readonly resource: Resource
  readonly manifest: Manifest
  /** What must be so beside the labels; the rest of the object is the server's. */
  readonly content: readonly string[]
  /** The server refuses another value in place: the object is made anew. */
  readonly immutable: readonly string[]
}

/** In the order in which they are made: the binding, which gives the right, last. Removed in the reverse order. */
export function healerObjects(namespace: string): readonly HealerObject[] {
  const metadata = { name: HEALER_ACCOUNT, namespace, labels: HEALER_LABELS }
  const object = (resource: Resource, fields: Readonly<Record<string, unknown>>, immutable: readonly string[] = []): HealerObject => ({
    resource,
    manifest: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...fields },
    content: Object.keys(fields),
    immutable,
  })
  return [
    object(SERVICE_ACCOUNTS, {}),
    object(ROLES, { rules: healerRules }),
    object(
      ROLE_BINDINGS,
      {
        roleRef: { apiGroup: ROLES.group, kind: ROLES.kind, name: HEALER_ACCOUNT },
        subjects: [{ kind: SERVICE_ACCOUNTS.kind, name: HEALER_ACCOUNT, namespace }],
      },
      ['roleRef'],
    ),
  ]
}

export type Fields = Readonly<Record<string, unknown>>

/** Whether it may be changed or removed: somebody else's object of that name may not. */
export const isOurs = ({ labels = {} }: { readonly labels?: Readonly<Record<string, string>> }): boolean =>
  Object.entries(HEALER_LABELS).every(([name, value]) => labels[name] === value)

/** Fields of `found` that are not as they should be. */
export const differing = ({ manifest, content }: HealerObject, found: Fields): readonly string[] => content.filter((field) => !sameJson(manifest[field], found[field]))

/** `create pods/eviction`, for people. */
export const healerRights = (): string => healerRules.map(({ verbs, resources }) => `${verbs.join(', ')} ${resources.join(', ')}`).join('; ')
