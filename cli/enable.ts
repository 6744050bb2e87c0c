/** Consent of a namespace to being healed: given by `enable`, taken back by `disable`. */
import { GROUP } from '../shared/api/v1alpha1/fields.ts'
import { groupOf, KNOWN_KINDS } from '../shared/api/v1alpha1/kinds.ts'
import { HEAL_VERB, HEALER_ACCOUNT } from '../shared/api/v1alpha1/names.ts'
import type { KubeApi, KubeObject, KubeVersion, Resource } from '../shared/kube/api.ts'
import { isApiError } from '../shared/kube/errors.ts'
import { HEALING_POLICIES, NAMESPACES, ROLE_BINDINGS, ROLES } from '../shared/kube/resources.ts'
import { nearest } from '../shared/lib/text.ts'
import { millis } from '../shared/lib/time.ts'
import { DEFAULT_INSTALLATION, protectedNamespaces } from '../shared/rules/rule.ts'
import { sleep, type Timers } from '../shared/runtime/timers.ts'
import { nameOfPlural, type Plural } from '../shared/rules/action-writes.ts'
import { healerRules } from '../controller/permissions.ts'
import { mayDo, type Question } from './access-review.ts'
import { NotPossible } from './command.ts'
import { isConstrained } from './impersonation.ts'
import { CONSENT_SELECTOR, consentedTo, consentObjects, differing, HEALER_LOGS, HEALER_SCALE, healerObjects, isOurs, scaledBy, type Fields, type HealerObject } from './healer.ts'

type Found = KubeObject & Fields
type Change = 'created' | 'updated' | 'made anew' | 'unchanged' | 'removed' | 'was not there'

export interface Target {
  readonly api: Pick<KubeApi, 'get' | 'list' | 'create' | 'patch' | 'delete' | 'post' | 'discover'> & Pick<KubeVersion, 'versionsOf' | 'serverVersion'>
  readonly namespace: string
  readonly dryRun: boolean
  /** Beside: the end of a crashed container's log may be kept. What was allowed before stays without it. */
  readonly logs?: boolean
  /** Namespaces whose policies it lets in, or in `disable` not any more. */
  readonly consentTo?: readonly string[]
  /** Kinds that may be scaled, beside those that may be already. */
  readonly scale?: readonly Plural[]
  /** One line of progress, after what it tells about has happened. */
  readonly say: (line: string) => void
  readonly timers: Timers
}

const FIELD_MANAGER = 'kubeskippy-cli'

/** @throws NotPossible when the operator must not act there; the same holds whatever this program would write */
export function assertNotProtected(namespace: string): void {
  if (!protectedNamespaces(DEFAULT_INSTALLATION).has(namespace)) return
  throw new NotPossible(`namespace ${namespace} is protected: what runs there keeps the cluster and KubeSkippy alive, so no policy acts in it`)
}

/** Makes the account, its Role and its binding, or brings them back to what they should be. @throws NotPossible, ApiError */
export async function enable(target: Target): Promise<void> {
  const { namespace, consentTo = [] } = target
  for (const each of [namespace, ...consentTo]) assertNotProtected(each)
  const place = await find(target, NAMESPACES, { name: namespace })
  if (place === undefined) throw new NotPossible(`namespace ${namespace} does not exist`)
  if (place.metadata.deletionTimestamp !== undefined) throw new NotPossible(`namespace ${namespace} is being deleted`)
  for (const home of consentTo) await mustExist(target, home)
  for (const of of target.scale ?? []) await mustScale(target, of)
  const pairs = await look(target, wantedObjects(namespace, target.scale === undefined ? target : { ...target, scale: await withGiven(target, target.scale) }))
  // All or nothing: half a healer would look like one that waits.
  refuseStrangers(namespace, pairs)
  for (const { wanted, found } of pairs) tell(target, wanted, await bring(target, wanted, found))
  if (!(await isConstrained(target.api))) target.say(`this API server has no constrained impersonation: nothing is healed in ${namespace} unless healers.namespaces of the chart names it too`)
}

/** Who makes a namespace of that name later would have the consent. Whoever administers one namespace may not look at others. */
async function mustExist(target: Target, home: string): Promise<void> {
  try {
    const found = await find(target, NAMESPACES, { name: home })
    if (found === undefined) throw new NotPossible(`namespace ${home} does not exist: whoever makes one of that name later would be let in`)
    if (found.metadata.deletionTimestamp !== undefined) throw new NotPossible(`namespace ${home} is being deleted: whoever makes it anew would be let in`)
  } catch (error) {
    if (!isApiError(error, 'Forbidden')) throw error
    target.say(`namespace ${home}: you may not look whether it exists`)
  }
}

