/** The whole controller over the last hours, in time that passes as fast as it decides: what Prometheus kept is what triggers see. */
import { leadingFindings, needsAll } from '../../shared/api/v1alpha1/trigger-match.ts'
import type { HealingPolicy, HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import { formatDuration } from '../../shared/lib/duration.ts'
import { after, before, between, instant, millis, seconds, type Instant, type Millis } from '../../shared/lib/time.ts'
import { Lifecycle } from '../../shared/runtime/lifecycle.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { noMetrics } from '../../shared/runtime/metrics.ts'
import { OLDEST_SAMPLE, questionKey, type MetricQuestion, type Series } from '../../controller/healing/metrics.ts'
import { describe } from '../../controller/healing/owners.ts'
import { compilePolicy, type CompiledPolicy } from '../../controller/healing/policy.ts'
import { QUIET_REASONS, type RefusalReason } from '../../controller/healing/refusal.ts'
import type { MetricSource } from '../../controller/ports/metric-source.ts'
import { createController } from '../../controller/program.ts'
import { metricQuestions } from '../../controller/triggers/metric/args.ts'
import { namespacesOf, Overlay } from './overlay.ts'
import { past } from './past.ts'
import type { SimulationParts } from './run.ts'
import { settle, steps, VirtualTime } from './virtual-time.ts'

export interface Moment {
  readonly at: Instant
  readonly what: string
}

export interface Replay {
  readonly from: Instant
  readonly to: Instant
  readonly step: Millis
  readonly moments: readonly Moment[]
  readonly fired: number
  readonly acts: number
  /** How often which reason began. */
  readonly refusals: Readonly<Record<string, number>>
}

/** Nothing kept the past that the policy's triggers ask about. */
export interface UnknownPast {
  readonly unknown: string
}

class NoPast extends Error {
  override readonly name = 'NoPast'
}

/** More looks would take minutes, and Prometheus gives no more than 11000 points of a series. */
const MOST_STEPS = 2880
/** Its stabilization and cooldown run in it as well. */
const READY = 100

/** @throws ApiError */
export async function replay(parts: SimulationParts, written: HealingPolicy, last: Millis, note: (text: string) => void): Promise<Replay | UnknownPast> {
  try {
    return await replayKept(parts, written, last, note)
  } catch (error) {
    if (error instanceof NoPast) return { unknown: error.message }
    throw error
  }
}

/** @throws NoPast, ApiError */
async function replayKept(parts: SimulationParts, written: HealingPolicy, last: Millis, note: (text: string) => void): Promise<Replay> {
  const policy = replayable(written, note)
  const to = parts.api.serverTime() ?? parts.clock.now()
  const from = before(to, last)
  const step = millis(Math.max(parts.syncInterval, Math.ceil(last / MOST_STEPS / 1000) * 1000))
  const compiled = compilePolicy(policy)
  const history = await recall(parts.metricSource, compiled, { from, to, step })
  const time = new VirtualTime(from)
  const diary = new Diary(time)
  const failures: unknown[] = []
  const overlay = new Overlay({ api: parts.api, policy, ahead: millis(0), note, decided: (status) => diary.status(status), failed: (error) => failures.push(error), acted: (spec) => diary.act(spec) })
  const api = past(overlay, time, namespacesOf(policy))
  const controller = createController({
    api, events: { record: () => {} }, installation: parts.installation, clock: time, timers: time, random: parts.random, log: silentLogger, metrics: noMetrics, concurrency: 1,
    metricSource: history, syncInterval: step, version: 'simulation', instance: 'simulation', audit: { emit: () => {} },
  })
  const lifecycle = new Lifecycle({ timers: time, log: silentLogger, stopTimeout: seconds(5) })
  for (const component of controller.components) lifecycle.add(component)
  const starting = lifecycle.start().catch((error: unknown) => failures.push(error))
  const answered = async (): Promise<void> => {
    while (overlay.busy && failures.length === 0) await settle()
    if (failures.length > 0) throw failures[0]
  }
  try {
    for (let turn = 0; turn < READY; turn++) {
      await settle()
      await answered()
    }
    for (const at of steps(from, to, step)) {
      await time.until(at)
      await answered()
    }
  } finally {
    const stopped = Promise.all([starting, lifecycle.stop()])
    await time.until(after(to, seconds(10)))
    await stopped
  }
  return { from, to, step, ...diary.told }
}

/** Only triggers that Prometheus can answer for the past, acting by themselves: nobody was there to approve. */
function replayable(policy: HealingPolicy, note: (text: string) => void): HealingPolicy {
  const compiled = compilePolicy(policy)
  const kept = new Set(compiled.triggers.filter((trigger) => metricQuestions({ ...compiled, triggers: [trigger] }).some(({ question }) => question.kind === 'promql')).map(({ name }) => name))
  const { spec } = policy
  const left = spec.triggers.filter(({ name }) => !kept.has(name)).map(({ name }) => name)
  if (kept.size === 0) throw new NoPast('no trigger asks Prometheus, and nothing else keeps a past')
  if (left.length > 0 && needsAll(spec)) throw new NoPast(`${left.join(', ')} cannot be asked about the past, and triggerMatch: All needs them`)
  if (left.length > 0) note(`${left.join(', ')}: only Prometheus keeps a past, so they are left out`)
  const actions = spec.actions.flatMap((action) => {
    const triggers = action.triggers?.filter((name) => kept.has(name))
    return triggers?.length === 0 ? [] : [{ ...action, ...(triggers === undefined ? {} : { triggers }) }]
  })
  const watching = spec.mode === 'monitor' || actions.length === 0
  if (!watching && spec.mode !== 'automatic') note(`mode ${spec.mode} is taken for automatic`)
  const { status: _, ...unseen } = policy
  return {
    ...unseen,
    spec: { ...spec, suspend: false, mode: watching ? 'monitor' : 'automatic', triggers: spec.triggers.filter(({ name }) => kept.has(name)), actions: actions.length === 0 ? spec.actions.map(({ triggers: __, ...action }) => action) : actions },
  }
}

interface Range {
  readonly from: Instant
  readonly to: Instant
  readonly step: Millis
}

/** Everything is asked for at once, and then told as it became known. @throws NoPast */
async function recall(source: MetricSource, policy: CompiledPolicy, { from, to, step }: Range): Promise<MetricSource> {
  const kept = new Map<string, readonly Series[]>()
  for (const { question, span } of metricQuestions(policy)) {
    const key = questionKey(question)
    if (kept.has(key)) continue
    const answer = await source.recall(question, { span: millis(Math.ceil((between(from, to) + span) / step) * step), step }, to)
    if (answer?.kind === 'NoData') throw new NoPast(answer.why)
    kept.set(key, answer?.series ?? [])
  }
  const during = (question: MetricQuestion, since: Instant, until: Instant): Series[] =>
    (kept.get(questionKey(question)) ?? []).flatMap(({ labels, points }) => {
      const known = points.filter(({ at }) => at > since && at <= until)
      return known.length === 0 ? [] : [{ labels, points: known }]
    })
  return {
    lane: (question) => source.lane(question),
    ask: (question, now) => Promise.resolve({ kind: 'Series', series: during(question, before(now, millis(Math.min(step, OLDEST_SAMPLE))), now) }),
    recall: (question, { span }, now) => Promise.resolve({ kind: 'Series', series: during(question, before(now, span), now) }),
  }
}

/** Of the quiet reasons the one after which nothing more is done. */
const ESCALATED: RefusalReason = 'Escalated'

/** What became different, and when. */
class Diary {
  readonly #time: VirtualTime
  readonly #moments: Moment[] = []
  readonly #refusals: Record<string, number> = {}
  #firing = new Set<string>()
  #fired = 0
  #acts = 0
  #reason: string | undefined

  constructor(time: VirtualTime) {
    this.#time = time
  }

  get told(): Pick<Replay, 'moments' | 'fired' | 'acts' | 'refusals'> {
    return { moments: this.#moments, fired: this.#fired, acts: this.#acts, refusals: this.#refusals }
  }

  status(status: HealingPolicyStatus): void {
    const { lastDecision } = status
    const firing = new Map(leadingFindings(status).filter(({ state }) => state === 'Firing').map(({ trigger, object, message }) => [`${trigger} on ${describe(object)}`, message ?? '']))
    for (const [key, message] of firing) {
      if (this.#firing.has(key)) continue
      this.#fired++
      this.#note(`${key} fires: ${message}`)
    }
    for (const key of this.#firing) if (!firing.has(key)) this.#note(`${key} is quiet again`)
    this.#firing = new Set(firing.keys())
    const blocked = lastDecision?.kind === 'Blocked' ? lastDecision.reason : undefined
    const reason = blocked === ESCALATED || !QUIET_REASONS.has(blocked as RefusalReason) ? blocked : undefined
    if (reason !== undefined && reason !== this.#reason) {
      this.#refusals[reason] = (this.#refusals[reason] ?? 0) + 1
      this.#note(`would not act: ${reason}: ${lastDecision?.message ?? ''}`)
    }
    this.#reason = reason
  }

  act({ action, targetResource, incident }: { readonly action: { readonly name: string }; readonly targetResource: { readonly kind: string; readonly name: string }; readonly incident: { readonly rung: number } }): void {
    this.#acts++
    this.#note(`would act: ${action.name} of ${describe(targetResource)}, rung ${incident.rung + 1}`)
  }

  #note(what: string): void {
    this.#moments.push({ at: instant(this.#time.now()), what })
  }
}

/** For people. */
export const inWords = ({ fired, acts, refusals, step }: Replay): string =>
  `fired ${fired} times, would have acted ${acts} times${Object.entries(refusals).map(([reason, count]) => `, ${reason} ${count} times`).join('')}; looked at every ${formatDuration(step)}`
