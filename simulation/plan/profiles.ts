/** What plans are aimed at: what any plan meets by chance once in a thousand, the plans of one profile meet often. */
import type { Chance } from '../engine/chance.ts'
import { CURES, draw, LIFE, policy, SYMPTOMS, workload, type World } from './draws.ts'
import type { Corruption, Cure, Happening, Moment, Plan, PolicyEdit, Simple, Symptom } from './plan.ts'
import { USUAL, type PolicyProfile } from './policies.ts'

type Span = readonly [least: number, most: number]

/** Several that belong together, some of them seconds after the first one, or so many before the calm. */
type Aim = (chance: Chance, world: World) => readonly (Happening & { readonly later?: number; readonly last?: number })[]

export interface Profile {
  readonly name: string
  readonly controllers: readonly Plan['controllers'][]
  readonly workloads: Span
  /** Share of StatefulSets: their pods come back under the same names. */
  readonly stateful: number
  readonly replicas: Span
  /** Share of those with a disruption budget. */
  readonly budgets: number
  /** Share of those with a second policy. */
  readonly others: number
  readonly policy: PolicyProfile
  readonly symptoms: readonly Symptom[]
  readonly cures: readonly Cure[]
  /** How many of each kind. */
  readonly trouble: Span
  readonly life: Span
  readonly faults: Span
  readonly acts: Span
  readonly aimed: Span
  readonly aims: readonly Aim[]
  /** Seconds until nothing goes wrong any more. */
  readonly calm: number
}

const MOMENTS: readonly Moment[] = ['decision', 'decision', 'record', 'ledger', 'dry-run', 'act']

const cue = (moment: Moment, count: number, wait: number, what: Simple): Happening => ({ kind: 'cue', moment, count, wait, what })
const stands = (seconds: number): Simple => ({ kind: 'pause', controller: 0, seconds })

/** Anything, at the very moment. */
const amid: Aim = (chance, world) => [cue(chance.pick(MOMENTS), chance.between(1, 6), chance.pick([0, 0, 1]), draw(chance, LIFE)(chance, world))]

/** Something changes behind the back of a controller that has decided, or has looked and tried, and stands still before it acts. */
const behind = (then: (chance: Chance, world: World) => Simple, spans: Span, moment: Moment = 'decision'): Aim => (chance, world) => {
  const count = chance.between(1, 3)
  return [cue(moment, count, 0, stands(chance.between(...spans))), cue(moment, count, 1, then(chance, world))]
}

const edit = (...edits: readonly PolicyEdit[]) => (chance: Chance, world: World): Simple => ({ kind: 'edit-policy', policy: policy(chance, world), edit: chance.pick(edits) })
const recreate = (chance: Chance, world: World): Simple => ({ kind: chance.pick(['replace-pod', 'replace-pod', 'recreate-workload'] as const), workload: workload(chance, world) })
const touch = (chance: Chance, world: World): Simple => ({ kind: 'touch-pod', workload: workload(chance, world) })
const corrupt = (chance: Chance, world: World): Simple =>
  chance.happens(0.2) ? { kind: 'corrupt-action', index: chance.between(0, 3) } : { kind: 'corrupt-ledger', policy: policy(chance, world), what: chance.pick<Corruption>(['ordinal', 'ordinal', 'entries', 'breaker']), seconds: chance.between(20, 200) }

/** Whoever acts stands still between its last look and its write. */
const longPause: Aim = (chance) => [{ kind: 'pause-act', call: chance.between(1, 2), seconds: chance.pick([85, 100, 110]) }]

/** One act passes, and the others of the same time have to wait: until the first one has been judged. */
const held: Aim = (chance) => [cue('act', chance.between(1, 2), 0, { kind: 'calls', fault: chance.pick(['throttled', 'throttled-after', 'unavailable']), share: 1, only: 'acts', seconds: chance.between(40, 150) })]

/** The kill switch is turned on, and nothing is heard of it. */
const unheard: Aim = (chance) => {
  const count = chance.between(1, 2)
  return [
    cue('decision', count, 0, { kind: 'watch', fault: 'silent', only: 'configmaps', seconds: 90 }),
    cue('decision', count, 0, stands(chance.between(5, 10))),
    cue('decision', count, 1, { kind: 'kill-switch', seconds: 120 }),
  ]
}

const approving: Aim = (chance) => [{ kind: 'approve-all', seconds: chance.between(60, 200) }]
/** Nobody is there to see the deadline pass, and then somebody says yes. */
const tooLate: Aim = (chance) => {
  const count = chance.between(1, 3)
  return [cue('record', count, 0, stands(chance.between(90, 110))), cue('record', count, chance.between(74, 85), { kind: 'decide', decision: 'Approved' })]
}

const dark: Aim = (chance) => [cue(chance.pick(['decision', 'act']), chance.between(1, 2), chance.between(0, 20), { kind: 'metrics', fault: chance.pick(['down', 'down', 'slow', 'empty', 'NaN']), seconds: chance.between(120, 400) })]
/** It is suspended until what was measured is old. */
const resumed: Aim = (chance, world) => {
  const its = policy(chance, world)
  return [
    { kind: 'edit-policy', policy: its, edit: 'suspend' },
    { kind: 'metrics', fault: chance.pick(['down', 'slow']), seconds: chance.between(150, 240), later: chance.between(20, 50) },
    { kind: 'edit-policy', policy: its, edit: 'resume', later: chance.between(125, 150) },
  ]
}
const stale: Aim = (chance) => [cue('ledger', chance.between(1, 4), 0, { kind: 'watch', fault: chance.pick(['stale', 'silent']), only: chance.pick(['healingledgers', '*', 'healingactions']), seconds: chance.between(5, 60) })]