/** A definition may come later; a word that is wrong in a group that is there never will. */
async function mustScale({ api, say }: Target, of: Plural): Promise<void> {
  // What every cluster has was judged with the flag.
  if (KNOWN_KINDS.some(({ apiVersion, plural }) => plural === of.plural && groupOf(apiVersion) === of.group)) return
  const versions = await api.versionsOf(of.group)
  const resources = (await Promise.all(versions.map((version) => api.discover(of.group, version)))).flat()
  const name = nameOfPlural(of)
  if (resources.length === 0) return say(`${name}: the API server has no group ${of.group} yet`)
  const found = resources.filter(({ plural }) => plural === of.plural)
  if (found.some(({ scalable }) => scalable)) return
  if (found.length > 0) throw new NotPossible(`${name} has no scale subresource`)
  const [near] = nearest(of.plural, [...new Set(resources.filter(({ scalable }) => scalable).map(({ plural }) => plural))])
  throw new NotPossible(`the API server has no ${name}${near === undefined ? '' : `: did you mean ${nameOfPlural({ ...of, plural: near })}?`}`)
}

/**
 * Takes the right to act away, first of all; then the rest. The binding counts: the API server lets an account act
 * that does not exist. @throws NotPossible when the healer may act even so, ApiError
 */
export async function disable(target: Target): Promise<void> {
  const { namespace, consentTo, dryRun } = target
  // What lets logs be read and other kinds be scaled too, and whoever else was let in, whoever asked for it.
  const homes = consentTo ?? (await letIn(target))
  const pairs = await look(target, [...(consentTo === undefined ? healerObjects(namespace, { logs: true, scale: [] }) : []), ...homes.flatMap((home) => consentObjects(namespace, home))])
  const isQuiet = ({ manifest: { metadata } }: HealerObject): boolean => BESIDE.has(metadata.name)
  for (const { wanted, found } of pairs.toReversed()) {
    if (found !== undefined && isOurs(wanted, found.metadata)) tell(target, wanted, await remove(target, wanted, found))
    else if (found === undefined && !isQuiet(wanted)) tell(target, wanted, 'was not there')
  }
  refuseStrangers(namespace, pairs)
  if (dryRun) return
  if (consentTo === undefined && (await stillMay(target, healerQuestions(namespace)))) {
    throw new NotPossible(`the healer of ${namespace} may still act: another RoleBinding or ClusterRoleBinding names it or one of its groups`)
  }
  for (const home of consentTo ?? []) {
    if (await stillMay(target, [consentQuestion(home)])) throw new NotPossible(`${namespace} still consents to policies of ${home}: another RoleBinding or ClusterRoleBinding gives the verb ${HEAL_VERB} to its ${HEALER_ACCOUNT} or one of its groups`)
  }
}

/** Everything that `enable` makes. */
export const wantedObjects = (namespace: string, { logs = false, consentTo = [], scale }: Pick<Target, 'logs' | 'consentTo' | 'scale'>): readonly HealerObject[] => [...healerObjects(namespace, { logs, ...(scale === undefined ? {} : { scale }) }), ...consentTo.flatMap((home) => consentObjects(namespace, home))]

/** The other namespaces that were let in by `enable`. */
async function letIn({ api, namespace, say }: Target): Promise<readonly string[]> {
  try {
    const lists = await Promise.all([ROLE_BINDINGS, ROLES].map((resource) => api.list(resource, { namespace, labelSelector: CONSENT_SELECTOR })))
    return [...new Set(lists.flatMap(({ items }) => items.flatMap(({ metadata }) => consentedTo(metadata.name) ?? [])))].sort()
  } catch (error) {
    // Without its own healer nobody acts there, whoever was let in.
    if (!isApiError(error, 'Forbidden')) throw error
    say(`consent to other namespaces in ${namespace}: left as it is, since you may not list RoleBindings`)
    return []
  }
}

const BESIDE: ReadonlySet<string> = new Set([HEALER_LOGS, HEALER_SCALE])

/** With what an earlier call has given. */
async function withGiven(target: Target, asked: readonly Plural[]): Promise<readonly Plural[]> {
  const wanted = healerObjects(target.namespace, { scale: [] }).find(({ resource, manifest }) => resource === ROLES && manifest.metadata.name === HEALER_SCALE)
  const found = wanted === undefined ? undefined : await find(target, ROLES, keyOf(wanted))
  const given = wanted === undefined || found === undefined || !isOurs(wanted, found.metadata) ? [] : scaledBy(found)
  return [...new Map([...given, ...asked].map((of) => [nameOfPlural(of), of])).values()]
}

interface Pair {
  readonly wanted: HealerObject
  readonly found: Found | undefined
}

const look = (target: Target, objects: readonly HealerObject[]): Promise<Pair[]> =>
  Promise.all(objects.map(async (wanted) => ({ wanted, found: await find(target, wanted.resource, keyOf(wanted)) })))

