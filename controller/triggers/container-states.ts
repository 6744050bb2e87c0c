/**
 * States of a container that code derives: no condition of the pod says so, and the reason that kubectl shows carries no
 * time. A crash loop flaps within each of its rounds; a container that cannot start alternates between the reasons of one
 * cause (ErrImagePull while it is tried, ImagePullBackOff in between).
 */
import { STATES_OF_CONTAINERS } from '../../shared/rules/triggers/pod-conditions.ts'
import type { ContainerView, PodView } from '../healing/snapshot.ts'

export interface ContainerSymptom {
  /** How it ends: with a start, whatever follows, or with readiness that lasts. */
  readonly ends: 'started' | 'stable'
  /** What people are told, without what changes from look to look; undefined: the container has none of it. */
  readonly tell: (container: ContainerView, pod: PodView) => string | undefined
}

type WaitingState = Exclude<(typeof STATES_OF_CONTAINERS)[number]['state'], 'CrashLoopBackOff' | 'OOMKilled' | 'RunContainerError'>

const SAYS: Readonly<Record<WaitingState, string>> = {
  ImagePullBackOff: 'cannot get its image',
  InvalidImageName: 'has an image name that cannot be read',
  CreateContainerConfigError: 'cannot be configured: something that it refers to is missing',
  CreateContainerError: 'cannot be created',
}

/** It waits with one of the reasons of the state. */
const waitsFor = (state: WaitingState): ContainerSymptom => {
  const reasons: readonly string[] = STATES_OF_CONTAINERS.find((known) => known.state === state)?.reasons ?? []
  return { ends: 'started', tell: (container) => (container.state.kind === 'waiting' && reasons.includes(container.state.reason) ? `${SAYS[state]} (${state})` : undefined) }
}

/** Whether the last end of the container, or the one it has just had, was of one of these reasons. */
const endedBy = ({ state, lastTermination }: ContainerView, reasons: readonly string[]): boolean =>
  reasons.includes((state.kind === 'terminated' ? state : lastTermination)?.reason ?? '')

const crashLoop: ContainerSymptom = {
  ends: 'stable',
  /** Crashed at least twice: the first restart comes at once and proves nothing. */
  tell: ({ state, restarts, lastTermination }, { restartPolicy }) => {
    const last = state.kind === 'terminated' ? state : lastTermination
    // One sentence for every moment of a round, or the status would be written at each.
    const says = `keeps ending${last === undefined ? '' : `, last with exit code ${last.exitCode}`}`
    if (state.kind === 'waiting' && state.reason === 'CrashLoopBackOff') return says
    if (state.kind === 'terminated') {
      // Exit code 0 under OnFailure or Never is the end of its work.
      const unwanted = state.exitCode !== 0 || restartPolicy === 'Always'
      return unwanted && restarts >= 1 ? says : undefined
    }
    return restarts >= 2 && last !== undefined ? says : undefined
  },
}

const outOfMemory: ContainerSymptom = {
  ends: 'stable',
  tell: (container) => (endedBy(container, ['OOMKilled']) ? 'was killed for its memory (OOMKilled)' : undefined),
}

/** Its process could not be started (no such command, no right to run it); seen as a crash with one of these reasons. */
const cannotRun: ContainerSymptom = {
  ends: 'stable',
  tell: (container) =>
    (container.state.kind === 'waiting' && container.state.reason === 'RunContainerError') || endedBy(container, ['StartError', 'ContainerCannotRun'])
      ? 'cannot be started (RunContainerError)'
      : undefined,
}

// A Map, since a type may be called like a member of every object.
export const CONTAINER_STATES: ReadonlyMap<string, ContainerSymptom> = new Map<string, ContainerSymptom>([
  ['CrashLoopBackOff', crashLoop],
  ['OOMKilled', outOfMemory],
  ['RunContainerError', cannotRun],
  ...(['ImagePullBackOff', 'InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError'] as const).map((state) => [state, waitsFor(state)] as const),
])

/** Reasons of a container that has not been tried yet, or not again since the kubelet was started anew. */
const UNTRIED: readonly string[] = ['', 'ContainerCreating', 'PodInitializing']

export const isUntried = ({ state }: ContainerView): boolean => state.kind === 'waiting' && UNTRIED.includes(state.reason)
