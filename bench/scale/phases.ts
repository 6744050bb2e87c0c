/** What is measured of a controller that runs, one after another, and of the bare client beside it. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { answers } from '../../e2e/cluster/guest.ts'
import { CONTROLLER_USER } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction, HealingLedger, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, PODS } from '../../shared/kube/resources.ts'
import type { KubeConnection } from '../../shared/kube/transport.ts'
import { METRICS } from '../../shared/runtime/metric-table.ts'
import { listAll, now, patchStatuses, type Controller, type Running, type Stage } from './parts.ts'
import { usageOf as usageOfProcess, type Usage } from './process-usage.ts'
import { countRequests, readFrom } from './requests.ts'
import { quantiles, type Cell, type Quantiles } from './results.ts'
import { until } from './until.ts'
import { expectedActions, podStatus, workloadCount, type PodKey, type Size } from './world.ts'

export interface Subjects {
  readonly stage: Stage
  readonly bare: Running
  readonly controller: Controller
  readonly size: Size
  /** First one of each workload. */
  readonly pods: readonly PodKey[]
}

/** Events of pods in a second: the controller has time for each of them. */
const EVENTS_PER_SECOND = 40

export function usageOf({ guest, pid }: Running): Usage {
  if (guest.process === undefined) throw new Error(`${guest.name} ended: ${guest.logEnd()}`)
  return usageOfProcess(pid)
}

/** What the bare client has said. A last line that is still being written is left out. */
function heardBy({ guest }: Running): readonly { readonly synced?: number; readonly pod?: string; readonly at?: number }[] {
  const lines = readFileSync(guest.logFile, 'utf8').split('\n').slice(0, -1)
  return lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as { synced?: number; pod?: string; at?: number }] : []))
}

/** Milliseconds from the start of each process until it has listed everything. */
export async function untilBareSynced(bare: Running): Promise<number> {
  let at: number | undefined
  await until('the bare client', async () => {
    if (bare.guest.process === undefined) throw new Error(`the bare client ended: ${bare.guest.logEnd()}`)
    at = heardBy(bare).find(({ synced }) => synced !== undefined)?.synced
    return at !== undefined
  }, 20)
  return (at ?? Number.NaN) - bare.from
}

export async function untilReady(controller: Controller): Promise<number> {
  await until('the controller', async () => {
    if (controller.guest.process === undefined) throw new Error(`the controller ended: ${controller.guest.logEnd()}`)
    return answers(controller.readyUrl)
  }, 10)
  return now() - controller.from
}

/** Every policy has been judged and its status written, and nothing is left to be done. */
export async function untilSettled({ stage: { api }, controllers }: { readonly stage: Stage; readonly controllers: readonly Controller[] }): Promise<void> {
  await until('policies that are all judged', async () => (await listAll<HealingPolicy>(api, HEALING_POLICIES)).every(({ status }) => status?.lastDecision !== undefined), 1000)
  let before = -1
  await until('a controller at rest', async () => {
    const evaluations = (await Promise.all(controllers.map(evaluationsOf))).reduce((sum, one) => sum + one, 0)
    const quiet = evaluations === before
    before = evaluations
    return quiet
  }, 3000)
}

