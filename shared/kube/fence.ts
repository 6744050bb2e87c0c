/**
 * Writes only while this process may write. Asked as late as can be: when the bytes of a request are about to leave, not
 * when somebody decides to write. A process that stood still in between finds out.
 */
import { millis, type Millis } from '../lib/time.ts'
import type { KubeApi, Resource, WriteOptions } from './api.ts'

export interface Fence {
  /** @throws NotLeading (`errors.ts`) when this process may not write now */
  check(): void
  /** How long a write that begins now may be under way: past it, another process may be the one that writes. */
  left(): Millis
}

/** What the transport waits for when nobody says otherwise. */
const CALL_TIMEOUT = millis(10_000)

/** A review asks a question: nothing is stored. */
const REVIEWS: ReadonlySet<string> = new Set(['authorization.k8s.io', 'authentication.k8s.io'])

/** The same API, whose writes pass the fence. Reads, and questions that are asked by POST, are free. */
export function fenced(api: KubeApi, fence: Fence): KubeApi {
  const guarded = <O extends WriteOptions>(options: O): O => {
    // Here as well: what is refused anyway costs no connection.
    fence.check()
    return { ...options, fence: () => fence.check(), timeout: millis(Math.min(options.timeout ?? CALL_TIMEOUT, fence.left())) }
  }
  const isQuestion = ({ group }: Resource, subresource: string): boolean => subresource === '' && REVIEWS.has(group)
  return {
    get: (resource, key, options) => api.get(resource, key, options),
    list: (resource, options) => api.list(resource, options),
    watch: (resource, options) => api.watch(resource, options),
    log: (resource, key, options) => api.log(resource, key, options),
    discover: (group, version, options) => api.discover(group, version, options),
    serverTime: () => api.serverTime(),
    create: async (resource, manifest, options = {}) => api.create(resource, manifest, guarded(options)),
    post: async (resource, key, subresource, body, options = {}) =>
      api.post(resource, key, subresource, body, isQuestion(resource, subresource) ? options : guarded(options)),
    replace: async (resource, manifest, options = {}) => api.replace(resource, manifest, guarded(options)),
    patch: async (resource, key, patch, options = {}) => api.patch(resource, key, patch, guarded(options)),
    delete: async (resource, key, options = {}) => api.delete(resource, key, guarded(options)),
  }
}

/** For a program that runs alone. */
export const noFence: Fence = { check: () => {}, left: () => CALL_TIMEOUT }

