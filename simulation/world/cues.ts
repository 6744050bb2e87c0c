/** What waits until the controller is about to do something: most of what goes wrong has a window of one call. */
import { HEALING_ACTIONS, HEALING_LEDGERS } from '../../shared/kube/resources.ts'
import { isWrite, type Call } from '../../shared/testing/fake-cluster/calls.ts'
import type { Moment } from '../plan/plan.ts'

/** A write to what is healed. */
export const isAct = ({ impersonate, dryRun }: Call): boolean => impersonate !== undefined && !dryRun

const IS: Readonly<Record<Moment | 'try', (call: Call) => boolean>> = {
  decision: ({ verb, resource }) => verb === 'create' && resource === HEALING_ACTIONS,
  record: ({ verb, resource, subresource }) => verb === 'patch' && resource === HEALING_ACTIONS && subresource === 'status',
  ledger: (call) => isWrite(call) && call.resource === HEALING_LEDGERS,
  'dry-run': ({ impersonate, dryRun }) => impersonate !== undefined && dryRun,
  act: isAct,
  try: ({ impersonate }) => impersonate !== undefined,
}

export interface Cue {
  readonly moment: Moment | 'try'
  /** How often it has to come from now on. */
  readonly count: number
  /** Told who is about to. */
  readonly reached: (user: string) => void
}

export class Cues {
  #waiting: { readonly cue: Cue; left: number }[] = []
  readonly #hit: (what: string) => void

  constructor(hit: (what: string) => void) {
    this.#hit = hit
  }

  add(cue: Cue): void {
    this.#waiting.push({ cue, left: cue.count })
  }

  end(): void {
    this.#waiting = []
  }

  see(call: Call): void {
    const due = this.#waiting.filter((one) => IS[one.cue.moment](call) && --one.left <= 0)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter((one) => !due.includes(one))
    for (const { cue } of due) {
      this.#hit(`cue at ${cue.moment === 'try' ? (call.dryRun ? 'a dry run' : 'an act') : `a ${cue.moment}`}`)
      cue.reached(call.user)
    }
  }
}
