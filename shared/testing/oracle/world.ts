/** What is known of the cluster at one point of a history. */
import type { HealingAction, HealingLedger, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { KILL_SWITCH } from '../../api/v1alpha1/names.ts'
import type { KubeObject, Resource } from '../../kube/api.ts'
import { CONFIG_MAPS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES } from '../../kube/resources.ts'
import { olderThan } from '../../kube/store.ts'
import type { Instant } from '../../lib/time.ts'
import type { Call, Change, Collection, Entry, Setting } from './history.ts'

export const collectionOf = ({ group, plural }: Pick<Resource, 'group' | 'plural'>): Collection => `${group}/${plural}`
export const ACTIONS = collectionOf(HEALING_ACTIONS)
export const LEDGERS = collectionOf(HEALING_LEDGERS)
export const POLICIES = collectionOf(HEALING_POLICIES)
export const OWN: ReadonlySet<Collection> = new Set([ACTIONS, LEDGERS, POLICIES])

interface Key {
  readonly namespace?: string | undefined
  readonly name: string
}
const keyOf = ({ namespace = '', name }: Key): string => `${namespace}/${name}`

interface Known {
  readonly object: KubeObject
  /** Since when its generation, or all of it where there is none, is as it is. */
  readonly since: Instant
}

export class World {
  readonly #collections = new Map<Collection, Map<string, Known>>()
  readonly #gone = new Map<string, Instant>()
  readonly #setting: Setting
  /** Since when the kill switch is on. */
  killed: Instant | undefined
  /** Whether what is no API client's doing is in the history: pods that come, owners that are made. */
  seesOthers = false

  constructor(setting: Setting) {
    this.#setting = setting
  }

  get(collection: Collection, key: Key): KubeObject | undefined {
    return this.#collections.get(collection)?.get(keyOf(key))?.object
  }

  all(collection: Collection): readonly KubeObject[] {
    return [...(this.#collections.get(collection)?.values() ?? [])].map(({ object }) => object)
  }

  /** Whatever its kind. */
  byUid(uid: string): KubeObject | undefined {
    for (const objects of this.#collections.values()) for (const { object } of objects.values()) if (object.metadata.uid === uid) return object
    return undefined
  }

  policy = (key: Key): HealingPolicy | undefined => this.get(POLICIES, key) as HealingPolicy | undefined
  action = (key: Key): HealingAction | undefined => this.get(ACTIONS, key) as HealingAction | undefined
  namespace = (name: string): KubeObject | undefined => this.get(collectionOf(NAMESPACES), { name })
  actions = (): readonly HealingAction[] => this.all(ACTIONS) as readonly HealingAction[]
  ledgers = (): readonly HealingLedger[] => this.all(LEDGERS) as readonly HealingLedger[]

  ledgerOf({ namespace, name }: { readonly namespace: string; readonly name: string }): HealingLedger | undefined {
    return this.ledgers().find(({ spec }) => spec.policy?.namespace === namespace && spec.policy.name === name)
  }

  /** Since when an object has had the content that it has; undefined: it is not known. */
  since(collection: Collection, key: Key): Instant | undefined {
    return this.#collections.get(collection)?.get(keyOf(key))?.since
  }

  /** When the object of this uid went; undefined: it is there, or was never known. */
  goneAt = (uid: string): Instant | undefined => this.#gone.get(uid)

  take(entry: Entry): void {
    if (entry.kind === 'outside') {
      this.seesOthers = true
      this.#change(entry.change, entry.at)
    }
    if (entry.kind !== 'call') return
    for (const change of entry.changes) this.#change(change, entry.at)
    if (entry.ok && !entry.dryRun) this.#emptied(entry)
  }

  #emptied({ verb, collection, namespace, at }: Call): void {
    if (verb !== 'deletecollection') return
    for (const object of this.all(collection)) if (namespace === undefined || object.metadata.namespace === namespace) this.#change({ collection, before: object }, at)
  }

  #change({ collection, before, after }: Change, at: Instant): void {
    const objects = this.#collections.get(collection) ?? new Map<string, Known>()
    this.#collections.set(collection, objects)
    const { metadata } = after ?? before ?? {}
    if (metadata === undefined) return
    const key = keyOf(metadata)
    const known = objects.get(key)
    if (known !== undefined && known.object.metadata.uid !== after?.metadata.uid) this.#gone.set(known.object.metadata.uid, at)
    if (after === undefined) objects.delete(key)
    // The log is written when an answer goes out: two of them may change places.
    else if (known === undefined || known.object.metadata.uid !== after.metadata.uid || olderThan(known.object.metadata.resourceVersion, after.metadata.resourceVersion)) {
      const same = known !== undefined && known.object.metadata.uid === after.metadata.uid && after.metadata.generation !== undefined && known.object.metadata.generation === after.metadata.generation
      objects.set(key, { object: after, since: same ? known.since : at })
    }
    if (collection === collectionOf(CONFIG_MAPS) && metadata.name === KILL_SWITCH && metadata.namespace === this.#setting.operatorNamespace) {
      this.killed = after === undefined ? undefined : (this.killed ?? at)
    }
  }
}
