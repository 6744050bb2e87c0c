/** The healer of a namespace: the account that acts in it, and all that it may do. Pure. */
import { CONSENT, HEALER_ACCOUNT, LOGS_ANNOTATION } from '../shared/api/v1alpha1/names.ts'
import { nameOfPlural, scalingOf, type Plural } from '../shared/rules/action-writes.ts'
import { consentRules, healerRules, logRules, ruleOf, type Manifest } from '../controller/permissions.ts'
import type { Resource } from '../shared/kube/api.ts'
import { apiVersionOf, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from '../shared/kube/resources.ts'
import { isObject, sameJson } from '../shared/lib/json.ts'

/** By these an object is known as ours, and may be changed and removed. */
export const HEALER_LABELS = { 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/part-of': 'kubeskippy', 'app.kubernetes.io/component': 'healer' } as const

/** Of what is not the healer's: consent to policies of other namespaces. */
const CONSENT_LABELS = { ...HEALER_LABELS, 'app.kubernetes.io/component': 'consent' } as const
export const CONSENT_SELECTOR = Object.entries(CONSENT_LABELS).map(([name, value]) => `${name}=${value}`).join(',')

export interface HealerObject {
  readonly resource: Resource
  readonly manifest: Manifest
  /** What must be so beside the labels; the rest of the object is the server's. */
  readonly content: readonly string[]
  /** The server refuses another value in place: the object is made anew. */
  readonly immutable: readonly string[]
  /** That must be there; others are left as they are. */
  readonly annotations?: Readonly<Record<string, string>>
}

export interface HealerOptions {
  /** It may read logs as well, for evidence. */
  readonly logs?: boolean
  /** Kinds beside the built-in ones that it may scale; absent: nothing is said of them. */
  readonly scale?: readonly Plural[]
}

/** Of the Role and the binding that let logs be read: apart, so that they can be given and taken by themselves. */
export const HEALER_LOGS = `${HEALER_ACCOUNT}-logs`

/** Of those that let it scale other kinds, for the same reason. */
export const HEALER_SCALE = `${HEALER_ACCOUNT}-scale`

const object = (namespace: string, labels: Readonly<Record<string, string>>, resource: Resource, name: string, fields: Readonly<Record<string, unknown>>, immutable: readonly string[] = []): HealerObject => ({
  resource,
  manifest: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name, namespace, labels }, ...fields },
  content: Object.keys(fields),
  immutable,
})

interface Bound {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly name: string
  readonly rules: readonly unknown[]
  /** Whose healer gets it. */
  readonly healerOf: string
}

/** A Role, and the binding that gives it to a healer. */
const bound = ({ namespace, labels, name, rules, healerOf }: Bound): readonly HealerObject[] => [
  object(namespace, labels, ROLES, name, { rules }),
  object(
    namespace,
    labels,
    ROLE_BINDINGS,
    name,
    {
      roleRef: { apiGroup: ROLES.group, kind: ROLES.kind, name },
      subjects: [{ kind: SERVICE_ACCOUNTS.kind, name: HEALER_ACCOUNT, namespace: healerOf }],
    },
    ['roleRef'],
  ),
]

const consentName = (home: string): string => `${CONSENT}-${home}`

/** By which a namespace lets policies of another one in. */
export const consentObjects = (namespace: string, home: string): readonly HealerObject[] =>
  bound({ namespace, labels: CONSENT_LABELS, name: consentName(home), rules: consentRules, healerOf: home })

/** The other namespace of an object of consent; undefined: it is none. */
export const consentedTo = (name: string): string | undefined => (name.startsWith(consentName('')) ? name.slice(consentName('').length) : undefined)

/** In the order in which they are made: the binding, which gives the right, last. Removed in the reverse order. */
export function healerObjects(namespace: string, { logs = false, scale }: HealerOptions = {}): readonly HealerObject[] {
  const account = object(namespace, HEALER_LABELS, SERVICE_ACCOUNTS, HEALER_ACCOUNT, {})
  const role = (name: string, rules: readonly unknown[]): readonly HealerObject[] => bound({ namespace, labels: HEALER_LABELS, name, rules, healerOf: namespace })
  const roles = [...role(HEALER_ACCOUNT, healerRules), ...(scale === undefined ? [] : role(HEALER_SCALE, scale.toSorted(byName).map((of) => ruleOf(scalingOf(of)))))]
  if (!logs) return [account, ...roles]
  const annotations = { [LOGS_ANNOTATION]: 'true' }
  const { manifest } = account
  // The right alone is no consent: an account of more rights may have it already.
  const consenting: HealerObject = { ...account, annotations, manifest: { ...manifest, metadata: { ...manifest.metadata, annotations } } }
  return [consenting, ...roles, ...role(HEALER_LOGS, logRules)]
}

/** The kinds that a Role of {@link HEALER_SCALE} lets scale. What else somebody has written into it is not taken over. */
export const scaledBy = ({ rules }: Fields): readonly Plural[] =>
  (Array.isArray(rules) ? rules.filter(isObject) : []).flatMap(({ apiGroups, resources }) => words(apiGroups).flatMap((group) => words(resources).flatMap((resource) => (resource.endsWith('/scale') ? [{ group, plural: resource.slice(0, -'/scale'.length) }] : []))))

const words = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((word) => typeof word === 'string' && !word.includes('*')) : [])

const byName = (a: Plural, b: Plural): number => (nameOfPlural(a) < nameOfPlural(b) ? -1 : 1)

export type Fields = Readonly<Record<string, unknown>>

/** Whether it may be changed or removed: somebody else's object of that name may not. */
export const isOurs = ({ manifest }: HealerObject, { labels = {} }: { readonly labels?: Readonly<Record<string, string>> }): boolean =>
  Object.entries(manifest.metadata.labels ?? {}).every(([name, value]) => labels[name] === value)

/** Fields of `found` that are not as they should be. */
export function differing({ manifest, content, annotations = {} }: HealerObject, found: Fields & { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }): readonly string[] {
  const fields = content.filter((field) => !sameJson(manifest[field], found[field]))
  const annotated = Object.entries(annotations).every(([name, value]) => found.metadata.annotations?.[name] === value)
  return annotated ? fields : [...fields, 'metadata']
}

/** `create pods/eviction`, for people. */
export const healerRights = (): string => healerRules.map(({ verbs, resources }) => `${verbs.join(', ')} ${resources.join(', ')}`).join('; ')
