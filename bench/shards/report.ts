/** The results as people read them. Pure. */
import { seconds, size, table, whole } from '../scale/tables.ts'
import type { Sharing } from './results.ts'

/** Milliseconds until the shards of one that died have another owner. */
const GOAL = 20_000

/** For whoever watches the run. */
export const tellSharing = ({ pods, policies, replicas, failure, rest }: Sharing): string =>
  `${whole(pods)} pods, ${whole(policies)} policies, ${replicas} controllers: ${failure.evicted} of ${failure.count} evicted, ${failure.twice} twice, ${failure.others} that had not failed; `
  + `taken over after ${seconds(failure.takeover)} s, p50 ${seconds(failure.eviction.p50)} s, last ${seconds(failure.last)} s, outcomes ${outcomes(failure.outcomes)}; at rest ${rest.controllers.map(({ rss }) => `${whole(rss)} MiB`).join(', ')}`

const outcomes = (of: Readonly<Record<string, number>>): string => Object.entries(of).toSorted(([a], [b]) => a.localeCompare(b)).map(([outcome, count]) => `${count} ${outcome}`).join(', ')

/** Of `docs/reference/performance.md`; nothing where nothing was measured. */
export function sharingSection(results: readonly Sharing[]): readonly string[] {
  if (results.length === 0) return []
  return [
    '## Several controllers\n\nThe same cluster with policies that act, and controllers that share its namespaces by [shards](../guide/operating.md#shards): `make bench ONLY=shards`. Many pods fail at once, and when the first of them has been evicted the controller with the most namespaces is killed (`kill -9`). Judged by the audit log of the API server: which pods were evicted, how often, and when; a policy does four at once, so the last of them wait for the first.',
    table(['pods', 'policies', 'controllers', 'shards', 'failed', 'evicted', 'twice', 'others', 'when killed', 'namespaces of the killed', `taken over (goal ${seconds(GOAL)} s)`, 'p50', 'p99', 'last', 'outcomes'], results.map(({ failure, ...of }) => [
      ...size(of), String(of.replicas), String(of.shards), whole(failure.count), whole(failure.evicted), whole(failure.twice), whole(failure.others), whole(failure.before), String(failure.killed.namespaces),
      `${seconds(failure.takeover)} s${failure.takeover <= GOAL ? '' : ' **missed**'}`, `${seconds(failure.eviction.p50)} s`, `${seconds(failure.eviction.p99)} s`, `${seconds(failure.last)} s`, outcomes(failure.outcomes),
    ])),
    'Before that, at rest. Each controller watches everything and judges what is in its own namespaces, so shards divide the work and not the memory.',
    table(['pods', 'policies', 'controllers', 'namespaces', 'CPU', 'memory', 'load of the machine'], results.map(({ rest, machine, ...of }) => [
      ...size(of), String(of.replicas), rest.controllers.map(({ namespaces }) => namespaces).join(', '), `${rest.controllers.map(({ cpu }) => cpu.toFixed(2)).join(', ')} %`, `${rest.controllers.map(({ rss }) => whole(rss)).join(', ')} MiB`, machine.load.map((load) => load.toFixed(1)).join(' to '),
    ])),
  ]
}
