import { expect } from 'chai'
import * as fc from 'fast-check'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import { healingLedger } from '../../shared/api/v1alpha1/healing-ledger.schema.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { hours, minutes, type Millis } from '../../shared/lib/time.ts'
import { compileSchema } from '../../shared/schema/validate.ts'
import { buildTrigger } from '../../shared/testing/builders/objects.ts'
import { counts } from './budget.ts'
import { evaluate, type Evaluation, type PlannedAction } from './evaluate.ts'
import { reserve, type Ledger } from './ledger.ts'
import { refusalOf } from './guards.ts'
import { select } from './select.ts'
import type { PodView, Snapshot } from './snapshot.ts'
import { policyStatus } from './status.ts'
import { at, cart, cartSet, condition, container, crashed, crashing, deepFreeze, deployment, ended, ownedBy, pod, policy, remembered, running, snapshot, T0, waiting } from './testing/builders.ts'
import { live, step } from './testing/ledger-model.ts'

const validAction = compileSchema(healingAction.spec)
const validLedger = compileSchema(healingLedger.spec)
const validStatus = compileSchema(healingPolicy.status)

const SETS = [cartSet, ...[0, 1, 2, 3, 4, 5].flatMap((n) => deployment(`w-${n}`, { labels: { app: 'cart' } }))].filter((w) => w.ref.kind === 'ReplicaSet')
const WORKLOADS = [cart, cartSet, ...[0, 1, 2, 3, 4, 5].flatMap((n) => deployment(`w-${n}`, { labels: { app: 'cart' } }))]

const time = fc.integer({ min: -7_200_000, max: minutes(1) }).map((n) => at(n))
const state = fc.oneof(
  fc.constantFrom(waiting('CrashLoopBackOff'), waiting('ContainerCreating'), waiting(''), ended(), ended(0, 'Completed'), ended(137, 'OOMKilled'), { kind: 'running' as const, startedAt: undefined }),
  time.map(running),
)
const containerView = fc.record({ ready: fc.boolean(), restarts: fc.nat({ max: 9 }), state, lastTermination: fc.constantFrom(undefined, crashed(), crashed('OOMKilled', 137)) }).map(container)
const flag = fc.constantFrom(false, false, false, false, true)
const podView: fc.Arbitrary<PodView> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ owner: fc.constantFrom(...SETS).map(ownedBy), createdAt: time }).map((o) => crashing('x', o)) },
  {
    weight: 1,
    arbitrary: fc
      .record({
        owner: fc.constantFrom(undefined, ...SETS.map(ownedBy), { ...ownedBy(cart), kind: 'Job' }, { ...ownedBy(cart), uid: 'unknown' }),
        createdAt: time,
        ignored: flag,
        deleting: flag,
        mirror: flag,
        phase: fc.constantFrom('Running', 'Pending', 'Failed', 'Succeeded'),
        labels: fc.constantFrom({ app: 'cart' }, {}),
        containers: fc.array(containerView, { maxLength: 2 }),
        conditions: fc.constantFrom([], [condition('Ready', 'True')], [condition('Ready', 'False', T0)], [{ ...condition('Ready', 'True'), since: undefined }]),
      })
      .map((o) => pod('x', o)),
  },
)
const named = (pods: readonly PodView[]): PodView[] => pods.map((p, i) => ({ ...p, ref: { ...p.ref, name: `cart-${i}`, uid: `uid-${i}` } }))

const ledger: fc.Arbitrary<Ledger | undefined> = fc.option(
  fc.tuple(fc.array(step, { maxLength: 60, size: 'max' }), fc.integer({ min: 1, max: 9 })).map(([steps, n]) => [...live(steps, { maxActionsPerHour: n, maxConcurrent: n })].at(-1)?.ledger),
  { nil: undefined },
)
const view: fc.Arbitrary<Snapshot> = fc
  .record({
    pods: fc.array(podView, { maxLength: 8, size: 'max' }).map(named),
    now: fc.integer({ min: 0, max: hours(3) }).map((n) => at(n)),
    ledger,
    since: fc.integer({ min: 0, max: minutes(5) }),
    memory: fc.boolean(),
    skew: fc.constantFrom<Millis | undefined>(undefined, 0 as Millis, minutes(2)),
    killSwitch: fc.constantFrom(false, false, false, false, false, true),
  })
  .map(({ pods, now, ledger, since, memory, skew, killSwitch }) =>
    snapshot({ pods, now, ledger, killSwitch, clockSkew: skew, workloads: WORKLOADS, findings: memory ? pods.map((p) => remembered(p, at(now - T0 - since))) : [] }),
  )

