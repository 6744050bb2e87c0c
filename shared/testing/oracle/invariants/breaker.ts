/** The circuit breaker: what its ledger says, and what the ends of actions say that the ledger must. */
import type { HealingAction, HealingLedger } from '../../../api/v1alpha1/types.ts'
import { seconds, type Instant } from '../../../lib/time.ts'
import { actionOf, isAct, isEffective, ON_ITS_WAY } from '../acts.ts'
import type { Checker } from '../checker.ts'
import type { Call } from '../history.ts'
import { ACTIONS, LEDGERS, type World } from '../world.ts'
import { isWhole } from './ledger-memory.ts'

/** Between the last look at the breaker and the write. */
const LAST_LOOK = seconds(1)

interface Row {
  readonly count: number
  /** Since when there are as many as open the breaker. */
  readonly due?: Instant
}

/** By policy: verified acts in a row that did not help, while its breaker was closed. */
class Rows {
  readonly #rows = new Map<string, Row>()
  readonly #ended = new Set<string>()

  due(policy: string): { readonly count: number; readonly at: Instant } | undefined {
    const { count = 0, due } = this.#rows.get(policy) ?? {}
    return due === undefined ? undefined : { count, at: due }
  }

  take(entry: Call, world: World): void {
    if (!entry.ok || entry.dryRun) return
    if (entry.collection === LEDGERS) this.#ledger(entry, world)
    if (entry.collection !== ACTIONS) return
    for (const { after } of entry.changes) if (after !== undefined) this.#action(after as HealingAction, entry.at, world)
  }

  /** One that is open begins anew when it closes; one that is deleted remembers nothing. */
  #ledger({ changes, namespace, name }: Call, world: World): void {
    for (const { after } of changes) {
      const { spec } = (after ?? (name === undefined ? undefined : world.get(LEDGERS, { namespace, name })) ?? {}) as Partial<HealingLedger>
      if (spec?.policy !== undefined && (after === undefined || spec.breaker?.state !== 'Closed')) this.#rows.delete(`${spec.policy.namespace}/${spec.policy.name}`)
    }
  }

  #action({ metadata, spec: { policyRef, dryRun }, status }: HealingAction, at: Instant, world: World): void {
    const helped = status?.outcome === 'Effective'
    if (dryRun || this.#ended.has(metadata.uid) || !ENDED.has(status?.phase ?? '') || !(helped || status?.outcome === 'Ineffective' || status?.outcome === 'Reverted')) return
    this.#ended.add(metadata.uid)
    const policy = `${policyRef.namespace}/${policyRef.name}`
    const ledger = world.ledgerOf(policyRef)
    const threshold = world.policy(policyRef)?.spec.safetyRules?.circuitBreaker?.failureThreshold
    // What its ledger does not hold is nothing that it can count.
    if (helped || ledger?.spec.breaker?.state !== 'Closed' || !isWhole(ledger) || ledger.spec.entries?.some((held) => held.action === metadata.name) !== true) {
      this.#rows.delete(policy)
      return
    }
    const { count = 0, due } = this.#rows.get(policy) ?? {}
    const first = due ?? (threshold !== undefined && count + 1 >= threshold ? at : undefined)
    this.#rows.set(policy, { count: count + 1, ...(first === undefined ? {} : { due: first }) })
  }
}

const ENDED: ReadonlySet<string> = new Set(['Succeeded', 'Failed', 'Cancelled'])

export const breaker: Checker = {
  invariant: 'I9', title: 'an open breaker lets nothing through, a half-open one exactly one',
  begin: (setting) => {
    /** By ledger: what this half-open time has let through. */
    const probes = new Map<string, Set<string>>()
    const rows = new Rows()
    /** By policy: since when it is open. */
    const opened = new Map<string, Instant>()
    /** By policy: what was decided, and not written, when it opened last. What a person has approved waits for its turn. */
    const backlog = new Map<string, ReadonlySet<string>>()
    const written = new Set<string>()
    return {
      see: (entry, world, report) => {
        if (entry.kind !== 'call') return
        rows.take(entry, world)
        if (isAct(entry, setting) && isEffective(entry)) {
          const action = actionOf(entry, world)
          // Taking an act back is no new one.
          if (action === undefined || action.status?.undo !== undefined) return
          const { policyRef } = action.spec
          const state = world.ledgerOf(policyRef)?.spec.breaker
          const policy = `${policyRef.namespace}/${policyRef.name}`
          const due = rows.due(policy)
          if (state?.state === 'Closed' && due !== undefined && entry.received - due.at > ON_ITS_WAY + setting.slack) report.broken(`${due.count} acts in a row have not helped since, and its breaker is closed`, { action: action.metadata })
          if (state?.state === 'Open' && entry.received - (opened.get(policy) ?? 0) > LAST_LOOK) report.broken(`the breaker is open until ${state.openUntil}`, { action: action.metadata })
          const { uid } = action.metadata
          if (state !== undefined && state.state !== 'Open' && !written.has(uid) && backlog.get(policy)?.has(uid) === true) report.broken('it was decided before the breaker opened, and is done after it', { action: action.metadata })
          written.add(uid)
          if (state?.state !== 'HalfOpen') return
          const through = probes.get(policy) ?? new Set()
          probes.set(policy, through.add(action.metadata.name))
          if (through.size > 1) report.broken(`the half-open breaker has let ${[...through].join(' and ')} through`, { action: action.metadata })
          else if (state.probe !== action.metadata.name) report.broken(`the probe of the half-open breaker is ${state.probe ?? 'not chosen'}`, { action: action.metadata })
        }
        if (entry.collection !== LEDGERS || !entry.ok) return
        for (const { after } of entry.changes) {
          const { spec } = (after ?? {}) as Partial<HealingLedger>
          if (spec?.policy === undefined) continue
          const policy = `${spec.policy.namespace}/${spec.policy.name}`
          if (spec.breaker?.state !== 'HalfOpen') probes.delete(policy)
          if (spec.breaker?.state !== 'Open') opened.delete(policy)
          else if (!opened.has(policy)) {
            opened.set(policy, entry.at)
            const waiting = world.actions().filter(({ spec: { policyRef, approvalRequired, dryRun }, status }) => `${policyRef.namespace}/${policyRef.name}` === policy && approvalRequired !== true && !dryRun && !ENDED.has(status?.phase ?? ''))
            backlog.set(policy, new Set(waiting.map(({ metadata }) => metadata.uid)))
          }
        }
      },
    }
  },
}
