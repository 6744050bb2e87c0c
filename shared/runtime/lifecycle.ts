import type { Millis } from '../lib/time.ts'
import type { Logger } from './logger.ts'
import type { Timers } from './timers.ts'

/** A part of a program that starts and stops. Constructors start nothing. */
export interface Component {
  readonly name: string
  /** Resolves when the next component may start. A rejection stops the program. */
  start(): Promise<void> | void
  /** The signal aborts at the deadline: whoever still waits then must let go. */
  stop(deadline: AbortSignal): Promise<void> | void
}

export interface LifecycleOptions {
  readonly timers: Timers
  readonly log: Logger
  /** For all components together. Below the pod's termination grace period. */
  readonly stopTimeout: Millis
}

/** Starts components in order and stops them in reverse. The signal handlers of the process are `main.ts`'s. */
export class Lifecycle {
  readonly #options: LifecycleOptions
  readonly #components: Component[] = []
  readonly #started: Component[] = []
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: LifecycleOptions) {
    this.#options = options
  }

  add(component: Component): this {
    if (this.#starting !== undefined) throw new Error('add after start')
    this.#components.push(component)
    return this
  }

  /** When one fails, those before it are stopped and the failure is thrown. A stop meanwhile ends it early. */
  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  /** Never rejects; later calls get the same promise. Failures to stop are logged: the others must still stop. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #start(): Promise<void> {
    for (const component of this.#components) {
      if (this.#stopping !== undefined) return
      // Before it is awaited: a component that hangs while starting must be stopped too.
      this.#started.push(component)
      try {
        await component.start()
      } catch (error) {
        this.#options.log.error('component failed to start', { component: component.name, error })
        await this.stop()
        throw error
      }
    }
  }

  async #stop(): Promise<void> {
    const { timers, log, stopTimeout } = this.#options
    const deadline = new AbortController()
    const expired = new Promise<void>((resolve) => {
      deadline.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    const cancel = timers.after(stopTimeout, () => deadline.abort())
    for (const component of this.#started.toReversed()) {
      const stopped = stopOne(component, deadline.signal, log)
      await Promise.race([stopped, expired])
      if (deadline.signal.aborted) log.warn('component did not stop in time', { component: component.name })
    }
    cancel()
  }
}

async function stopOne(component: Component, deadline: AbortSignal, log: Logger): Promise<void> {
  try {
    await component.stop(deadline)
  } catch (error) {
    log.error('component failed to stop', { component: component.name, error })
  }
}