/** What helps is found out while nothing is answered, until the calm. Then nothing moves any more that would have it looked at again. */
const outage: Aim = (chance, world) => {
  const last = chance.between(40, 70)
  const its = workload(chance, world)
  return [
    { kind: 'recover', workload: its, last: last + 250 },
    { kind: 'ail', workload: its, symptom: 'unready', cure: 'replacement', last: last + chance.between(50, 80) },
    { kind: 'calls', fault: chance.pick(['request-lost', 'error-before', 'unavailable']), share: 1, only: chance.pick(['reads', 'writes', 'all']), seconds: last, last },
  ]
}

const MIXED: Profile = {
  name: 'mixed',
  controllers: ['elected', 'elected', 'elected', 'alone', 'unfenced'],
  workloads: [1, 3],
  stateful: 0.25,
  replicas: [1, 4],
  budgets: 0.2,
  others: 0.2,
  policy: USUAL,
  symptoms: SYMPTOMS,
  cures: CURES,
  trouble: [3, 8],
  life: [0, 8],
  faults: [1, 10],
  acts: [0, 4],
  aimed: [0, 3],
  aims: [amid],
  calm: 480,
}

const PERSISTENT: readonly Cure[] = ['none', 'none', 'revision']
const BUSY: PolicyProfile = { ...USUAL, modes: ['automatic'], triggers: 'conditions', perHour: [4, 12], concurrent: [2, 3], threshold: [1, 2], storms: false }

export const PROFILES: readonly [Profile, ...Profile[]] = [
  MIXED,
  // Nothing helps: ladders are climbed, breakers open, half-open and open again.
  { ...MIXED, name: 'ladders', workloads: [1, 2], replicas: [2, 4], budgets: 0, others: 0, policy: { ...BUSY, pods: true, rungs: [3, 3], approvals: 0 }, symptoms: ['crashing', 'unready'], cures: ['none'], trouble: [2, 4], life: [0, 2], faults: [0, 3], acts: [0, 1], aimed: [0, 2], aims: [held, amid] },
  // People answer at once, too late, or after the policy has changed.
  { ...MIXED, name: 'approvals', controllers: ['alone', 'alone', 'elected'], replicas: [2, 4], budgets: 0, policy: { ...BUSY, modes: ['automatic', 'manual'], approvals: 0.8, approvalTimeouts: ['1m'] }, cures: PERSISTENT, life: [0, 4], faults: [0, 3], acts: [0, 2], aimed: [2, 5], aims: [approving, approving, tooLate, tooLate, held, behind(edit('dryrun', 'suspend', 'next-action'), [25, 60])] },
  // What was judged is another object by the time of the write, or may not be evicted at all.
  { ...MIXED, name: 'recreated', controllers: ['elected', 'alone', 'alone'], stateful: 0.8, replicas: [1, 3], budgets: 0.4, policy: { ...BUSY, pods: true }, symptoms: ['crashing', 'unready'], cures: ['none'], life: [0, 4], faults: [0, 4], aimed: [2, 5], aims: [behind(recreate, [15, 50]), behind(recreate, [15, 50]), amid, longPause] },
  // State of our own is spoilt while it is needed.
  { ...MIXED, name: 'spoilt', policy: BUSY, life: [0, 3], faults: [0, 4], aimed: [2, 6], aims: [(chance, world) => [cue(chance.pick(['ledger', 'ledger', 'record', 'act']), chance.between(1, 8), chance.pick([0, 0, 1, 5]), corrupt(chance, world))]] },
  // Somebody says no just before the act.
  { ...MIXED, name: 'forbidden', controllers: ['elected', 'alone', 'alone'], workloads: [1, 2], policy: { ...BUSY, pods: true, protects: 0.6 }, symptoms: ['crashing', 'unready'], cures: PERSISTENT, life: [0, 4], faults: [0, 4], aimed: [3, 6], aims: [behind(edit('protect'), [25, 60]), behind(edit('dryrun'), [25, 60]), behind(edit('protect', 'dryrun'), [25, 50], 'dry-run'), behind(edit('suspend', 'tighten'), [5, 60]), behind(touch, [5, 30]), unheard, amid] },
  // Triggers of metrics, and a source that fails while they are needed.
  { ...MIXED, name: 'metrics', replicas: [2, 4], policy: { ...BUSY, triggers: 'metrics', concurrent: [1, 2] }, symptoms: ['leaking'], cures: ['none', 'replacement'], life: [0, 3], faults: [0, 3], aimed: [1, 3], aims: [dark, resumed] },
  // Two that act on the same, by what each has seen.
  { ...MIXED, name: 'rivals', controllers: ['unfenced', 'unfenced', 'elected'], others: 0.6, policy: BUSY, life: [0, 3], aimed: [1, 4], aims: [stale, longPause, amid, outage] },
  // Hours slide, cooldowns pass and come again.
  { ...MIXED, name: 'hours', workloads: [1, 2], replicas: [1, 2], policy: { ...BUSY, perHour: [1, 3], threshold: [2, 3], cooldowns: ['3m', '10m'], pods: true }, symptoms: ['crashing', 'unready'], cures: ['replacement'], trouble: [14, 22], life: [0, 2], faults: [0, 3], acts: [0, 1], calm: 5400 },
]
