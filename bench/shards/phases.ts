/** What is measured of controllers that share the work. */
import { setTimeout as sleep } from 'node:timers/promises'
import { evictionsOf } from '../../e2e/shards/evictions.ts'
import { holdersOf, ledBy } from '../../e2e/shards/owners.ts'
import { shardOf } from '../../controller/healing/shards.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { HEALING_ACTIONS } from '../../shared/kube/resources.ts'
import { listAll, now, patchStatuses, type Controller, type Stage } from '../scale/parts.ts'
import { usageOf } from '../scale/phases.ts'
import { readFrom } from '../scale/requests.ts'
import { quantiles } from '../scale/results.ts'
import { until } from '../scale/until.ts'
import { namespaces, podStatus, type PodKey } from '../scale/world.ts'
import type { Sharing } from './results.ts'

/** All failures are healed in waves, since a policy does only so many at once. */
const HEALED_WITHIN = 600_000
const ENDED: readonly (string | undefined)[] = ['Succeeded', 'Failed', 'Cancelled']

const namespacesOf = (led: readonly number[], shards: number): number => namespaces.filter((namespace) => led.includes(shardOf(namespace, shards))).length

/** Each shard has one owner, and no controller has two more than another one. */
export async function untilShared(controllers: readonly Controller[], shards: number): Promise<void> {
  await until('shards that are all shared out', async () => {
    const led = await Promise.all(controllers.map(ledBy))
    const counts = led.map(({ length }) => length)
    return new Set(led.flat()).size === shards && led.flat().length === shards && Math.max(...counts) - Math.min(...counts) <= 1
  }, 500)
}

export async function restOf(controllers: readonly Controller[], shards: number, seconds: number): Promise<Sharing['rest']['controllers']> {
  const [before, from] = [controllers.map(usageOf), now()]
  await sleep(seconds * 1000)
  const span = now() - from
  return Promise.all(controllers.map(async (controller, index) => {
    const { cpu, rss } = usageOf(controller)
    const led = await ledBy(controller)
    return { shards: led.length, namespaces: namespacesOf(led, shards), cpu: (100_000 * (cpu - (before[index]?.cpu ?? Number.NaN))) / span, rss }
  }))
}

interface Failing {
  readonly stage: Stage
  readonly controllers: readonly Controller[]
  readonly shards: number
  readonly broken: readonly PodKey[]
  readonly say: (line: string) => void
}

export async function failWhileOneDies({ stage, controllers, shards, broken, say }: Failing): Promise<Sharing['failure']> {
  const { api, cluster } = stage
  const { end: offset } = readFrom(cluster.auditLog, 0)
  const evictions = () => evictionsOf(readFrom(cluster.auditLog, offset).text)
  const victims = await Promise.all(controllers.map(async (controller) => ({ controller, led: await ledBy(controller) })))
  // The one with the most to do.
  const victim = victims.toSorted((a, b) => namespacesOf(b.led, shards) - namespacesOf(a.led, shards))[0]
  const dead = victim === undefined ? undefined : (await holdersOf(api, shards))[victim.led[0] ?? -1]
  if (victim === undefined || dead === undefined) throw new Error('no controller holds a shard')

  const sent = new Map<string, number>()
  const from = now()
  await patchStatuses(api, broken, () => podStatus('crashing', new Date()), (pod) => sent.set(pod, now()))
  await until('the first eviction', async () => evictions().at.size > 0, 100)
  await victim.controller.guest.kill('SIGKILL')
  const killedAt = now()
  const before = evictions().at.size
  await until('shards that are taken over', async () => !(await holdersOf(api, shards)).includes(dead), 50)
  const takeover = now() - killedAt
  say(`killed after ${before} evictions, taken over after ${(takeover / 1000).toFixed(1)} s`)

  await until('an eviction of every pod that failed', async () => {
    const { at } = evictions()
    return [...sent.keys()].every((pod) => at.has(pod))
  }, 1000, HEALED_WITHIN)
  let actions: readonly HealingAction[] = []
  await until('the end of every action', async () => {
    actions = await listAll<HealingAction>(api, HEALING_ACTIONS)
    return actions.every(({ status }) => ENDED.includes(status?.phase))
  }, 1000, HEALED_WITHIN)
  const { at, twice } = evictions()
  const times = [...at].flatMap(([pod, time]) => { const begun = sent.get(pod); return begun === undefined || time === undefined ? [] : [time - begun] })
  const outcomes = Object.fromEntries([...Map.groupBy(actions, ({ status }) => status?.outcome ?? status?.phase ?? 'none')].map(([outcome, of]) => [outcome, of.length]))
  return {
    count: broken.length, evicted: at.size, twice: twice.size, others: [...at.keys()].filter((pod) => !sent.has(pod)).length,
    before, killed: { shards: victim.led.length, namespaces: namespacesOf(victim.led, shards) }, takeover,
    eviction: quantiles(times), last: Math.max(...[...at.values()].map((time) => (time ?? Number.NaN) - from)), outcomes,
  }
}
