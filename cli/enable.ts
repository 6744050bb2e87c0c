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
import { explainApiError, NotPossible } from './command.ts'
import { deedMade, deedOn, type Change, type Deed, type Deeds, type FieldChange } from './deeds.ts'
import { isConstrained } from './impersonation.ts'
import { CONSENT_SELECTOR, consentedTo, consentObjects, differing, HEALER_LOGS, HEALER_SCALE, healerObjects, isOurs, scaledBy, type Fields, type HealerObject } from './healer.ts'

type Found = KubeObject & Fields

export interface Target {
  readonly api: Pick<KubeApi, 'get' | 'list' | 'create' | 'patch' | 'delete' | 'post' | 'discover'> & Pick<KubeVersion, 'versionsOf' | 'serverVersion'>
  readonly namespace: string
  /** What is done is told there, after it has happened. */
  readonly deeds: Deeds
  /** Beside: the end of a crashed container's log may be kept. What was allowed before stays without it. */
  readonly logs?: boolean
  /** Namespaces whose policies it lets in, or in `disable` not any more. */
  readonly consentTo?: readonly string[]
  /** Kinds that may be scaled, beside those that may be already. */
  readonly scale?: readonly Plural[]
  readonly timers: Timers
}

const FIELD_MANAGER = 'kubeskippy-cli'

/** @throws NotPossible when the operator must not act in one of them; the same holds whatever this program would write */
export function assertNoneProtected(namespaces: readonly string[]): void {
  const isProtected = protectedNamespaces(DEFAULT_INSTALLATION)
  const problems = namespaces.filter((namespace) => isProtected.has(namespace)).map((namespace) => `namespace ${namespace} is protected: what runs there keeps the cluster and KubeSkippy alive, so no policy acts in it`)
  if (problems.length > 0) throw new NotPossible(problems)
}

/** Makes the account, its Role and its binding, or brings them back to what they should be. @throws NotPossible, ApiError */
export async function enable(target: Target): Promise<void> {
  const { namespace, consentTo = [] } = target
  assertNoneProtected([namespace, ...consentTo])
  const problems: string[] = []
  await past(problems, () => mustBeThere(target))
  for (const home of consentTo) await past(problems, () => mustExist(target, home))
  for (const of of target.scale ?? []) await past(problems, () => mustScale(target, of))
  if (problems.length > 0) throw new NotPossible(problems)
  const pairs = await look(target, wantedObjects(namespace, target.scale === undefined ? target : { ...target, scale: await withGiven(target, target.scale) }))
  // All or nothing: half a healer would look like one that waits.
  const strangers = strangersAmong(namespace, pairs)
  if (strangers.length > 0) throw new NotPossible(strangers)
  for (const { wanted, found } of pairs) await bring(target, wanted, found)
  if (!(await isConstrained(target.api))) target.deeds.say(`this API server has no constrained impersonation: nothing is healed in ${namespace} unless healers.namespaces of the chart names it too`)
}

async function mustBeThere(target: Target): Promise<void> {
  const place = await find(target, NAMESPACES, { name: target.namespace })
  if (place === undefined) throw new NotPossible(`namespace ${target.namespace} does not exist`)
  if (place.metadata.deletionTimestamp !== undefined) throw new NotPossible(`namespace ${target.namespace} is being deleted`)
}

/** Who makes a namespace of that name later would have the consent. Whoever administers one namespace may not look at others. */
async function mustExist(target: Target, home: string): Promise<void> {
  try {
    const found = await find(target, NAMESPACES, { name: home })
    if (found === undefined) throw new NotPossible(`namespace ${home} does not exist: whoever makes one of that name later would be let in`)
    if (found.metadata.deletionTimestamp !== undefined) throw new NotPossible(`namespace ${home} is being deleted: whoever makes it anew would be let in`)
  } catch (error) {
    if (!isApiError(error, 'Forbidden')) throw error
    target.deeds.say(`namespace ${home}: you may not look whether it exists`)
  }
}

