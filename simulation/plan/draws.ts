/** What may happen, and how often beside each other. */
import type { Chance } from '../engine/chance.ts'
import type { CallFault, Corruption, Cure, PolicyEdit, Simple, Symptom, WatchFault, WorkloadPlan } from './plan.ts'

export const NAMESPACES = ['shop', 'bank']
export const SYMPTOMS: readonly Symptom[] = ['crashing', 'crashing', 'unready', 'flapping', 'leaking']
export const CURES: readonly Cure[] = ['replacement', 'replacement', 'revision', 'none']
const CALL_FAULTS: readonly CallFault[] = ['request-lost', 'response-lost', 'hang', 'conflict', 'throttled', 'throttled-after', 'error-before', 'error-after', 'unavailable']
const WATCH_FAULTS: readonly WatchFault[] = ['drop', 'end', 'silent', 'stale', 'stale', 'expire', 'truncate', 'compact']
const EDITS: readonly PolicyEdit[] = ['suspend', 'resume', 'tighten', 'loosen', 'dryrun', 'automatic', 'next-action', 'protect']
const CORRUPTIONS: readonly Corruption[] = ['ordinal', 'entries', 'breaker']
const WATCHED = ['pods', 'deployments', 'replicasets', 'healingpolicies', 'healingactions', 'healingledgers', 'namespaces', '*']

/** What a happening may name. */
export interface World {
  readonly workloads: readonly WorkloadPlan[]
  readonly policies: number
  readonly controllers: number
}

export type Make = (chance: Chance, world: World) => Simple

export const workload = (chance: Chance, { workloads }: World): number => chance.between(0, workloads.length - 1)
export const policy = (chance: Chance, { policies }: World): number => chance.between(0, policies - 1)

/** Each with its weight. */
export type Draws = readonly (readonly [weight: number, Make])[]

/** Trouble first, since nothing is done without. */
export const TROUBLE = (symptoms: readonly Symptom[], cures: readonly Cure[]): Draws => [
  [10, (chance, world) => ({ kind: 'ail', workload: workload(chance, world), symptom: chance.pick(symptoms), cure: chance.pick(cures), ...(chance.happens(0.5) ? { pods: 1 } : {}) })],
  [2, (chance) => ({ kind: 'mass-failure', symptom: chance.pick(symptoms), cure: chance.pick(cures) })],
]

export const LIFE: Draws = [
  [3, (chance, world) => ({ kind: 'recover', workload: workload(chance, world) })],
  [5, (chance, world) => ({ kind: 'edit-policy', policy: policy(chance, world), edit: chance.pick(EDITS) })],
  [2, (chance, world) => ({ kind: 'recreate-policy', policy: policy(chance, world) })],
  [1, (chance, world) => ({ kind: 'delete-policy', policy: policy(chance, world) })],
  [9, (chance) => ({ kind: 'decide', decision: chance.pick(['Approved', 'Approved', 'Approved', 'Rejected']) })],
  [1, (chance) => ({ kind: 'delete-namespace', namespace: chance.pick(NAMESPACES) })],
  [2, (chance, world) => ({ kind: 'recreate-workload', workload: workload(chance, world) })],
  [3, (chance, world) => ({ kind: 'replace-pod', workload: workload(chance, world) })],
  [3, (chance, world) => ({ kind: 'touch-pod', workload: workload(chance, world) })],
  [2, (chance, world) => ({ kind: 'scale', workload: workload(chance, world), replicas: chance.between(1, 5) })],
  [2, (chance, world) => ({ kind: 'roll-out', workload: workload(chance, world) })],
  [1, (chance, world) => ({ kind: 'ignore', workload: workload(chance, world) })],
  [2, (chance) => ({ kind: 'kill-switch', seconds: chance.between(5, 120) })],
  [1, (chance) => ({ kind: 'healer', namespace: chance.pick(NAMESPACES), seconds: chance.between(5, 120) })],
  [2, (chance, world) => ({ kind: 'corrupt-ledger', policy: policy(chance, world), what: chance.pick(CORRUPTIONS), seconds: chance.between(20, 200) })],
  [1, (chance) => ({ kind: 'corrupt-action', index: chance.between(0, 5) })],
  [1, (chance) => ({ kind: 'approve-all', seconds: chance.between(10, 60) })],
  [1, (chance) => ({ kind: 'delete-action', index: chance.between(0, 5) })],
]

export const FAULTS: Draws = [
  [8, (chance) => ({ kind: 'calls', fault: chance.pick(CALL_FAULTS), share: chance.pick([0.1, 0.3, 0.6, 1]), only: chance.pick(['writes', 'writes', 'reads', 'all', 'acts']), seconds: chance.between(2, 60) })],
  [6, (chance) => ({ kind: 'watch', fault: chance.pick(WATCH_FAULTS), only: chance.pick(WATCHED), seconds: chance.between(5, 90) })],
  [9, (chance, { controllers }) => ({ kind: 'crash', controller: chance.between(0, controllers - 1), point: chance.pick(['before', 'after', 'between']), write: chance.between(1, 12), seconds: chance.between(1, 40) })],
  [3, (chance, { controllers }) => ({ kind: 'pause', controller: chance.between(0, controllers - 1), seconds: chance.pick([2, 10, 30, 60, 110]) })],
  [3, (chance, { controllers }) => ({ kind: 'partition', controller: chance.between(0, controllers - 1), seconds: chance.between(5, 60) })],
  [3, (chance, { controllers }) => ({ kind: 'clock', of: chance.happens(0.4) ? 'server' : chance.between(0, controllers - 1), by: chance.pick([-3600, -120, -30, 20, 90, 3600]), seconds: chance.between(10, 120) })],
  [4, (chance) => ({ kind: 'metrics', fault: chance.pick(['down', 'slow', 'lying', 'empty', 'NaN']), seconds: chance.between(20, 180) })],
  [2, (chance) => ({ kind: 'slow-network', seconds: chance.between(5, 60) })],
]

/** Faults that wait for an act, so that they meet one. */
export const ACT_FAULTS: Draws = [
  [6, (chance) => ({ kind: 'calls', fault: chance.pick(CALL_FAULTS), share: chance.pick([0.6, 1]), only: 'acts', seconds: chance.between(2, 60) })],
  [6, (chance) => ({ kind: 'crash-act', point: chance.pick(['before', 'after', 'between']), act: chance.between(1, 3), seconds: chance.between(1, 40) })],
  [4, (chance) => ({ kind: 'pause-act', call: chance.between(1, 4), seconds: chance.pick([2, 10, 30, 75, 110]) })],
  [3, (chance, world) => ({ kind: 'touch-pod', workload: workload(chance, world) })],
]

export function draw(chance: Chance, from: Draws): Make {
  let left = chance.next() * from.reduce((sum, [weight]) => sum + weight, 0)
  const [found] = from.filter(([weight]) => (left -= weight) < 0)
  if (found === undefined) throw new RangeError('nothing to draw from')
  return found[1]
}
