/** The results as people read them. Pure. */
import type { Cell, Quantiles } from './results.ts'
import { seconds, size, table, times, whole } from './tables.ts'
import { SIZES } from './world.ts'

/** What is aimed at, at the largest size. */
const GOALS = { p50: 200, p99: 1000, rss: 256, cpu: 1, growth: 1.5 } as const

const both = ({ p50, p99 }: Quantiles): readonly string[] => [whole(p50), whole(p99)]

/** For whoever watches the run. */
export const tell = (cell: Cell): string =>
  `${whole(cell.pods)} pods, ${whole(cell.policies)} policies: fault to HealingAction p50 ${whole(cell.faults.action.p50)} ms, p99 ${whole(cell.faults.action.p99)} ms (${times(cell.faults.action.p50, cell.faults.bare.p50)} the bare client), `
  + `at rest ${whole(cell.rest.rss)} MiB and ${cell.rest.cpu.toFixed(2)} % of a core, ${cell.events.cpu.toFixed(2)} ms of CPU per event, storm: ${cell.storm.recorded} of ${cell.storm.expected} recorded after ${seconds(cell.storm.last)} s`

/** How many times as much CPU an event of a pod costs with ten times the policies; undefined where one of both was not measured. */
export function growth(cells: readonly Cell[], pods: number, policies: number): number | undefined {
  const of = (count: number): Cell | undefined => cells.find((cell) => cell.pods === pods && cell.policies === count)
  const [few, many] = [of(policies), of(10 * policies)]
  return few === undefined || many === undefined || few.events.cpu === 0 ? undefined : many.events.cpu / few.events.cpu
}

const worst = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : Math.max(...values))

type Goal = readonly [what: string, goal: string, measured: string, met: boolean]

export function goals(cells: readonly Cell[]): readonly Goal[] {
  const largest = cells.toSorted((a, b) => a.pods - b.pods || a.policies - b.policies).at(-1)
  if (largest === undefined) return []
  const { faults, rest } = largest
  const grown = worst([...new Set(cells.map(({ pods }) => pods))].flatMap((pods) => growth(cells, pods, 10) ?? []))
  return [
    ['fault to HealingAction, p50', `under ${GOALS.p50} ms`, `${whole(faults.action.p50)} ms`, faults.action.p50 < GOALS.p50],
    ['fault to HealingAction, p99', `under ${whole(GOALS.p99)} ms`, `${whole(faults.action.p99)} ms`, faults.action.p99 < GOALS.p99],
    ['resident memory at rest', `${GOALS.rss} MiB at most`, `${whole(rest.rss)} MiB`, rest.rss <= GOALS.rss],
    ['CPU at rest', `under ${GOALS.cpu} % of a core`, `${rest.cpu.toFixed(2)} %`, rest.cpu < GOALS.cpu],
    ['at rest no LIST and no write but the lease', 'none', `${rest.lists} LISTs, ${rest.writes} writes`, rest.lists + rest.writes === 0],
    ...(grown === undefined ? [] : [['CPU per event of a pod, with 100 policies in place of 10, at the worst size', `${GOALS.growth}x at most`, `${grown.toFixed(2)}x`, grown <= GOALS.growth] as const]),
  ]
}

/** Sizes of a whole run of which nothing is known. */
export const unmeasured = (cells: readonly Cell[]): readonly string[] =>
  SIZES.pods.flatMap((pods) => SIZES.policies.filter((policies) => !cells.some((cell) => cell.pods === pods && cell.policies === policies)).map((policies) => `${whole(pods)} by ${whole(policies)}`))

