/** A plan from a seed. */
import { chanceOf, type Chance } from '../engine/chance.ts'
import { policyOf } from './policies.ts'
import type { CallFault, Cure, Happening, Plan, PolicyEdit, Symptom, Timed, WatchFault, WorkloadPlan } from './plan.ts'

/** Seconds. Trouble and faults begin at once; after the calm everything has the time that it may need, and at the end nothing to do. */
const CALM = 480
const CURED = 900
const END = 1500

const NAMESPACES = ['shop', 'bank']
const SYMPTOMS: readonly Symptom[] = ['crashing', 'crashing', 'unready', 'flapping', 'leaking']
const CURES: readonly Cure[] = ['replacement', 'replacement', 'revision', 'none']
const CALL_FAULTS: readonly CallFault[] = ['request-lost', 'response-lost', 'hang', 'conflict', 'throttled', 'throttled-after', 'error-before', 'error-after', 'unavailable']
const WATCH_FAULTS: readonly WatchFault[] = ['drop', 'end', 'silent', 'stale', 'stale', 'expire', 'truncate', 'compact']
const EDITS: readonly PolicyEdit[] = ['suspend', 'resume', 'tighten', 'loosen', 'dryrun', 'automatic', 'next-action']
const WATCHED = ['pods', 'deployments', 'replicasets', 'healingpolicies', 'healingactions', 'healingledgers', 'namespaces', '*']

interface World {
  readonly workloads: readonly WorkloadPlan[]
  readonly policies: number
  readonly controllers: number
}

type Make = (chance: Chance, world: World) => Happening

const workload = (chance: Chance, { workloads }: World): number => chance.between(0, workloads.length - 1)
const policy = (chance: Chance, { policies }: World): number => chance.between(0, policies - 1)

/** With their weights: trouble first, since nothing is done without. */
const TROUBLE: readonly (readonly [weight: number, Make])[] = [
  [10, (chance, world) => ({ kind: 'ail', workload: workload(chance, world), symptom: chance.pick(SYMPTOMS), cure: chance.pick(CURES), ...(chance.happens(0.5) ? { pods: 1 } : {}) })],
  [2, (chance) => ({ kind: 'mass-failure', symptom: chance.pick(SYMPTOMS), cure: chance.pick(CURES) })],
]

const LIFE: readonly (readonly [weight: number, Make])[] = [
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
  [2, (chance, world) => ({ kind: 'corrupt-ledger', policy: policy(chance, world), seconds: chance.between(20, 200) })],
  [1, (chance) => ({ kind: 'delete-action', index: chance.between(0, 5) })],
]

const FAULTS: readonly (readonly [weight: number, Make])[] = [
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
const ACT_FAULTS: readonly (readonly [weight: number, Make])[] = [
  [6, (chance) => ({ kind: 'calls', fault: chance.pick(CALL_FAULTS), share: chance.pick([0.6, 1]), only: 'acts', seconds: chance.between(2, 60) })],
  [6, (chance) => ({ kind: 'crash-act', point: chance.pick(['before', 'after', 'between']), act: chance.between(1, 3), seconds: chance.between(1, 40) })],
  [4, (chance) => ({ kind: 'pause-act', call: chance.between(1, 4), seconds: chance.pick([2, 10, 30, 75, 110]) })],
  [3, (chance, world) => ({ kind: 'touch-pod', workload: workload(chance, world) })],
]

function draw(chance: Chance, from: readonly (readonly [number, Make])[]): Make {
  let left = chance.next() * from.reduce((sum, [weight]) => sum + weight, 0)
  const [found] = from.filter(([weight]) => (left -= weight) < 0)
  if (found === undefined) throw new RangeError('nothing to draw from')
  return found[1]
}

export function planOf(seed: number): Plan {
  const chance = chanceOf(seed, 'plan')
  const workloads = Array.from({ length: chance.between(1, 3) }, (_, n): WorkloadPlan => ({
    kind: chance.happens(0.75) ? 'Deployment' : 'StatefulSet',
    namespace: n === 0 ? 'shop' : chance.pick(NAMESPACES),
    name: ['cart', 'pay', 'mail'][n] ?? `app-${n}`,
    replicas: chance.between(1, 4),
    readyAfter: chance.pick([1, 3, 10, 45]),
    ...(chance.happens(0.2) ? { budget: 1 } : {}),
  }))
  const policies = workloads.flatMap((of, n) => [policyOf(chance, of, of.name), ...(chance.happens(0.2) ? [policyOf(chance, of, `also-${n}`)] : [])])
  const controllers = chance.pick(['elected', 'elected', 'elected', 'alone', 'unfenced'] as const)
  const world: World = { workloads, policies: policies.length, controllers: controllers === 'alone' ? 1 : 2 }
  const timed = (make: Make, at: number): Timed => ({ ...make(chance, world), at })
  const trouble = Array.from({ length: chance.between(2, 6) }, (_, n) => timed(draw(chance, TROUBLE), n === 0 ? chance.between(10, 30) : chance.between(15, CALM - 60)))
  // What comes while something is being healed is what matters.
  const amid = (): number => Math.min(CALM - 10, chance.happens(0.75) ? chance.pick(trouble).at + chance.between(0, 90) : chance.between(15, CALM - 10))
  const some = (from: readonly (readonly [number, Make])[], count: number): Timed[] => Array.from({ length: count }, () => timed(draw(chance, from), amid()))
  // Some without any fault: what goes wrong there is easy to understand.
  const life = some(LIFE, chance.between(0, 8))
  const faults = some(FAULTS, chance.happens(0.1) ? 0 : chance.between(1, 10))
  const acts = faults.length === 0 ? [] : some(ACT_FAULTS, chance.between(0, 4))
  const happenings = [...trouble, ...life, ...faults, ...acts].toSorted((a, b) => a.at - b.at)
  return { seed, controllers, workloads, policies, happenings, calm: CALM, cured: CURED, end: END }
}
