/** `kubeskippy uninstall`: all of an installation, in whatever state it is, by whatever means it was made. Asks no webhook. */
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { KubeApi, KubeObject, Resource } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, SECRETS } from '../../shared/kube/resources.ts'
import { printable } from '../../shared/lib/text.ts'
import { formatDuration } from '../../shared/lib/duration.ts'
import { millis, type Millis } from '../../shared/lib/time.ts'
import { sleep, type Timers } from '../../shared/runtime/timers.ts'
import { accessOf, DONE, explainApiError, FAILED } from '../command.ts'
import { deedOn, withDeeds, type Deeds, type WriteFlags } from '../deeds.ts'
import type { CliEnvironment } from '../environment.ts'
import { find, listAll } from '../reading.ts'
import { assertMeant } from './confirm.ts'
import { HELM_RECORDS, releasesOf, type HelmRecord } from './helm-records.ts'
import { DEFINITIONS, NAMESPACE, OURS, PROGRAMS, type Place } from './inventory.ts'

export interface UninstallFlags extends WriteFlags {
  readonly deletePolicies?: true
  readonly yes?: true
  readonly timeout: Millis
}

interface Run {
  readonly api: Pick<KubeApi, 'get' | 'list' | 'delete'>
  readonly deeds: Deeds
  /** Why something is there still, or is not known; each once. */
  readonly problems: Set<string>
  readonly timers: Timers
  /** How long what is being deleted may take to be gone. */
  readonly timeout: Millis
  readonly stop: AbortSignal
}

interface Thing {
  readonly resource: Resource
  readonly object: KubeObject & { readonly metadata: { readonly finalizers?: readonly string[] } }
}

/** Exit code: 1 when something could not be looked at or removed, or is not gone in time; one line for each reason. */
export const uninstall = (env: CliEnvironment, { deletePolicies, yes, timeout, ...flags }: UninstallFlags): Promise<number> =>
  withDeeds(env, flags, async (api, deeds) => {
    const run: Run = { api, deeds, problems: new Set(), timers: env.timers, timeout, stop: env.stop }
    const cluster = await env.nameOfCluster(accessOf(env, flags))
    deeds.tell('cluster', cluster, `cluster: ${cluster}`)
    if (yes !== true && !deeds.dryRun) await assertMeant(env, cluster, deletePolicies === true)
    try {
      await removeAll(run, deletePolicies === true)
    } finally {
      // Also when it breaks off: what was seen before it counts.
      for (const problem of run.problems) env.stderr(`error: ${problem}\n`)
    }
    return run.problems.size === 0 ? DONE : FAILED
  })

async function removeAll(run: Run, withPolicies: boolean): Promise<void> {
  const removed: Thing[] = []
  const take = async (place: Place): Promise<void> => void removed.push(...(await remove(run, await look(run, place))))
  for (const place of PROGRAMS) await take(place)
  const helm = await takeHelmRecords(run)
  removed.push(...helm.removed)
  if (withPolicies) {
    await take(DEFINITIONS)
    if (helm.stays === undefined) await take(NAMESPACE)
    else run.deeds.say(`namespace/${OPERATOR_NAMESPACE}: kept, since ${helm.stays}`)
  }
  const kept = withPolicies ? undefined : await keptBy(run)
  if (removed.length === 0 && run.problems.size === 0) run.deeds.say(kept === undefined ? 'nothing of KubeSkippy is in this cluster' : 'nothing but what is kept is in this cluster')
  if (kept !== undefined) run.deeds.say(`kept: ${kept}; kubeskippy uninstall --delete-policies removes them`)
  if (!run.deeds.dryRun) await untilGone(run, removed.filter(({ resource }) => resource === DEFINITIONS.resource || resource === NAMESPACE.resource))
}

/** What came of it. After a refusal the rest goes all the same: half of it is better than none, and another run does the other half. */
async function past<T, U>({ problems }: Run, work: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await work
  } catch (error) {
    if (!isApiError(error, 'Forbidden', 'Invalid', 'Conflict', 'Server')) throw error
    problems.add(explainApiError(error))
    return otherwise
  }
}

async function look(run: Run, { resource, namespace, names }: Place): Promise<readonly Thing[]> {
  const objects = names === undefined
    ? await past(run, listAll(run.api, resource, { ...(namespace === undefined ? {} : { namespace }), labelSelector: OURS }), [])
    : (await Promise.all(names.map((name) => past(run, find(run.api, resource, { namespace, name }), undefined)))).filter((object) => object !== undefined)
  return objects.map((object) => ({ resource, object }))
}

/** Records of KubeSkippy alone go. One that holds more stays, or Helm would forget the rest. */
async function takeHelmRecords(run: Run): Promise<{ readonly removed: readonly Thing[]; /** Why their namespace has to. */ readonly stays?: string }> {
  const records = await past(run, listAll<HelmRecord>(run.api, SECRETS, { namespace: OPERATOR_NAMESPACE, labelSelector: HELM_RECORDS }), undefined)
  if (records === undefined) return { removed: [], stays: 'what Helm keeps in it could not be read' }
  const releases = releasesOf(records).filter(({ holds }) => holds.ours)
  const [shared, own] = [releases.filter(({ holds }) => holds.others), releases.filter(({ holds }) => !holds.others)]
  const removed = await remove(run, own.flatMap((release) => release.records.map((object) => ({ resource: SECRETS, object }))))
  const names = shared.map(({ name }) => printable(name, 100))
  for (const name of names) run.deeds.say(`Helm's record of the release ${name} in ${OPERATOR_NAMESPACE}: kept, since it holds more than KubeSkippy, or cannot be read. Take KubeSkippy out of that release, or its next upgrade brings it back`)
  return { removed, ...(names.length === 0 ? {} : { stays: `Helm's record of the release ${names.join(', ')} is in it` }) }
}