async function evaluationsOf({ metricsUrl }: Controller): Promise<number> {
  const text = await (await fetch(metricsUrl)).text()
  return text.split('\n').filter((line) => line.startsWith(`${METRICS.evaluations.name}{`)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

export async function atRest({ stage: { cluster }, bare, controller }: Subjects, seconds: number): Promise<Cell['rest']> {
  const { end: offset } = readFrom(cluster.auditLog, 0)
  const before = { bare: usageOf(bare), controller: usageOf(controller), at: now() }
  await sleep(seconds * 1000)
  const after = { bare: usageOf(bare), controller: usageOf(controller), at: now() }
  const percent = (who: 'bare' | 'controller'): number => (100_000 * (after[who].cpu - before[who].cpu)) / (after.at - before.at)
  const requests = countRequests(readFrom(cluster.auditLog, offset).text, CONTROLLER_USER, 'kubeskippy')
  return { seconds, cpu: percent('controller'), bareCpu: percent('bare'), rss: after.controller.rss, bareRss: after.bare.rss, ...requests }
}

/** Changes of pods that are no faults: all that they cost is that they are looked at. */
export async function perEvent({ stage: { api }, bare, controller, pods }: Subjects, events: number): Promise<Cell['events']> {
  const before = { bare: usageOf(bare), controller: usageOf(controller), evaluations: await evaluationsOf(controller) }
  const begin = now()
  for (const [index, key] of spread(pods, events).entries()) {
    const wait = begin + (1000 * index) / EVENTS_PER_SECOND - now()
    if (wait > 0) await sleep(wait)
    await api.patch(PODS, key, { type: 'merge', body: { status: { message: `event at ${now()}` } } }, { subresource: 'status' })
  }
  const rate = (1000 * events) / (now() - begin)
  await sleep(2000)
  const after = { bare: usageOf(bare), controller: usageOf(controller), evaluations: await evaluationsOf(controller) }
  const cpu = (who: 'bare' | 'controller'): number => (1000 * (after[who].cpu - before[who].cpu)) / events
  return { events, rate, cpu: cpu('controller'), bareCpu: cpu('bare'), evaluations: (after.evaluations - before.evaluations) / events }
}

/** So many of them, evenly over all; again from the beginning when there are fewer. */
const spread = (keys: readonly PodKey[], count: number): readonly PodKey[] =>
  // 7 has no factor in common with any of the sizes, so that every pod comes before one comes again.
  Array.from({ length: count }, (_, index) => keys[(index * 7) % keys.length]).filter((key) => key !== undefined)

const nameOf = ({ namespace, name }: PodKey): string => `${namespace}/${name}`

/** When the record about each pod was first seen, in milliseconds of the epoch. */
class Records {
  readonly at = new Map<string, number>()
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined

  static async watch(api: KubeConnection): Promise<Records> {
    const records = new Records()
    const { resourceVersion } = await api.list(HEALING_ACTIONS, { limit: 1 })
    records.#running = records.#run(api, resourceVersion)
    // Told where it is awaited: what ended the run comes first.
    records.#running.catch(() => {})
    return records
  }

  async #run(api: KubeConnection, resourceVersion: string): Promise<void> {
    const { signal } = this.#abort
    try {
      for await (const event of api.watch<HealingAction>(HEALING_ACTIONS, { resourceVersion, timeoutSeconds: 3600, signal })) {
        if (event.type !== 'ADDED') continue
        const { targetResource } = event.object.spec
        if (!this.at.has(nameOf(targetResource))) this.at.set(nameOf(targetResource), now())
      }
    } catch (error) {
      if (!isApiError(error, 'Aborted')) throw error
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
  }
}

/** Of those that were sent and seen: how long it took. */
const between = (sent: ReadonlyMap<string, number>, seen: ReadonlyMap<string, number>): Quantiles =>
  quantiles([...sent].flatMap(([pod, at]) => { const then = seen.get(pod); return then === undefined ? [] : [then - at] }))

const firstHeard = (bare: Running, from: number): ReadonlyMap<string, number> => {
  const first = new Map<string, number>()
  for (const { pod, at } of heardBy(bare)) if (pod !== undefined && at !== undefined && at >= from && !first.has(pod)) first.set(pod, at)
  return first
}

/** Faults one after another, each from the moment at which its status is sent until a watch shows its HealingAction. */
export async function faults({ stage: { api }, bare, pods }: Subjects, count: number): Promise<Cell['faults']> {
  const keys = spread(pods.slice(0, workloadCount(pods.length)), count)
  const records = await Records.watch(api)
  const from = now()
  const sent = new Map<string, number>()
  for (const key of keys) {
    await patchStatuses(api, [key], () => podStatus('crashing', new Date()), (pod) => sent.set(pod, now()))
    await until(`a HealingAction for ${nameOf(key)}`, async () => records.at.has(nameOf(key)), 5, 30_000)
  }
  await records.stop()
  const heard = firstHeard(bare, from)
  await recover(api, keys)
  return { count, action: between(sent, records.at), bare: between(sent, heard) }
}

/** Many at once; what is left after a while without any new record does not come. */
export async function storm({ stage: { api }, bare, controller, size, pods }: Subjects, count: number): Promise<Cell['storm']> {
  const keys = pods.slice(0, Math.min(count, workloadCount(pods.length)))
  const expected = expectedActions(keys.length, size.policies)
  const records = await Records.watch(api)
  const before = usageOf(controller).cpu
  const from = now()
  const sent = new Map<string, number>()
  await patchStatuses(api, keys, () => podStatus('crashing', new Date()), (pod) => sent.set(pod, now()))
  const written = now() - from
  for (let last = now(), size = 0; records.at.size < expected && now() < last + 20_000; await sleep(50)) {
    if (records.at.size > size) last = now()
    ;({ size } = records.at)
  }
  await records.stop()
  const last = Math.max(from, ...records.at.values()) - from
  const heard = firstHeard(bare, from)
  const { cpu, peak } = usageOf(controller)
  await recover(api, keys)
  return { count: keys.length, written, expected, recorded: records.at.size, last, action: between(sent, records.at), bare: between(sent, heard), cpu: cpu - before, peak }
}

/** Well again, and no incident is left. */
async function recover(api: KubeConnection, keys: readonly PodKey[]): Promise<void> {
  await patchStatuses(api, keys, () => podStatus('healthy', new Date()))
  await until('the end of every incident', async () => (await listAll<HealingLedger>(api, HEALING_LEDGERS)).every(({ spec }) => (spec.incidents ?? []).every(({ state }) => state === 'Ended')), 1000)
}
