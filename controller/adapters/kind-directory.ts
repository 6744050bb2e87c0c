/** Under which path the objects of a kind are found. Of Kubernetes' own it is known; of others the API server is asked, until it knows. */
import { groupOf, knownKind, nameOf, type KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import type { DiscoveredResource, KubeApi, Resource } from '../../shared/kube/api.ts'
import { findKind } from '../../shared/kube/discovery.ts'
import { backoffDelay, type Backoff } from '../../shared/runtime/backoff.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import type { Random, Timers } from '../../shared/runtime/timers.ts'
import { millis, minutes, seconds } from '../../shared/lib/time.ts'

export interface KindDirectoryOptions {
  readonly api: Pick<KubeApi, 'discover'>
  readonly timers: Timers
  readonly random: Random
  readonly log: Logger
}

/** A definition may come at any time, and one question for each missing kind is cheap: it lists no objects. */
const BACKOFF: Backoff = { base: seconds(2), max: minutes(1), jitter: 0.2 }

interface Entry {
  readonly kind: KindReference
  resource: Resource | undefined
  why: string
  tries: number
  cancel: () => void
}

export class KindDirectory {
  readonly #options: KindDirectoryOptions
  readonly #entries = new Map<string, Entry>()
  readonly #changed: () => void

  constructor(options: KindDirectoryOptions, changed: () => void) {
    this.#options = options
    this.#changed = changed
  }

  /** From now on exactly these are looked for. */
  want(kinds: readonly KindReference[]): void {
    const wanted = new Map(kinds.map((kind) => [nameOf(kind), kind]))
    for (const [name, entry] of this.#entries) {
      if (wanted.has(name)) continue
      entry.cancel()
      this.#entries.delete(name)
    }
    for (const [name, kind] of wanted) {
      if (this.#entries.has(name)) continue
      const entry: Entry = { kind, resource: builtIn(kind), why: 'not looked up yet', tries: 0, cancel: () => {} }
      this.#entries.set(name, entry)
      if (entry.resource === undefined) void this.#look(entry)
    }
  }

  /** The resource, or why there is none. */
  find(kind: KindReference): Resource | string {
    const entry = this.#entries.get(nameOf(kind))
    return entry?.resource ?? entry?.why ?? 'not looked up yet'
  }

  /** It is not there any more: it is looked for again. */
  lost(kind: KindReference): void {
    const entry = this.#entries.get(nameOf(kind))
    if (entry?.resource === undefined || builtIn(kind) !== undefined) return
    entry.resource = undefined
    entry.why = unknown(kind)
    this.#later(entry)
  }

  async #look(entry: Entry): Promise<void> {
    const { kind, why: before } = entry
    try {
      const found = await lookUp(this.#options.api, kind)
      if (typeof found === 'string') entry.why = found
      else entry.resource = found
    } catch (error) {
      this.#options.log.debug('kind not looked up', { kind: nameOf(kind), error })
      entry.why = unknown(kind)
    }
    if (this.#entries.get(nameOf(kind)) !== entry) return
    if (entry.resource === undefined) this.#later(entry)
    else entry.tries = 0
    if (entry.resource !== undefined || entry.why !== before) this.#changed()
  }

  #later(entry: Entry): void {
    entry.tries++
    const wait = backoffDelay(BACKOFF, entry.tries, this.#options.random)
    entry.cancel = this.#options.timers.after(millis(wait), () => void this.#look(entry))
  }
}

/** What the API server knows of a kind, or why there is nothing to read. @throws ApiError when it does not answer */
export async function lookUp(api: Pick<KubeApi, 'discover'>, kind: KindReference): Promise<DiscoveredResource | string> {
  const found = await findKind(api, kind)
  if (found === undefined) return unknown(kind)
  return found.namespaced ? found : `${nameOf(kind)} is cluster-scoped, and a HealingPolicy reaches objects of namespaces only`
}

const unknown = (kind: KindReference): string => `the API server knows no kind ${nameOf(kind)}: its definition is not installed`

function builtIn(kind: KindReference): Resource | undefined {
  const known = knownKind(kind)
  if (known === undefined) return undefined
  const group = groupOf(known.apiVersion)
  return { group, version: group === '' ? known.apiVersion : known.apiVersion.slice(group.length + 1), kind: known.kind, plural: known.plural, namespaced: known.namespaced }
}