interface Knobs {
  readonly maxActionsPerHour: number
  readonly maxConcurrent: number
  readonly mode: HealingPolicySpec['mode']
  readonly suspend: boolean
  readonly protected: readonly string[]
}
const knobs: fc.Arbitrary<Knobs> = fc.record({
  maxActionsPerHour: fc.integer({ min: 1, max: 9 }),
  maxConcurrent: fc.integer({ min: 1, max: 5 }),
  mode: fc.constantFrom<HealingPolicySpec['mode']>('automatic', 'automatic', 'automatic', 'manual', 'dryrun', 'monitor'),
  suspend: fc.constantFrom(false, false, false, true),
  protected: fc.subarray(['cart-0', 'cart-1', 'cart-2']),
})
const compiled = ({ mode, suspend, maxActionsPerHour, maxConcurrent, protected: names }: Knobs) =>
  deepFreeze(
    policy({
      mode,
      suspend,
      triggers: [buildTrigger(), buildTrigger({ name: 'unready', conditionTrigger: { type: 'Ready', status: 'False', duration: '1m' } })],
      safetyRules: {
        maxActionsPerHour,
        maxConcurrent,
        // What is protected counts on neither side of the storm gate, so protecting more may open it.
        maxUnhealthy: '1000',
        requireHealthCheck: true,
        healthCheckTimeout: '5m',
        approvalTimeout: '1h',
        circuitBreaker: { failureThreshold: 3, openDuration: '10m' },
        ...(names.length === 0 ? {} : { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: [...names] }] }),
      },
    }),
  )
const planned = ({ decision }: Evaluation): readonly PlannedAction[] => (decision.kind === 'Act' ? decision.actions : [])

describe('evaluate, whatever it sees', () => {
  it('never throws or mutates, says the same twice, and makes only valid objects', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        const of = compiled(given)
        const frozen = deepFreeze(seen)
        const evaluation = evaluate(of, frozen)
        expect(evaluate(of, structuredClone(frozen))).to.deep.equal(evaluation)
        for (const { spec } of planned(evaluation)) expect(validAction(spec)).to.deep.equal([])
        expect(validLedger(evaluation.ledger)).to.deep.equal([])
        expect(validStatus(policyStatus({ policy: of, evaluation, ledger: evaluation.ledger, violations: [], now: seen.now, previous: undefined }))).to.deep.equal([])
        expect(evaluation.healthy).to.be.within(0, evaluation.matched)
        if (evaluation.recheckAt !== undefined) expect(evaluation.recheckAt).to.be.greaterThan(seen.now)
      }),
    )
  })
  it('never plans past a limit, and each plan is admitted by the ledger that it was made from', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        const of = compiled(given)
        const evaluation = evaluate(of, seen)
        const actions = planned(evaluation)
        const names = new Set(actions.map((a) => a.name))
        expect(names.size).to.equal(actions.length)
        let { ledger: held } = evaluation
        for (const { request } of actions) {
          const answer = reserve(held, request, of.limits, seen.now)
          if ('refusal' in answer) throw new Error(answer.refusal.reason)
          held = answer.ledger
        }
        expect(validLedger(held)).to.deep.equal([])
        const added = actions.filter((a) => !a.spec.dryRun && !evaluation.ledger.entries.some((e) => e.action === a.name)).length
        if (added === 0) return
        expect(held.entries.filter((e) => e.state === 'Reserved').length).to.be.at.most(given.maxConcurrent)
        expect(held.entries.filter((e) => counts(e, seen.now)).length).to.be.at.most(given.maxActionsPerHour)
      }),
    )
  })
  it('acts only on selected pods that every guard lets through', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        const of = compiled(given)
        const selected = select(of, seen).pods
        for (const { spec } of planned(evaluate(of, seen))) {
          const target = selected.find((p) => p.object.ref.uid === spec.targetResource.uid)
          expect(target !== undefined && refusalOf(of, target, seen)).to.equal(undefined)
          expect(spec.dryRun).to.equal(given.mode === 'dryrun')
        }
      }),
    )
  })
  it('plans nothing in mode monitor, suspended, or with the kill switch', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        for (const [tight, world] of [
          [{ ...given, mode: 'monitor' as const }, seen],
          [{ ...given, suspend: true }, seen],
          [given, { ...seen, killSwitch: true }],
        ] as const) {
          expect(planned(evaluate(compiled(tight), world))).to.deep.equal([])
        }
      }),
    )
  })
  it('tightening a limit never adds an action', () => {
    fc.assert(
      fc.property(view, knobs, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 }), (seen, given, hourly, concurrent) => {
        const tight = { ...given, maxActionsPerHour: Math.min(hourly, given.maxActionsPerHour), maxConcurrent: Math.min(concurrent, given.maxConcurrent) }
        const loose = planned(evaluate(compiled(given), seen)).map((a) => a.name)
        for (const { name } of planned(evaluate(compiled(tight), seen))) expect(loose).to.include(name)
      }),
    )
  })
  it('protecting more never adds to the number of actions, and none of them is on what is protected', () => {
    fc.assert(
      fc.property(view, knobs, fc.subarray(['cart-0', 'cart-1', 'cart-2', 'cart-3']), (seen, given, more) => {
        const tight = { ...given, protected: [...new Set([...given.protected, ...more])] }
        const loose = planned(evaluate(compiled(given), seen))
        const actions = planned(evaluate(compiled(tight), seen))
        expect(actions.length).to.be.at.most(loose.length)
        for (const { spec } of actions) expect(tight.protected).not.to.include(spec.targetResource.name)
      }),
    )
  })
})
