/** From what was seen before an act to what is kept of it: bounded, readable, without secrets. Pure. */
import type { HealingActionStatus } from '../../shared/api/v1alpha1/types.ts'
import { formatInstant, type Instant } from '../../shared/lib/time.ts'
import { printable } from '../../shared/lib/text.ts'
import type { ContainerState, ContainerView, TargetView, Termination } from '../healing/snapshot.ts'
import { redact, redactedTail } from './redact.ts'

export type Evidence = NonNullable<HealingActionStatus['evidence']>

export interface Seen {
  readonly target: TargetView
  readonly at: Instant
  readonly events: readonly { readonly type: string; readonly reason: string; readonly note: string; readonly count: number; readonly lastSeen: Instant | undefined }[]
  readonly logs: readonly { readonly container: string; readonly text: string; readonly whole: boolean }[]
  /** What could not be read, and why: a sentence each. */
  readonly missing: readonly string[]
}

/** Bounds of the schema. */
const MOST = { containers: 16, conditions: 16, events: 10, logs: 2, missing: 8 } as const
const NOTE = 512
const TAIL = 4096

/** Containers that crashed, the worst first, and which run of each did. A crashed one that was not started again yet is still the current one. */
export const crashedRuns = (target: TargetView): readonly { readonly container: string; readonly run: 'current' | 'previous' }[] =>
  target.shape !== 'Pod'
    ? []
    : target.containers
        .filter(({ lastTermination, restarts, state }) => (state.kind === 'terminated' && state.exitCode !== 0) || (lastTermination !== undefined && restarts > 0))
        .toSorted((a, b) => Number(a.ready) - Number(b.ready) || b.restarts - a.restarts)
        .slice(0, MOST.logs)
        .map(({ name, state }) => ({ container: name, run: state.kind === 'terminated' ? ('current' as const) : ('previous' as const) }))

export function evidenceOf({ target, at, events, logs, missing }: Seen): Evidence {
  const tails = logs.map(({ container, text, whole }) => ({ container, tail: redactedTail(text, TAIL, whole) })).filter(({ tail }) => tail !== '')
  return {
    capturedAt: formatInstant(at),
    ...(target.shape === 'Pod' ? { containers: target.containers.slice(0, MOST.containers).map(containerOf) } : {}),
    ...some('conditions', target.conditions.slice(0, MOST.conditions).map(({ type, status, reason }) => ({ type: printable(type, 316), status: printable(status, 32), ...(reason === '' ? {} : { reason: printable(reason, 256) }) }))),
    ...some('events', events.toSorted((a, b) => (b.lastSeen ?? 0) - (a.lastSeen ?? 0)).slice(0, MOST.events).map(eventOf)),
    ...some('logs', tails.slice(0, MOST.logs)),
    ...some('missing', missing.slice(0, MOST.missing).map((why) => printable(redact(why), 256))),
  }
}

const some = <K extends string, T>(name: K, list: readonly T[]): { readonly [P in K]?: T[] } => (list.length === 0 ? {} : ({ [name]: [...list] } as { [P in K]: T[] }))

const containerOf = ({ name, ready, restarts, state, lastTermination }: ContainerView) => ({
  name,
  ready,
  restarts,
  state: printable(stateOf(state), 256),
  ...(lastTermination === undefined ? {} : { lastTermination: printable(terminationOf(lastTermination), 256) }),
})

function stateOf(state: ContainerState): string {
  switch (state.kind) {
    case 'waiting':
      return state.reason === '' ? 'waiting' : `waiting: ${state.reason}`
    case 'running':
      return state.startedAt === undefined ? 'running' : `running since ${formatInstant(state.startedAt)}`
    case 'terminated':
      return `terminated: ${terminationOf(state)}`
    default:
      return state satisfies never
  }
}

const terminationOf = ({ reason, exitCode, finishedAt }: Termination): string =>
  `${reason === '' ? 'ended' : reason}, exit code ${exitCode}${finishedAt === undefined ? '' : ` at ${formatInstant(finishedAt)}`}`

const eventOf = ({ type, reason, note, count, lastSeen }: Seen['events'][number]) => ({
  ...(type === '' ? {} : { type: printable(type, 32) }),
  reason: printable(reason, 128),
  note: printable(redact(note), NOTE),
  count,
  ...(lastSeen === undefined ? {} : { lastSeen: formatInstant(lastSeen) }),
})