/** A definition may come later; a word that is wrong in a group that is there never will. */
async function mustScale({ api, deeds: { say } }: Target, of: Plural): Promise<void> {
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
 * that does not exist. What is refused of one object keeps no other from going. @throws NotPossible when something is left
 * or the healer may act even so, ApiError
 */
export async function disable(target: Target): Promise<void> {
  const { namespace, consentTo, deeds } = target
  const problems: string[] = []
  let homes = consentTo ?? []
  // What lets logs be read and other kinds be scaled too, and whoever else was let in, whoever asked for it.
  if (consentTo === undefined) await past(problems, async () => void (homes = await letIn(target)))
  const all = [...(consentTo === undefined ? healerObjects(namespace, { logs: true, scale: [] }) : []), ...homes.flatMap((home) => consentObjects(namespace, home))]
  const pairs: Pair[] = []
  const left = new Set<HealerObject>()
  for (const wanted of inOrderOfRemoval(all)) {
    const isDone = await past(problems, async () => {
      const found = await find(target, wanted.resource, keyOf(wanted))
      pairs.push({ wanted, found })
      if (found === undefined) tellAbsent(target, wanted)
      else if (isOurs(wanted, found.metadata)) await remove(target, wanted, found)
    })
    if (!isDone) left.add(wanted)
  }
  problems.push(...strangersAmong(namespace, pairs))
  // Nobody acts in a namespace that there is not; whoever meant another one has to hear of it.
  if (problems.length === 0 && pairs.every(({ found }) => found === undefined) && (await isMissing(target))) problems.push(`namespace ${namespace} does not exist`)
  // Of what is left it is known already.
  if (!deeds.dryRun && ![...left].some(isBinding)) problems.push(...(await rightsLeft(target)))
  if (problems.length > 0) throw new NotPossible(problems)
}

const isBinding = ({ resource }: HealerObject): boolean => resource === ROLE_BINDINGS
/** The bindings, the healer's own before others; the account last. */
const inOrderOfRemoval = (all: readonly HealerObject[]): readonly HealerObject[] => [...all.filter(isBinding), ...all.filter((each) => !isBinding(each)).toReversed()]

/** Whether it was done. What was refused is noted, and the next may be tried; without an API server there is no next. @throws ApiError, NotPossible */
async function past(problems: string[], work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof NotPossible) problems.push(...error.problems)
    else if (isApiError(error, 'Forbidden', 'Invalid', 'Conflict', 'Recreated', 'BadRequest', 'Throttled', 'Server')) problems.push(explainApiError(error))
    else if (isApiError(error) && problems.length > 0) throw new NotPossible([...problems, explainApiError(error)], { cause: error })
    else throw error
    return false
  }
}

async function isMissing(target: Target): Promise<boolean> {
  try {
    return (await find(target, NAMESPACES, { name: target.namespace })) === undefined
  } catch (error) {
    if (isApiError(error, 'Forbidden')) return false
    throw error
  }
}

/** What still lets somebody act there, though ours is gone. */
async function rightsLeft(target: Target): Promise<readonly string[]> {
  const { namespace, consentTo } = target
  if (consentTo === undefined) return (await stillMay(target, healerQuestions(namespace))) ? [`the healer of ${namespace} may still act: another RoleBinding or ClusterRoleBinding names it or one of its groups`] : []
  const problems: string[] = []
  for (const home of consentTo) {
    if (await stillMay(target, [consentQuestion(home)])) problems.push(`${namespace} still consents to policies of ${home}: another RoleBinding or ClusterRoleBinding gives the verb ${HEAL_VERB} to its ${HEALER_ACCOUNT} or one of its groups`)
  }
  return problems
}

/** Everything that `enable` makes. */
export const wantedObjects = (namespace: string, { logs = false, consentTo = [], scale }: Pick<Target, 'logs' | 'consentTo' | 'scale'>): readonly HealerObject[] => [...healerObjects(namespace, { logs, ...(scale === undefined ? {} : { scale }) }), ...consentTo.flatMap((home) => consentObjects(namespace, home))]

