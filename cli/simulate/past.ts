/**
 * What the API server would have said over the last hours, as far as it can be told: objects as they are today, no action
 * and no ledger at the beginning, and every act has helped at once.
 */
import { HEALER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { KubeApi, KubeObject, ObjectKey, Resource, WatchEvent, WatchOptions } from '../../shared/kube/api.ts'
import { ApiError } from '../../shared/kube/errors.ts'
import { CONFIG_MAPS, HEALING_ACTIONS, HEALING_LEDGERS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { formatInstant, parseInstant, seconds, type Clock, type Instant } from '../../shared/lib/time.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import type { Overlay } from './overlay.ts'

/** As often as the API server sends bookmarks; a watch that is silent for longer is taken for deaf. */
const BOOKMARKS = seconds(60)

/** What is in them says nothing of the past. */
const OF_TODAY: ReadonlySet<Resource> = new Set([HEALING_ACTIONS, HEALING_LEDGERS, CONFIG_MAPS])

export function past(overlay: Overlay, time: Clock & Timers, namespaces: readonly string[]): KubeApi {
  // Whether there is consent today is no matter of the past.
  const healerOf = (namespace: string): KubeObject => ({ apiVersion: 'v1', kind: SERVICE_ACCOUNTS.kind, metadata: { namespace, name: HEALER_ACCOUNT, uid: HEALER_ACCOUNT, resourceVersion: '1', creationTimestamp: formatInstant(time.now()) } })
  const begin = time.now()
  const ended = new Queue()
  return {
    serverTime: () => time.now(),
    discover: (group, version) => overlay.discover(group, version),
    get: async <T extends KubeObject>(resource: Resource, key: ObjectKey): Promise<T> => {
      if (resource === SERVICE_ACCOUNTS) return healerOf(key.namespace ?? '') as T
      const written = overlay.written(resource, key)
      if (written !== undefined) return written as T
      if (resource === HEALING_LEDGERS || resource === HEALING_ACTIONS) throw new ApiError({ kind: 'NotFound', code: 404, reason: 'NotFound', request: `GET ${resource.plural}` })
      return asOld<T>(await overlay.get<T>(resource, key), begin)
    },
    list: async (resource, options) => {
      const page = await overlay.list(resource, options)
      if (resource === SERVICE_ACCOUNTS) return { ...page, items: namespaces.map(healerOf) as never }
      return { ...page, items: OF_TODAY.has(resource) ? [] : page.items.map((item) => asOld(item, begin)) as never }
    },
    // Nobody keeps them for so long.
    log: () => Promise.resolve(''),
    watch: <T extends KubeObject>(resource: Resource, options: WatchOptions) => watching<T>(time, options, resource === HEALING_ACTIONS ? ended : new Queue()),
    create: async <T extends KubeObject>(resource: Resource, ...rest: Parameters<Overlay['create']> extends [Resource, ...infer R] ? R : never): Promise<T> => {
      const created = await overlay.create<T>(resource, ...rest)
      if (resource === HEALING_ACTIONS) ended.push(helped(created as KubeObject as HealingAction, time))
      return created
    },
    post: async <T>(): Promise<T> => {
      await Promise.resolve()
      return { status: { allowed: true } } as T
    },
    replace: (resource, manifest) => overlay.replace(resource, manifest),
    patch: (resource, key, patch) => overlay.patch(resource, key, patch),
    delete: (resource) => (resource === HEALING_ACTIONS ? Promise.resolve() : overlay.delete(resource)),
  }
}

/** Its name stands for whatever had it then: what was measured before it was made counts too. */
const asOld = <T extends KubeObject>(object: T, begin: Instant): T => {
  const made = parseInstant(object.metadata.creationTimestamp)
  return made === undefined || made <= begin ? object : { ...object, metadata: { ...object.metadata, creationTimestamp: formatInstant(begin) } }
}

/** Carried out, verified, well. */
function helped(action: HealingAction, time: Clock): HealingAction {
  const at = formatInstant(time.now())
  const { metadata } = action
  return {
    ...action,
    metadata: { ...metadata, resourceVersion: String(BigInt(metadata.resourceVersion) + 1n) },
    status: { phase: 'Succeeded', outcome: 'Effective', startTime: at, actedAt: at, healthySince: at, completionTime: at, result: { success: true, reason: 'Effective', message: 'taken to have helped' } },
  }
}

class Queue {
  readonly #events: HealingAction[] = []
  #wake: (() => void) | undefined

  push(action: HealingAction): void {
    this.#events.push(action)
    this.#wake?.()
  }

  take(): HealingAction | undefined {
    return this.#events.shift()
  }

  onPush(wake: () => void): void {
    this.#wake = wake
  }
}

function watching<T extends KubeObject>(time: Timers, { signal, resourceVersion }: WatchOptions, queue: Queue): AsyncIterable<WatchEvent<T>> {
  const next = (): Promise<IteratorResult<WatchEvent<T>>> =>
    new Promise((resolve) => {
      const cancel = time.after(BOOKMARKS, () => answer({ done: false, value: { type: 'BOOKMARK', resourceVersion } }))
      const end = (): void => answer({ done: true, value: undefined })
      const answer = (result: IteratorResult<WatchEvent<T>>): void => {
        cancel()
        signal?.removeEventListener('abort', end)
        resolve(result)
      }
      const look = (): void => {
        const action = queue.take()
        if (action !== undefined) answer({ done: false, value: { type: 'ADDED', object: action as KubeObject as T } })
      }
      if (signal?.aborted === true) return end()
      signal?.addEventListener('abort', end, { once: true })
      queue.onPush(look)
      return look()
    })
  return { [Symbol.asyncIterator]: () => ({ next }) }
}
