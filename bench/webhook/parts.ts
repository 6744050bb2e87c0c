/** The parts that need no cluster. */
import { ratio, spread, table, type Spread } from '../statistics.ts'
import { load, type Load, type LoadOptions } from './load.ts'
import { cpuOf, memoryOf, NAMES, SHARED, startSubject, stopSubject, type Subject, type SubjectName } from './subjects.ts'

export interface Run {
  /** With the certificates, the review and the programs in Go. */
  readonly folder: string
  readonly rounds: number
  readonly say: (line: string) => void
}

const SUBJECTS = Object.keys(NAMES) as readonly SubjectName[]
/** As many as an API server keeps open under load; one review at a time on each. */
const CONNECTIONS = 16
/** Seconds per turn. */
const TURN = 5
const WARM_UP: LoadOptions = { connections: CONNECTIONS, duration: TURN }
const RATE = 500

/** With the microseconds of CPU that a review took. */
type Taken = Load & { readonly cpu: number }
type Results = ReadonlyMap<SubjectName, readonly Taken[]>

/** All servers are up; they take turns, so that whatever else the machine does meets all of them. */
async function inTurns({ folder, rounds, say }: Run, options: LoadOptions): Promise<Results> {
  const subjects: [SubjectName, Subject][] = []
  const results = new Map<SubjectName, Taken[]>(SUBJECTS.map((name) => [name, []]))
  try {
    for (const name of SUBJECTS) subjects.push([name, await startSubject(name, folder)])
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`)
      for (const [name, subject] of subjects) {
        const before = cpuOf(subject)
        const taken = await load(folder, subject, round === 0 ? WARM_UP : options)
        if (round > 0) results.get(name)?.push({ ...taken, cpu: (cpuOf(subject) - before) / taken.answered })
      }
    }
  } finally {
    await Promise.all(subjects.map(([, subject]) => stopSubject(subject)))
  }
  return results
}

const of = (results: Results, name: SubjectName, figure: (taken: Taken) => number): Spread => spread((results.get(name) ?? []).map(figure))
const shown = ({ median, least, most }: Spread, digits = 0): string => `${median.toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)})`
const PLACES = SHARED ? 'server and load share one CPU' : 'server on one CPU, load on another'

export async function measureThroughput(run: Run): Promise<string> {
  const results = await inTurns(run, { connections: CONNECTIONS, duration: TURN })
  const rate = (name: SubjectName): Spread => of(results, name, ({ perSecond }) => perSecond)
  const rows = SUBJECTS.map((name) => [
    NAMES[name],
    shown(rate(name)),
    ratio(rate(name), rate('express')),
    ratio(rate(name), rate('go')),
    shown(of(results, name, ({ p50 }) => p50 / 1000), 2),
    shown(of(results, name, ({ p99 }) => p99 / 1000), 2),
    shown(of(results, name, ({ cpu }) => cpu)),
  ])
  return `${run.rounds} rounds of ${TURN} s, ${CONNECTIONS} connections kept alive, ${PLACES}; median (least..most)\n\n${table(['', 'reviews/s', 'x express', 'x controller-runtime', 'p50 ms', 'p99 ms', 'CPU us/review'], rows)}`
}

export async function measureLatency(run: Run): Promise<string> {
  const results = await inTurns(run, { connections: CONNECTIONS, duration: 2 * TURN, rate: RATE })
  const rows = SUBJECTS.map((name) => [
    NAMES[name],
    shown(of(results, name, ({ p50 }) => p50 / 1000), 2),
    shown(of(results, name, ({ p99 }) => p99 / 1000), 2),
    ratio(of(results, name, ({ p99 }) => p99), of(results, 'go', ({ p99 }) => p99)),
    shown(of(results, name, ({ p999 }) => p999 / 1000), 2),
  ])
  return `${run.rounds} rounds of ${2 * TURN} s at ${RATE} reviews/s, each counted from when it should have begun, ${PLACES}; median (least..most)\n\n${table(['', 'p50 ms', 'p99 ms', 'p99 x controller-runtime', 'p99.9 ms'], rows)}`
}

/** Reviews after which memory is read. */
const MILESTONES = [10_000, 100_000, 1_000_000] as const

export async function measureMemory({ folder, say }: Run): Promise<string> {
  const door = await startSubject('door', folder)
  try {
    const read: { readonly after: number; readonly memory: number }[] = []
    let sent = 0
    for (const milestone of MILESTONES) {
      say(`${milestone} reviews`)
      await load(folder, door, { connections: CONNECTIONS, duration: 3600, limit: milestone - sent })
      sent = milestone
      read.push({ after: milestone, memory: await memoryOf(door) })
    }
    const [first] = read
    const rows = read.map(({ after, memory }) => [String(after), memory.toFixed(1), first === undefined ? '' : (memory / first.memory).toFixed(2)])
    return table(['reviews', 'resident MiB after collection', 'x the first'], rows)
  } finally {
    await stopSubject(door)
  }
}
