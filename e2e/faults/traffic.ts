/** Which writes are on their way to the API server: of one that is cut off its audit log does not say whether it landed. */
import type { ProxiedRequest, ProxyHooks } from '../installation/proxy.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { isWriteRequest } from './points.ts'

/** Whoever takes longer than this has lost its connection. */
const ANSWERED_WITHIN = seconds(5)

export class Traffic {
  /** Forwarded, and not answered by the server. */
  readonly #open = new Set<number>()
  #stopped = false

  around({ onRequest, onResponse, ...others }: ProxyHooks): ProxyHooks {
    const judged = async (request: ProxiedRequest) => {
      const verdict = await onRequest?.(request)
      if (isWriteRequest(request) && (verdict ?? 'forward') === 'forward') this.#open.add(request.id)
      return verdict ?? 'forward'
    }
    return {
      ...others,
      onRequest: (request) => (this.#stopped && isWriteRequest(request) ? 'hold' : judged(request)),
      onResponse: (request, response) => {
        this.#open.delete(request.id)
        return onResponse?.(request, response) ?? 'forward'
      },
    }
  }

  /** No write goes on from here on; returns when the server has answered the others. */
  async stop(): Promise<void> {
    this.#stopped = true
    await eventually(() => { if (this.#open.size > 0) throw new Error('not all writes are answered') }, ANSWERED_WITHIN).catch(() => {})
  }

  /** For who comes next. */
  resume(): void {
    this.#stopped = false
    this.#open.clear()
  }
}
