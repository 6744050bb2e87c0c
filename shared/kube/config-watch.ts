/**
 * The configuration file while the program runs: its log level is taken over when it changes. Looked at by reading, since a
 * mounted ConfigMap changes by a link that no watch of its file sees.
 */
import { ConfigError } from '../lib/errors.ts'
import { sameJson } from '../lib/json.ts'
import { seconds } from '../lib/time.ts'
import type { Component } from '../runtime/lifecycle.ts'
import type { LogLevel, ProgramLogger } from '../runtime/logger.ts'
import type { Cancel, Timers } from '../runtime/timers.ts'

type Options = Readonly<Record<string, unknown>> & { readonly 'log.level'?: unknown }

export interface ConfigWatchOptions {
  /** The options as the file says now. @throws ConfigError */
  readonly read: () => Options
  /** As the program has begun. */
  readonly options: Options
  readonly timers: Timers
  readonly log: ProgramLogger
}

const EVERY = seconds(10)
const LEVEL = 'log.level'

export class ConfigWatch implements Component {
  readonly name = 'configuration file'
  readonly #options: ConfigWatchOptions
  #cancel: Cancel | undefined
  /** What was said last: each change is told once. */
  #said: unknown

  constructor(options: ConfigWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#cancel = this.#options.timers.after(EVERY, () => {
      this.#look()
      this.start()
    })
  }

  stop(): void {
    this.#cancel?.()
  }

  #look(): void {
    const { read, options, log } = this.#options
    try {
      const now = read()
      const level = now[LEVEL] as LogLevel
      if (level !== log.level) {
        const before = log.level
        log.level = level
        // Both may be levels at which nothing is said of it.
        log.error('log level changed', { before, now: level })
      }
      const waiting = Object.keys({ ...options, ...now }).filter((key) => key !== LEVEL && !sameJson(now[key], options[key]))
      if (this.#isNew(waiting) && waiting.length > 0) log.warn('configuration has changed: all but log.level is taken over by the next start', { keys: waiting })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      if (this.#isNew(error.problems)) log.error('configuration has changed and cannot be taken over', { problems: error.problems })
    }
  }

  #isNew(said: unknown): boolean {
    const isNew = !sameJson(said, this.#said ?? [])
    this.#said = said
    return isNew
  }
}