/** The other namespaces that were let in by `enable`. */
async function letIn({ api, namespace, deeds: { say } }: Target): Promise<readonly string[]> {
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

function strangersAmong(namespace: string, pairs: readonly Pair[]): readonly string[] {
  const strangers = pairs.filter(({ wanted, found }) => found !== undefined && !isOurs(wanted, found.metadata)).map(({ wanted }) => wanted)
  const [first] = strangers
  if (first === undefined) return []
  const labels = Object.entries(first.manifest.metadata.labels ?? {}).map(([name, value]) => `${name}=${value}`)
  const names = strangers.map(called)
  return [`${names.join(', ')} in ${namespace} was not made by KubeSkippy and is left as it is; remove it, or hand it over: kubectl label -n ${namespace} ${names.join(' ')} ${labels.join(' ')}`]
}

async function bring(target: Target, wanted: HealerObject, found: Found | undefined): Promise<void> {
  const { api, deeds: { dryRun } } = target
  const options = { dryRun, fieldManager: FIELD_MANAGER }
  if (found === undefined) {
    const made = await api.create(wanted.resource, wanted.manifest, options)
    return tell(target, wanted, deedMade(wanted.resource, made, dryRun))
  }
  const key = { ...keyOf(wanted), uid: found.metadata.uid }
  const fields = differing(wanted, found)
  if (fields.length === 0) return tell(target, wanted, deedOn(wanted.resource, key, 'unchanged'))
  const { annotations } = wanted
  const changes = fields.map((field): FieldChange => (field === 'metadata' ? { field: 'metadata.annotations', oldValue: found.metadata.annotations, newValue: annotations } : { field, oldValue: found[field], newValue: wanted.manifest[field] }))
  if (fields.some((field) => wanted.immutable.includes(field))) {
    await removeOurs(target, wanted, found)
    // The server would say AlreadyExists: a dry run has removed nothing.
    const uid = dryRun ? undefined : (await api.create(wanted.resource, wanted.manifest, options)).metadata.uid
    return tell(target, wanted, deedOn(wanted.resource, { ...key, uid }, 'recreated', changes))
  }
  const { resourceVersion } = found.metadata
  const content = fields.filter((field) => field !== 'metadata').map((field) => [field, wanted.manifest[field]])
  const body = { metadata: { resourceVersion, ...(annotations === undefined ? {} : { annotations }) }, ...Object.fromEntries(content) }
  await api.patch(wanted.resource, keyOf(wanted), { type: 'merge', body }, options)
  return tell(target, wanted, deedOn(wanted.resource, key, 'updated', changes))
}

async function remove(target: Target, wanted: HealerObject, found: Found): Promise<void> {
  const uid = await removeOurs(target, wanted, found)
  tell(target, wanted, deedOn(wanted.resource, { ...keyOf(wanted), uid }, uid === undefined ? 'absent' : 'removed'))
}

const REMOVALS = 10

/** Somebody may change it between the look and the removal; it is looked at again, for a right must not outlive that. undefined: it was not there any more. */
async function removeOurs(target: Target, wanted: HealerObject, found: Found, tries = REMOVALS): Promise<string | undefined> {
  const { uid, resourceVersion } = found.metadata
  try {
    await target.api.delete(wanted.resource, keyOf(wanted), { dryRun: target.deeds.dryRun, preconditions: { uid, resourceVersion } })
    return uid
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined
    if (!isApiError(error, 'Conflict', 'Recreated') || tries === 1) throw error
  }
  const now = await find(target, wanted.resource, keyOf(wanted))
  if (now === undefined) return undefined
  if (!isOurs(wanted, now.metadata)) throw new NotPossible(`${called(wanted)} in ${target.namespace} was changed by somebody else just now and is left as it is`)
  return removeOurs(target, wanted, now, tries - 1)
}

async function find({ api }: Target, resource: Resource, key: { readonly namespace?: string | undefined; readonly name: string }): Promise<Found | undefined> {
  try {
    return await api.get<Found>(resource, key)
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined
    throw error
  }
}

const SPOKEN: Readonly<Record<Change, string>> = { created: 'created', updated: 'updated', recreated: 'made anew', removed: 'removed', deleting: 'is going already', unchanged: 'unchanged', absent: 'was not there' }

const tell = ({ deeds, namespace }: Target, wanted: HealerObject, deed: Deed): void => deeds.did(deed, `${called(wanted)} in ${namespace}: ${SPOKEN[deed.change]}`)

/** Not of what few ever had. */
function tellAbsent(target: Target, wanted: HealerObject): void {
  if (!BESIDE.has(wanted.manifest.metadata.name)) tell(target, wanted, deedOn(wanted.resource, keyOf(wanted), 'absent'))
}

/** Authorizers see a removal within milliseconds; a server under load, or another one, may take longer. */
const LOOKS = 6
/** In a row: of several API servers one may say no while another, or the same one a moment later, has heard of a binding that lets it. */
const QUIET_LOOKS = 2
const PAUSE = millis(300)

type Asked = Pick<Question, 'verb' | 'group' | 'resource'> & { readonly healerOf: string }

const healerQuestions = (namespace: string): readonly Asked[] =>
  healerRules.flatMap(({ apiGroups, resources, verbs }) => verbs.map((verb) => ({ healerOf: namespace, verb, group: apiGroups[0] ?? '', resource: resources[0] ?? '' })))
const consentQuestion = (home: string): Asked => ({ healerOf: home, verb: HEAL_VERB, group: GROUP, resource: HEALING_POLICIES.plural })

async function stillMay(target: Target, questions: readonly Asked[]): Promise<boolean> {
  for (let [look, quiet] = [1, 0]; look <= LOOKS; look++) {
    if (look > 1) await sleep(target.timers, PAUSE)
    const answers = await asked(target, questions)
    // Who is not allowed to ask cannot be told.
    if (answers === undefined) {
      target.deeds.say(`whether another binding lets somebody act in ${target.namespace} is not known: you may not ask (create subjectaccessreviews)`)
      return false
    }
    quiet = answers.includes(true) ? 0 : quiet + 1
    if (quiet === QUIET_LOOKS) return false
  }
  return true
}

async function asked({ api, namespace }: Target, questions: readonly Asked[]): Promise<readonly boolean[] | undefined> {
  try {
    return await Promise.all(questions.map(({ healerOf, ...question }) => mayDo(api, { namespace: healerOf, account: HEALER_ACCOUNT }, { namespace, ...question })))
  } catch (error) {
    if (isApiError(error, 'Forbidden')) return undefined
    throw error
  }
}
