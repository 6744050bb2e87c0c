import { messageOf } from '../lib/errors.ts'

/** Why the check fails, in a few words; undefined when it passes. */
export type Check = () => string | undefined

export interface CheckReport {
  readonly name: string
  /** Absent when the check passes. */
  readonly failure?: string
}

/** Named checks; the answer of one probe (`livez`, `readyz`). A check that throws fails. */
export class Health {
  readonly #checks = new Map<string, Check>()

  add(name: string, check: Check): void {
    if (this.#checks.has(name)) throw new Error(`health check ${name} is declared twice`)
    this.#checks.set(name, check)
  }

  report(): readonly CheckReport[] {
    return [...this.#checks].map(([name, check]) => {
      const failure = run(check)
      return failure === undefined ? { name } : { name, failure }
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

/** `[+]name ok` and `[-]name failed: why`, one per line, as the API server prints its own. */
export const formatReport = (reports: readonly CheckReport[]): string =>
  reports.map(({ name, failure }) => (failure === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${failure}\n`)).join('')
