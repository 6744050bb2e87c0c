/** What is known of the cluster at one point of a history. */
import type { HealingAction, HealingLedger, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { KILL_SWITCH } from '../../api/v1alpha1/names.ts'
import type { KubeObject, Resource } from '../../kube/api.ts'
import { CONFIG_MAPS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES } from '../../kube/resources.ts'
import { olderThan } from '../../kube/store.ts'
import type { Instant } from '../../lib/time.ts'
import type { Call, Change, Collection, Entry, Setting } from './history.ts'
import { Looks } from './looks.ts'

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

/** What an object was from then on. */
interface Version {
  readonly at: Instant
  readonly object: KubeObject
}

export class World {
  readonly #collections = new Map<Collection, Map<string, KubeObject>>()
  /** By uid, those of what has gone included. */
  readonly #versions = new Map<string, Version[]>()
  readonly #gone = new Map<string, Instant>()
  readonly #setting: Setting
  /** Of the controller. */
  readonly looks = new Looks()
  /** Since when the kill switch is on. */
  killed: Instant | undefined

  constructor(setting: Setting) {
    this.#setting = setting
  }

  get(collection: Collection, key: Key): KubeObject | undefined {
    return this.#collections.get(collection)?.get(keyOf(key))
  }

  all(collection: Collection): readonly KubeObject[] {
    return [...(this.#collections.get(collection)?.values() ?? [])]
  }

  /** As it was last, whatever its kind and whether it is still there. */
  byUid = (uid: string): KubeObject | undefined => this.#versions.get(uid)?.at(-1)?.object

  /** All that an object has been since `from`, what it was at that time included. */
  lately(uid: string, from: number): readonly KubeObject[] {
    const versions = this.#versions.get(uid) ?? []
    const first = versions.findLastIndex(({ at }) => at <= from)
    return versions.slice(Math.max(0, first)).map(({ object }) => object)
  }

  /** The policy that a decision names, as it was stored then. */
  policyAs = ({ uid, generation }: { readonly uid: string; readonly generation: number }): HealingPolicy | undefined =>
    this.#versions.get(uid)?.findLast(({ object }) => object.metadata.generation === generation)?.object as HealingPolicy | undefined

  policy = (key: Key): HealingPolicy | undefined => this.get(POLICIES, key) as HealingPolicy | undefined
  action = (key: Key): HealingAction | undefined => this.get(ACTIONS, key) as HealingAction | undefined
  namespace = (name: string): KubeObject | undefined => this.get(collectionOf(NAMESPACES), { name })
  actions = (): readonly HealingAction[] => this.all(ACTIONS) as readonly HealingAction[]
  ledgers = (): readonly HealingLedger[] => this.all(LEDGERS) as readonly HealingLedger[]

  ledgerOf({ namespace, name }: { readonly namespace: string; readonly name: string }): HealingLedger | undefined {
    return this.ledgers().find(({ spec }) => spec.policy?.namespace === namespace && spec.policy.name === name)
  }

  /** When the object of this uid went; undefined: it is there, or was never known. */
  goneAt = (uid: string): Instant | undefined => this.#gone.get(uid)

  take(entry: Entry): void {
    if (entry.kind === 'outside') this.#change(entry.change, entry.at)
    if (entry.kind !== 'call') return
    if (this.#setting.isController(entry.user)) this.looks.take(entry)
    for (const change of entry.changes) this.#change(change, entry.at)
    if (entry.ok && !entry.dryRun) this.#emptied(entry)
  }

  #emptied({ verb, collection, namespace, at }: Call): void {
    if (verb !== 'deletecollection') return
    for (const object of this.all(collection)) if (namespace === undefined || object.metadata.namespace === namespace) this.#change({ collection, before: object }, at)
  }

  #change({ collection, before, after }: Change, at: Instant): void {
    const objects = this.#collections.get(collection) ?? new Map<string, KubeObject>()
    this.#collections.set(collection, objects)
    const { metadata } = after ?? before ?? {}
    if (metadata === undefined) return
    const key = keyOf(metadata)
    const known = objects.get(key)
    if (known !== undefined && known.metadata.uid !== after?.metadata.uid) this.#gone.set(known.metadata.uid, at)
    if (after === undefined) objects.delete(key)
    // The log is written when an answer goes out: two of them may change places.
    else if (known === undefined || known.metadata.uid !== after.metadata.uid || olderThan(known.metadata.resourceVersion, after.metadata.resourceVersion)) {
      objects.set(key, after)
      this.#versions.set(after.metadata.uid, [...(this.#versions.get(after.metadata.uid) ?? []), { at, object: after }])
    }
    if (collection === collectionOf(CONFIG_MAPS) && metadata.name === KILL_SWITCH && metadata.namespace === this.#setting.operatorNamespace) {
      this.killed = after === undefined ? undefined : (this.killed ?? at)
    }
  }
}