const keyOf = ({ manifest: { metadata } }: HealerObject) => ({ namespace: metadata.namespace, name: metadata.name })

const called = ({ resource, manifest }: HealerObject): string => `${resource.kind.toLowerCase()}/${manifest.metadata.name}`

function refuseStrangers(namespace: string, pairs: readonly Pair[]): void {
  const strangers = pairs.filter(({ wanted, found }) => found !== undefined && !isOurs(wanted, found.metadata)).map(({ wanted }) => wanted)
  const [first] = strangers
  if (first === undefined) return
  const labels = Object.entries(first.manifest.metadata.labels ?? {}).map(([name, value]) => `${name}=${value}`)
  const names = strangers.map(called)
  throw new NotPossible(`${names.join(', ')} in ${namespace} was not made by KubeSkippy and is left as it is; remove it, or hand it over: kubectl label -n ${namespace} ${names.join(' ')} ${labels.join(' ')}`)
}

async function bring(target: Target, wanted: HealerObject, found: Found | undefined): Promise<Change> {
  const { api, dryRun } = target
  const options = { dryRun, fieldManager: FIELD_MANAGER }
  if (found === undefined) {
    await api.create(wanted.resource, wanted.manifest, options)
    return 'created'
  }
  const fields = differing(wanted, found)
  if (fields.length === 0) return 'unchanged'
  if (fields.some((field) => wanted.immutable.includes(field))) {
    await remove(target, wanted, found)
    // The server would say AlreadyExists: a dry run has removed nothing.
    if (!dryRun) await api.create(wanted.resource, wanted.manifest, options)
    return 'made anew'
  }
  const { resourceVersion } = found.metadata
  const { annotations } = wanted
  const content = fields.filter((field) => field !== 'metadata').map((field) => [field, wanted.manifest[field]])
  const body = { metadata: { resourceVersion, ...(annotations === undefined ? {} : { annotations }) }, ...Object.fromEntries(content) }
  await api.patch(wanted.resource, keyOf(wanted), { type: 'merge', body }, options)
  return 'updated'
}

const REMOVALS = 10

/** Somebody may change it between the look and the removal; it is looked at again, for a right must not outlive that. */
async function remove(target: Target, wanted: HealerObject, found: Found, tries = REMOVALS): Promise<Change> {
  const { uid, resourceVersion } = found.metadata
  try {
    await target.api.delete(wanted.resource, keyOf(wanted), { dryRun: target.dryRun, preconditions: { uid, resourceVersion } })
    return 'removed'
  } catch (error) {
    if (isApiError(error, 'NotFound')) return 'was not there'
    if (!isApiError(error, 'Conflict', 'Recreated') || tries === 1) throw error
  }
  const now = await find(target, wanted.resource, keyOf(wanted))
  if (now === undefined) return 'was not there'
  if (!isOurs(wanted, now.metadata)) throw new NotPossible(`${called(wanted)} in ${target.namespace} was changed by somebody else just now and is left as it is`)
  return remove(target, wanted, now, tries - 1)
}

async function find({ api }: Target, resource: Resource, key: { readonly namespace?: string | undefined; readonly name: string }): Promise<Found | undefined> {
  try {
    return await api.get<Found>(resource, key)
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined
    throw error
  }
}

const tell = ({ say, namespace, dryRun }: Target, wanted: HealerObject, change: Change): void => say(`${called(wanted)} in ${namespace}: ${change}${dryRun ? ' (dry run)' : ''}`)

/** Authorizers see a removal within milliseconds; a server under load, or another one, may take longer. */
const LOOKS = 5
const PAUSE = millis(300)

type Asked = Pick<Question, 'verb' | 'group' | 'resource'> & { readonly healerOf: string }

const healerQuestions = (namespace: string): readonly Asked[] =>
  healerRules.flatMap(({ apiGroups, resources, verbs }) => verbs.map((verb) => ({ healerOf: namespace, verb, group: apiGroups[0] ?? '', resource: resources[0] ?? '' })))
const consentQuestion = (home: string): Asked => ({ healerOf: home, verb: HEAL_VERB, group: GROUP, resource: HEALING_POLICIES.plural })

/** False too when we may not ask: who is not allowed to ask cannot be told. */
async function stillMay(target: Target, questions: readonly Asked[]): Promise<boolean> {
  for (let look = 1; ; look++) {
    const answers = await Promise.all(questions.map((question) => may(target, question)))
    if (!answers.includes(true)) return false
    if (look === LOOKS) return true
    await sleep(target.timers, PAUSE)
  }
}

async function may({ api, namespace }: Target, { healerOf, ...question }: Asked): Promise<boolean> {
  try {
    return await mayDo(api, { namespace: healerOf, account: HEALER_ACCOUNT }, { namespace, ...question })
  } catch (error) {
    if (isApiError(error, 'Forbidden')) return false
    throw error
  }
}
