/** Worlds that a policy may see, and policies that may see them, for property tests. */
import * as fc from 'fast-check'
import type { HealingPolicySpec } from '../../../shared/api/v1alpha1/types.ts'
import { hours, minutes, type Millis } from '../../../shared/lib/time.ts'
import { buildTrigger } from '../../../shared/testing/builders/objects.ts'
import type { Ledger } from '../ledger.ts'
import type { CompiledPolicy } from '../policy.ts'
import type { PodView, Snapshot } from '../snapshot.ts'
import { at, cart, cartSet, condition, container, crashed, crashing, deepFreeze, deployment, ended, ownedBy, pod, policy, remembered, running, snapshot, T0, waiting } from './builders.ts'
import { live, step } from './ledger-model.ts'

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
export const view: fc.Arbitrary<Snapshot> = fc
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

export interface Knobs {
  readonly maxActionsPerHour: number
  readonly maxConcurrent: number
  readonly mode: HealingPolicySpec['mode']
  readonly suspend: boolean
  readonly protected: readonly string[]
}
export const knobs: fc.Arbitrary<Knobs> = fc.record({
  maxActionsPerHour: fc.integer({ min: 1, max: 9 }),
  maxConcurrent: fc.integer({ min: 1, max: 5 }),
  mode: fc.constantFrom<HealingPolicySpec['mode']>('automatic', 'automatic', 'automatic', 'manual', 'dryrun', 'monitor'),
  suspend: fc.constantFrom(false, false, false, true),
  protected: fc.subarray(['cart-0', 'cart-1', 'cart-2']),
})
export const TRIGGERS: HealingPolicySpec['triggers'] = [buildTrigger(), buildTrigger({ name: 'unready', conditionTrigger: { type: 'Ready', status: 'False', duration: '1m' } })]

/** `more`: other members of its spec. */
export const compiled = ({ mode, suspend, maxActionsPerHour, maxConcurrent, protected: names }: Knobs, more: Partial<HealingPolicySpec> = {}): CompiledPolicy =>
  deepFreeze(
    policy({
      mode,
      suspend,
      triggers: TRIGGERS,
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
      ...more,
    }),
  )
