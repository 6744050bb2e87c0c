import { messageOf } from '../lib/errors.ts'

/** Why the check fails, in a few words; undefined when it passes. */
export type Check = () => string | undefined

/** What a check that fails does to the probe: `Warns` is only told. */
export type Weight = 'Fails' | 'Warns'

export interface CheckReport {
  readonly name: string
  /** Absent when the check passes. */
  readonly failure?: string
  /** What would be a failure, were it not for its weight. */
  readonly warning?: string
}

/** Named checks; the answer of one probe (`livez`, `readyz`). A check that throws fails. */
export class Health {
  readonly #checks = new Map<string, { readonly check: Check; readonly weight: Weight }>()

  add(name: string, check: Check, weight: Weight = 'Fails'): void {
    if (this.#checks.has(name)) throw new Error(`health check ${name} is declared twice`)
    this.#checks.set(name, { check, weight })
  }

  report(): readonly CheckReport[] {
    return [...this.#checks].map(([name, { check, weight }]) => {
      const told = run(check)
      return told === undefined ? { name } : weight === 'Warns' ? { name, warning: told } : { name, failure: told }
    })
  }

  get ok(): boolean {
    return this.report().every(({ failure }) => failure === undefined)
  }
}

function run(check: Check): string | undefined {
  try {
    return check()
  } catch (error) {
    return messageOf(error)
  }
}

/** `[+]name ok` and `[-]name failed: why`, one per line, as the API server prints its own; `[!]name: what` warns. */
export const formatReport = (reports: readonly CheckReport[]): string =>
  reports.map(({ name, failure, warning }) => (failure !== undefined ? `[-]${name} failed: ${failure}\n` : warning === undefined ? `[+]${name} ok\n` : `[!]${name}: ${warning}\n`)).join('')
