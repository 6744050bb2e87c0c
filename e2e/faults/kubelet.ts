/**
 * Plays the kubelet of a control plane without nodes: the first pods of a place run until they are broken by hand, those
 * that come after that are healthy, but where nothing is to help. What is judged is the API server's own; only the containers are not there.
 */
import { PODS } from '../../shared/kube/resources.ts'
import type { KubeApi, KubeObject } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { Follower } from './follower.ts'

/** On every pod that is played. */
export const PLAYED = { 'faults.test/played': 'true' } as const

const now = (): string => new Date().toISOString().replace(/\.\d+Z/, 'Z')

function statusOf(state: 'healthy' | 'broken'): object {
  const ready = state === 'healthy'
  const at = now()
  const container = ready
    ? { name: 'app', image: 'x', imageID: '', ready, started: true, restartCount: 0, state: { running: { startedAt: at } } }
    : { name: 'app', image: 'x', imageID: '', ready, started: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: at, finishedAt: at } } }
  return {
    phase: 'Running', startTime: at, containerStatuses: [container],
    conditions: ['Ready', 'ContainersReady', 'Initialized', 'PodScheduled'].map((type) => ({ type, status: ready || !/Ready/.test(type) ? 'True' : 'False', lastTransitionTime: at })),
  }
}

export class PlayedKubelet extends Follower<KubeObject> {
  readonly #api: KubeApi
  readonly #seen = new Map<string, Set<string>>()
  readonly #spoilt = new Set<string>()

  constructor(api: KubeApi) {
    super(api, {
      resource: PODS,
      labelSelector: 'faults.test/played=true',
      listed: (pod) => this.#begin(pod),
      told: (event) => {
        // Many come at once, and none waits for another.
        if (event.type === 'ADDED') void eventually(() => this.#begin(event.object), seconds(30)).catch(() => {})
        return undefined
      },
    })
    this.#api = api
  }

  /** Pods of a namespace that it has seen so far. */
  podsOf(namespace: string): number {
    return this.#seen.get(namespace)?.size ?? 0
  }

  /** Every pod that comes to this namespace from here on crashes at once. */
  spoil(namespace: string): void {
    this.#spoilt.add(namespace)
  }

  /** All pods that are there now crash from here on. */
  async break(namespace: string): Promise<void> {
    const { items } = await this.#api.list(PODS, { namespace })
    await Promise.all(items.map((pod) => this.#set(pod, 'broken')))
  }

  async #begin(pod: KubeObject): Promise<void> {
    const { namespace = '', uid } = pod.metadata
    const seen = this.#seen.get(namespace) ?? new Set()
    this.#seen.set(namespace, seen)
    if (seen.has(uid)) return
    await this.#set(pod, this.#spoilt.has(namespace) ? 'broken' : 'healthy')
    seen.add(uid)
  }

  async #set({ metadata: { namespace = '', name } }: KubeObject, state: 'healthy' | 'broken'): Promise<void> {
    try {
      await this.#api.patch(PODS, { namespace, name }, { type: 'merge', body: { status: statusOf(state) } }, { subresource: 'status' })
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error
    }
  }
}
