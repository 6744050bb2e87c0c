/** Sends the traces of actions that have ended to where the installation says. Whether they arrive is nothing that healing waits for. */
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { Component } from '../../shared/runtime/lifecycle.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import { untilAborted } from '../../shared/runtime/timers.ts'
import { spansOf } from '../healing/trace.ts'
import type { Exporter } from './otlp-exporter.ts'

export interface TracesOptions {
  readonly endpoint: string
  readonly version: string
  readonly instance: string
  readonly log: Logger
}

export class Traces implements Component {
  readonly name = 'traces'
  readonly #options: TracesOptions
  #exporter: Exporter | undefined
  #failing = false

  constructor(options: TracesOptions) {
    this.#options = options
  }

  /** Why traces are not delivered now. */
  get problem(): string | undefined {
    return this.#failing ? `traces do not reach ${this.#options.endpoint}` : undefined
  }

  async start(): Promise<void> {
    const { exporter } = await import('./otlp-exporter.ts')
    this.#exporter = exporter({ ...this.#options, told: (failure) => this.#told(failure) })
  }

  /** What still waits is sent, for as long as the program has for stopping. */
  stop(deadline: AbortSignal): Promise<void> {
    return Promise.race([this.#exporter?.stop(), untilAborted(deadline)])
  }

  /** Never waits, never throws. */
  tell(action: HealingAction): void {
    for (const span of spansOf(action)) this.#exporter?.add(span)
  }

  /** One line when it begins to fail, and one when it ends: not one for each try. */
  #told(failure: unknown): void {
    const failing = failure !== undefined
    if (failing === this.#failing) return
    this.#failing = failing
    if (failing) this.#options.log.warn('traces cannot be delivered, and are dropped when too many wait', { endpoint: this.#options.endpoint, error: failure })
    else this.#options.log.info('traces are delivered again', { endpoint: this.#options.endpoint })
  }
}
