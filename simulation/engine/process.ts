/** A process between the controller and its world: it can be killed, with all it remembers, and stopped and continued. */
import type { KubeApi, KubeObject, Resource, WatchEvent, WatchOptions } from '../../shared/kube/api.ts'
import { after, millis, type Clock, type Millis } from '../../shared/lib/time.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import type { SimulatedClock } from './clock.ts'

export class Process implements Clock {
  readonly name: string
  readonly #world: SimulatedClock
  #state: 'running' | 'stopped' | 'dead' = 'running'
  /** What would have happened in it while it stood still, in that order. */
  readonly #missed: (() => void)[] = []
  /** How far the clock of its machine is ahead. */
  skew: Millis = millis(0)

  constructor(name: string, world: SimulatedClock) {
    this.name = name
    this.#world = world
  }

  get dead(): boolean {
    return this.#state === 'dead'
  }

  now() {
    return after(this.#world.steady(), this.skew)
  }

  get timers(): Timers {
    return {
      monotonic: () => this.#world.monotonic(),
      after: (delay, run) => {
        let cancelled = false
        const cancel = this.#world.after(delay, () => this.#reach(() => (cancelled ? undefined : run())))
        return () => {
          cancelled = true
          cancel()
        }
      },
    }
  }

  /** As by SIGKILL: nothing of it runs again. What it has sent is under way all the same. */
  kill(): void {
    this.#state = 'dead'
    this.#missed.length = 0
  }

  /** As by SIGSTOP. */
  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped'
  }

  /** As by SIGCONT. */
  continue(): void {
    if (this.#state !== 'stopped') return
    this.#state = 'running'
    for (const run of this.#missed.splice(0)) run()
  }

  /** The API as it reaches this process: answers and events wait while it is stopped, and are lost when it is dead. */
  api<T extends KubeApi>(api: T): T {
    return new Proxy(api, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (name === 'watch') return (resource: Resource, options: WatchOptions) => this.#events(target.watch(resource, options))
        if (typeof member !== 'function') return member
        return (...args: unknown[]): unknown => {
          const answer: unknown = member.apply(target, args)
          return answer instanceof Promise ? this.answer(answer) : answer
        }
      },
    })
  }

  /** Never settles in a process that is dead by then. */
  answer<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.#reach(() => resolve(value)),
        (error: unknown) => this.#reach(() => reject(error)),
      )
    })
  }

  async *#events<T extends KubeObject>(stream: AsyncIterable<WatchEvent<T>>): AsyncIterable<WatchEvent<T>> {
    const events = stream[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { done, value } = await this.answer(events.next())
        if (done === true) return
        yield value
      }
    } finally {
      await events.return?.()
    }
  }

  #reach(run: () => void): void {
    if (this.#state === 'running') run()
    else if (this.#state === 'stopped') this.#missed.push(run)
  }
}
