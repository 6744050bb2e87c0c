/** From what was seen before an act to what is kept of it: bounded, readable, without secrets. Pure. */
import type { HealingActionStatus } from '../../shared/api/v1alpha1/types.ts'
import { formatInstant, type Instant } from '../../shared/lib/time.ts'
import { printable } from '../../shared/lib/text.ts'
import type { ContainerState, ContainerView, PodView, TargetView, Termination } from '../healing/snapshot.ts'
import { redact, redactedTail, redactReason } from './redact.ts'

export type Evidence = NonNullable<HealingActionStatus['evidence']>

export interface Seen {
  readonly target: TargetView
  /** Itself, or of a workload those that were looked at. */
  readonly pods: readonly PodView[]
  readonly at: Instant
  /** `pod`: of what a workload owns. */
  readonly events: readonly { readonly pod?: string; readonly type: string; readonly reason: string; readonly note: string; readonly count: number; readonly lastSeen: Instant | undefined }[]
  readonly logs: readonly { readonly pod?: string; readonly container: string; readonly text: string; readonly whole: boolean }[]
  /** What could not be read, and why: a sentence each. */
  readonly missing: readonly string[]
}

/** Bounds of the schema. */
const MOST = { pods: 3, containers: 16, conditions: 16, events: 10, logs: 2, missing: 8 } as const
const NOTE = 512
const TAIL = 4096

/** Whose state says most: the pod itself, or of a workload the few pods that fare worst, which the act may take away. */
export const tellingPods = (target: TargetView, owned: readonly PodView[]): readonly PodView[] =>
  target.shape === 'Pod' ? [target] : owned.filter(({ deleting }) => !deleting).toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)) || restartsOf(b) - restartsOf(a)).slice(0, MOST.pods)

const isReady = ({ conditions }: PodView): boolean => conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
const restartsOf = ({ containers }: PodView): number => containers.reduce((sum, { restarts }) => sum + restarts, 0)

/** How a pod is named beside what is its own. */
export const named = (target: TargetView, { ref }: PodView): { readonly pod?: string } => (target.shape === 'Pod' ? {} : { pod: ref.name })

/** Containers that crashed, the worst first, and which run of each did. A crashed one that was not started again yet is still the current one. */
export const crashedRuns = (pods: readonly PodView[]): readonly { readonly pod: PodView; readonly container: string; readonly run: 'current' | 'previous' }[] =>
  pods
    .flatMap((pod) => pod.containers.map((container) => ({ ...container, pod })))
    .filter(({ lastTermination, restarts, state }) => (state.kind === 'terminated' && state.exitCode !== 0) || (lastTermination !== undefined && restarts > 0))
    .toSorted((a, b) => Number(a.ready) - Number(b.ready) || b.restarts - a.restarts)
    .slice(0, MOST.logs)
    .map(({ pod, name, state }) => ({ pod, container: name, run: state.kind === 'terminated' ? ('current' as const) : ('previous' as const) }))

export function evidenceOf({ target, pods, at, events, logs, missing }: Seen): Evidence {
  const tails = logs.map(({ text, whole, ...of }) => ({ ...of, tail: redactedTail(text, TAIL, whole) })).filter(({ tail }) => tail !== '')
  const own = target.shape === 'Pod' ? [] : target.conditions.map((condition) => conditionOf({}, condition))
  return {
    capturedAt: formatInstant(at),
    ...(pods.length === 0 ? {} : { containers: pods.flatMap((pod) => pod.containers.map((container) => containerOf(named(target, pod), container))).slice(0, MOST.containers) }),
    ...some('conditions', [...own, ...pods.flatMap((pod) => pod.conditions.map((condition) => conditionOf(named(target, pod), condition)))].slice(0, MOST.conditions)),
    ...some('events', events.toSorted((a, b) => (b.lastSeen ?? 0) - (a.lastSeen ?? 0)).slice(0, MOST.events).map(eventOf)),
    ...some('logs', tails.slice(0, MOST.logs)),
    ...some('missing', missing.slice(0, MOST.missing).map((why) => printable(redact(why), 256))),
  }
}

const some = <K extends string, T>(name: K, list: readonly T[]): { readonly [P in K]?: T[] } => (list.length === 0 ? {} : ({ [name]: [...list] } as { [P in K]: T[] }))

const conditionOf = (of: { readonly pod?: string }, { type, status, reason }: TargetView['conditions'][number]) => ({ ...of, type: printable(type, 316), status: printable(status, 32), ...(reason === '' ? {} : { reason: printable(redactReason(reason), 256) }) })

const containerOf = (of: { readonly pod?: string }, { name, ready, restarts, state, lastTermination }: ContainerView) => ({
  ...of,
  name,
  ready,
  restarts,
  state: printable(stateOf(state), 256),
  ...(lastTermination === undefined ? {} : { lastTermination: printable(terminationOf(lastTermination), 256) }),
})

function stateOf(state: ContainerState): string {
  switch (state.kind) {
    case 'waiting':
      return state.reason === '' ? 'waiting' : `waiting: ${redactReason(state.reason)}`
    case 'running':
      return state.startedAt === undefined ? 'running' : `running since ${formatInstant(state.startedAt)}`
    case 'terminated':
      return `terminated: ${terminationOf(state)}`
    default:
      return state satisfies never
  }
}

const terminationOf = ({ reason, exitCode, finishedAt }: Termination): string =>
  `${reason === '' ? 'ended' : redactReason(reason)}, exit code ${exitCode}${finishedAt === undefined ? '' : ` at ${formatInstant(finishedAt)}`}`

const eventOf = ({ pod, type, reason, note, count, lastSeen }: Seen['events'][number]) => ({
  ...(pod === undefined ? {} : { pod }),
  ...(type === '' ? {} : { type: printable(type, 32) }),
  reason: printable(redactReason(reason), 128),
  note: printable(redact(note), NOTE),
  count,
  ...(lastSeen === undefined ? {} : { lastSeen: formatInstant(lastSeen) }),
})