const called = ({ resource, object: { metadata } }: Thing): string => printable(`${resource.kind.toLowerCase()}/${metadata.name}${metadata.namespace === undefined ? '' : ` in ${metadata.namespace}`}`, 400)

/** Those that were there, and that the API server did not refuse to remove. */
async function remove(run: Run, things: readonly Thing[]): Promise<readonly Thing[]> {
  const removed: Thing[] = []
  for (const thing of things) if (await past(run, removeOne(run, thing), false)) removed.push(thing)
  return removed
}

/** false: it was not there any more. */
async function removeOne({ api, deeds }: Run, thing: Thing): Promise<boolean> {
  const { namespace, name, uid, deletionTimestamp } = thing.object.metadata
  try {
    await api.delete(thing.resource, { namespace, name }, { dryRun: deeds.dryRun, propagationPolicy: 'Background' })
  } catch (error) {
    if (isApiError(error, 'NotFound')) return false
    throw error
  }
  const [change, word] = deletionTimestamp === undefined ? (['removed', 'removed'] as const) : (['deleting', 'is going already'] as const)
  deeds.did(deedOn(thing.resource, { namespace, name, uid }, change), `${called(thing)}: ${word}${thing.resource === NAMESPACES ? ', with everything in it' : ''}`)
  return true
}

/** What a new installation takes up again; undefined: nothing that is known of. */
async function keptBy(run: Run): Promise<string | undefined> {
  const { api } = run
  const counted = ([HEALING_POLICIES, HEALING_ACTIONS, HEALING_LEDGERS] as const).map((resource) => past(run, listAll(api, resource), undefined))
  const [policies, actions, ledgers] = await Promise.all(counted)
  const definitions = await past(run, Promise.all((DEFINITIONS.names ?? []).map((name) => find(api, DEFINITIONS.resource, { name }))), undefined)
  const found = definitions?.filter((definition) => definition !== undefined)
  const namespace = await past(run, find(api, NAMESPACES, { name: OPERATOR_NAMESPACE }), undefined)
  const counts = [count(policies, 'policy', 'policies'), count(actions, 'action'), count(ledgers, 'ledger'), count(found, 'CRD')]
  const kept = [...(found?.length === 0 ? [] : counts), ...(namespace === undefined ? [] : [`namespace ${OPERATOR_NAMESPACE}`])]
  return kept.length === 0 ? undefined : kept.join(', ')
}

const count = (found: readonly unknown[] | undefined, one: string, many = `${one}s`): string => (found === undefined ? `an unknown number of ${many}` : `${found.length} ${found.length === 1 ? one : many}`)

/** Milliseconds between two looks. */
const PAUSE = millis(500)

/** Notes why what was deleted is still there, one line for each. */
async function untilGone(run: Run, things: readonly Thing[]): Promise<void> {
  const { timers, timeout, stop } = run
  const begin = timers.monotonic()
  let left = things
  for (;;) {
    const found = await Promise.all(left.map(async (thing) => ({ thing, now: await past(run, find<Held>(run.api, thing.resource, thing.object.metadata), undefined) })))
    const still = found.flatMap(({ thing, now }) => (now === undefined || now.metadata.uid !== thing.object.metadata.uid ? [] : [{ resource: thing.resource, object: now }]))
    if (still.length === 0) return
    if (stop.aborted || timers.monotonic() - begin >= timeout) {
      const holders = await finalizers(run)
      for (const thing of still) run.problems.add(`${called(thing)} is still there after ${formatDuration(timeout)}: ${why(thing.object, holders)}. Then run it again`)
      return
    }
    left = still
    await sleep(timers, PAUSE, stop)
  }
}

interface Held extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly finalizers?: readonly string[] }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] }
}

function why({ kind, status }: Held, holders: readonly string[]): string {
  if (kind !== NAMESPACES.kind) return holders.length === 0 ? 'the API server has not removed its objects yet' : holders.join('; ')
  const conditions = (status?.conditions ?? []).filter((condition) => condition.type.startsWith('Namespace') && condition.status === 'True')
  return conditions.length === 0 ? (holders.length === 0 ? 'its pods have not ended yet' : holders.join('; ')) : conditions.map(({ message = '' }) => printable(message, 300)).join('; ')
}

const SHOWN = 3

/** No object of ours has one: somebody else's tool holds it. */
async function finalizers(run: Run): Promise<readonly string[]> {
  const objects = (await Promise.all([HEALING_POLICIES, HEALING_ACTIONS, HEALING_LEDGERS].map((resource) => past(run, listAll<Held>(run.api, resource), [])))).flat()
  const held = objects.filter(({ metadata }) => (metadata.finalizers ?? []).length > 0)
  const lines = held.slice(0, SHOWN).map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name} in ${metadata.namespace ?? ''} has the finalizer ${(metadata.finalizers ?? []).join(', ')}, which whoever set it has to take off`)
  return held.length > SHOWN ? [...lines, `${held.length - SHOWN} more of ${GROUP} have one`] : lines
}