export function performancePage(cells: readonly Cell[]): readonly string[] {
  const largest = cells.toSorted((a, b) => a.pods - b.pods || a.policies - b.policies).at(-1)
  if (largest === undefined) return ['Nothing was measured yet: `make bench ONLY=scale`.']
  return [
    'One controller with thousands of simulated pods and hundreds of policies, measured by `make bench ONLY=scale` ([how](../../bench/README.md#scale)) on a real API server with real ReplicaSets; nodes and containers are simulated by kwok. Beside it, in the same run, a bare client in Node that lists and watches the same resources and does nothing else: whatever else the machine does meets both, so that the ratio (`x`) travels from one machine to another and a time does not.',
    ...(unmeasured(cells).length === 0 ? [] : [`Not measured yet (pods by policies): ${unmeasured(cells).join(', ')}.`]),
    `## Goals\n\nAt the largest size that was measured, ${whole(largest.pods)} pods and ${whole(largest.policies)} policies:`,
    table(['', 'goal', 'measured', ''], goals(cells).map(([what, goal, measured, met]) => [what, goal, measured, met ? 'met' : '**missed**'])),
    '## From a fault to its HealingAction\n\nMilliseconds from when the status of a pod that crashes is sent to the API server until a watch shows the HealingAction, or the bare client hears of the pod. One fault after another.',
    table(['pods', 'policies', 'faults', 'p50', 'p99', 'bare p50', 'bare p99', 'x p50', 'x p99'], cells.map((cell) => [...size(cell), whole(cell.faults.count), ...both(cell.faults.action), ...both(cell.faults.bare), times(cell.faults.action.p50, cell.faults.bare.p50), times(cell.faults.action.p99, cell.faults.bare.p99)])),
    '## Many faults at once\n\nThe statuses are sent as fast as the API server takes them (`sent in`). A policy has 64 incidents at most, so fewer than all may be recorded; `last` is when the last of them was. CPU is that of the controller for all of it, memory its most since it began.',
    table(['pods', 'policies', 'faults', 'sent in', 'recorded', 'p50', 'p99', 'last', 'bare p50', 'x p50', 'CPU', 'memory'], cells.map((cell) => {
      const { count, written, recorded, expected, action, bare, last, cpu, peak } = cell.storm
      return [...size(cell), whole(count), `${seconds(written)} s`, `${whole(recorded)} of ${whole(expected)}`, `${seconds(action.p50)} s`, `${seconds(action.p99)} s`, `${seconds(last)} s`, `${seconds(bare.p50)} s`, times(action.p50, bare.p50), `${cpu.toFixed(1)} s`, `${whole(peak)} MiB`]
    })),
    '## At rest and at the start\n\nRequests are those of the API server\'s audit log. `Cold start` is from the start of the process until it has listed everything: `/readyz` of the controller.',
    table(['pods', 'policies', 'CPU', 'memory', 'x bare', 'LISTs', 'writes', 'lease writes', 'over', 'cold start', 'x bare'], cells.map((cell) => {
      const { rest, cold } = cell
      return [...size(cell), `${rest.cpu.toFixed(2)} %`, `${whole(rest.rss)} MiB`, times(rest.rss, rest.bareRss), whole(rest.lists), whole(rest.writes), whole(rest.leaseWrites), `${rest.seconds} s`, `${seconds(cold.synced)} s`, times(cold.synced, cold.bare)]
    })),
    '## What an event of a pod costs\n\nChanges of pods that are no faults, at a steady rate. Policies grow and namespaces (ten) do not, so that with ten times the policies every namespace has ten times as many; each pod is selected by one of them. `Looked at` is how many policies were judged for each event.\n\nA change of a pod or a workload has those policies judged at once that select it, its owners or others of the same workload; the others of its namespace at most once in half a minute, however much changes ([how](../design/0038-whom-a-change-is-for.md)). What still grows with them is asking each whether it is meant. Policies of other namespaces cost nothing.',
    table(['pods', 'policies', 'events', 'a second', 'CPU each', 'x bare', 'looked at', 'CPU against a tenth of the policies'], cells.map((cell) => {
      const { events, rate, cpu, bareCpu, evaluations } = cell.events
      const grown = growth(cells, cell.pods, cell.policies / 10)
      return [...size(cell), whole(events), rate.toFixed(0), `${cpu.toFixed(2)} ms`, times(cpu, bareCpu), evaluations.toFixed(1), grown === undefined ? '' : `${grown.toFixed(2)}x`]
    })),
    '## The machine\n\nLoad is the average of a minute before and after: above the number of cores something else was running, and all times are longer than they would be.',
    table(['pods', 'policies', 'day', 'cores', 'Node', 'load', 'remark'], cells.map((cell) => [...size(cell), cell.machine.day, String(cell.machine.cores), cell.machine.node, cell.machine.load.map((load) => load.toFixed(1)).join(' to '), cell.remark ?? ''])),
  ]
}
