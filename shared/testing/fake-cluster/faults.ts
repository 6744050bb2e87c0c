/** What goes wrong with calls, on purpose: before the server acts, or after it has acted and before its answer arrives. */
import type { Random } from '../../runtime/timers.ts'
import type { Refusal } from './answers.ts'
import { isWrite, type Call } from './calls.ts'

export interface Fault {
  /** `after`: the write has landed, its answer is lost (I18). */
  readonly when: 'before' | 'after'
  /** A refusal, a broken connection, or no answer until the caller's deadline. */
  readonly answer: Refusal | 'reset' | 'hang'
}

export type FaultRule = (call: Call) => Fault | undefined

/** Priority and fairness: not a Status, and never carried out. */
export const THROTTLED: Refusal = { code: 429, message: '', text: 'Too many requests, please try again later.', retryAfter: 1 }
export const SERVER_ERROR: Refusal = { code: 500, reason: 'InternalError', message: 'Internal error occurred' }
export const UNAVAILABLE: Refusal = { code: 503, message: '', text: 'upstream connect error' }

export class Faults {
  readonly #rules: { readonly rule: FaultRule; left: number }[] = []

  /** The first rule that speaks wins. `times`: how often it may; endless when absent. Returns how to remove it. */
  add(rule: FaultRule, times = Number.POSITIVE_INFINITY): () => void {
    const entry = { rule, left: times }
    this.#rules.push(entry)
    return () => {
      entry.left = 0
    }
  }

  clear(): void {
    this.#rules.length = 0
  }

  next(call: Call): Fault | undefined {
    for (const entry of this.#rules) {
      const fault = entry.left > 0 ? entry.rule(call) : undefined
      if (fault === undefined) continue
      entry.left--
      return fault
    }
    return undefined
  }
}

/** Faults by chance, replayable by the seed of `random`. `share` of all calls fail, 0..1. */
export function randomFaults(random: Random, share: number): FaultRule {
  const before: readonly Fault['answer'][] = [THROTTLED, SERVER_ERROR, UNAVAILABLE, 'reset', 'hang']
  const after: readonly Fault['answer'][] = [SERVER_ERROR, 'reset', 'hang']
  return (call) => {
    if (random() >= share) return undefined
    const when = isWrite(call) && random() < 0.5 ? 'after' : 'before'
    const answers = when === 'after' ? after : before
    return { when, answer: answers[Math.floor(random() * answers.length)] ?? 'reset' }
  }
}
