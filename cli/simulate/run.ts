/** The whole controller on a cluster that it cannot change, until it has made its first decision about one policy. */
import type { HealingAction, HealingPolicy, HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import type { KubeApi, KubeReader } from '../../shared/kube/api.ts'
import { after, before, millis, seconds, type Clock, type Millis } from '../../shared/lib/time.ts'
import type { Installation } from '../../controller/healing/installation.ts'
import { Lifecycle } from '../../shared/runtime/lifecycle.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { noMetrics } from '../../shared/runtime/metrics.ts'
import type { Cancel, Random, Timers } from '../../shared/runtime/timers.ts'
import { severalBudgets } from '../../controller/actions/disruption.ts'
import { plan } from '../../controller/actions/index.ts'
import { planContext } from '../../controller/reconcilers/plan-context.ts'
import { ApiLiveReader } from '../../controller/adapters/live-reader.ts'
import type { Plan } from '../../controller/actions/action.ts'
import type { MetricAnswer, MetricSource } from '../../controller/ports/metric-source.ts'
import { createController } from '../../controller/program.ts'
import { NotPossible } from '../command.ts'
import { Overlay } from './overlay.ts'
import type { SharedLedgers } from './shared.ts'

export interface SimulationParts {
  readonly api: KubeReader & Pick<KubeApi, 'post'>
  readonly installation: Installation
  readonly metricSource: MetricSource
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly syncInterval: Millis
}

export interface PlannedAct {
  readonly spec: HealingAction['spec']
  /** What would be written, or why it cannot be. */
  readonly planned: Pick<Plan, 'operations' | 'changes' | 'later'> | { readonly impossible: string }
}

export interface Simulation {
  readonly status: HealingPolicyStatus
  readonly acts: readonly PlannedAct[]
}

/** Without another decision for so long, that was the last one. Whoever waits for events or metrics tells a second later. */
const QUIET = millis(200)
const BLIND = seconds(2.5)
/** Sources of metrics have five seconds for their first answer; a large namespace is listed in a few. */
const PATIENCE = seconds(30)

/** @param ahead of the API server's time: what would be if everything stayed as it is @throws NotPossible, ApiError */
export async function simulate(parts: SimulationParts, policy: HealingPolicy, ahead: Millis, note: (text: string) => void, shared: SharedLedgers): Promise<Simulation> {
  const { timers, random, installation, syncInterval } = parts
  const { promise, resolve, reject } = Promise.withResolvers<HealingPolicyStatus>()
  let settling: Cancel = () => {}
  /** The last of them counts: what only some triggers need may still be on its way. */
  const decided = (status: HealingPolicyStatus): void => {
    settling()
    const blind = status.triggers?.some(({ state }) => state === 'NoData') === true
    settling = timers.after(blind ? BLIND : QUIET, () => (overlay.busy ? decided(status) : resolve(status)))
  }
  const at = after(parts.api.serverTime() ?? parts.clock.now(), ahead)
  const overlay = new Overlay({ api: parts.api, policy: undecided(policy), ahead, note, decided, ledgers: shared.found(at), failed: reject })
  // Whose clock is wrong is not of interest here: all times are the API server's.
  const clock: Clock = { now: () => overlay.serverTime() ?? after(parts.clock.now(), ahead) }
  const metricSource = moved(parts.metricSource, ahead)
  const controller = createController({
    api: overlay, events: { record: () => {} }, installation, clock, timers, random, log: silentLogger, metrics: noMetrics, concurrency: 1, metricSource, syncInterval, version: 'simulation', instance: 'simulation', audit: { emit: () => {} },
  })
  const lifecycle = new Lifecycle({ timers, log: silentLogger, stopTimeout: seconds(5) })
  for (const component of controller.components) lifecycle.add(component)
  const cancel = timers.after(PATIENCE, () => reject(new NotPossible(`no decision within ${PATIENCE / 1000} s: the cluster or a source of metrics is slow`)))
  try {
    // Its failure to start is the failure of what it waits for.
    lifecycle.start().catch(() => {})
    const status = await promise
    const live = new ApiLiveReader({ api: overlay, clock, installation })
    const acts = await Promise.all(overlay.actions.map(({ metadata, spec }) => planOf(live, clock, metadata.name, spec)))
    shared.leave(at, overlay.ledgers)
    return { status, acts }
  } finally {
    cancel()
    settling()
    await lifecycle.stop()
  }
}

/** Without what was decided before: or the last decision would stand there as that of now. */
function undecided(policy: HealingPolicy): HealingPolicy {
  const { lastDecision: _, conditions: __, lastAction: ___, ...status } = policy.status ?? {}
  return { ...policy, status }
}

async function planOf(live: ApiLiveReader, clock: Clock, name: string, spec: HealingAction['spec']): Promise<PlannedAct> {
  const view = await live.look(spec)
  if (view.target === undefined) return { spec, planned: { impossible: 'its target is gone' } }
  const planned = plan(spec.action, view.target, planContext(view, name, clock.now()))
  if (planned === undefined) return { spec, planned: { impossible: 'the action has no body for its type' } }
  if ('refusal' in planned) return { spec, planned: { impossible: planned.refusal.message } }
  const several = severalBudgets(planned, view)
  if (several !== undefined) return { spec, planned: { impossible: several } }
  return { spec, planned }
}

/** The values of now, at a later time. */
function moved(source: MetricSource, ahead: Millis): MetricSource {
  if (ahead === 0) return source
  const later = async (answer: Promise<MetricAnswer>): Promise<MetricAnswer> => {
    const found = await answer
    if (found.kind === 'NoData') return found
    return { ...found, series: found.series.map(({ labels, points }) => ({ labels, points: points.map(({ at, value }) => ({ at: after(at, ahead), value })) })) }
  }
  return {
    kubelets: source.kubelets,
    lane: (question) => source.lane(question),
    ask: (question, now) => later(source.ask(question, before(now, ahead))),
    recall: (question, lookback, now) => {
      const answer = source.recall(question, lookback, before(now, millis(ahead)))
      return answer === undefined ? undefined : later(answer)
    },
  }
}
