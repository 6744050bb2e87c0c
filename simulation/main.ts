/**
 * `make sim`: simulates plans made from seeds, and tells the story of one that breaks something, made short.
 *
 *     node simulation/main.ts [--seeds N] [--from SEED] [--without PROFILE,...]    N seeds from SEED (default 1) on, on all cores; none of plans with these profiles
 *     node simulation/main.ts --seed SEED                  one of them, as a story
 *     node simulation/main.ts --plan FILE                  a plan as JSON: what a story ends with, or what somebody has made of it
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { verdictOf } from './judge.ts'
import { planOf, profileOf } from './plan/generate.ts'
import { PROFILES } from './plan/profiles.ts'
import { readPlan } from './plan/read.ts'
import type { Plan } from './plan/plan.ts'
import { shrink } from './shrink.ts'
import { Simulator } from './simulator.ts'
import { storyOf } from './story.ts'
import type { Told } from './worker.ts'

/** Of whole runs, to make a story short. */
const MOST_TRIES = 200
/** Seconds between two lines of progress. */
const EVERY = 5
/** Of seeds: these are simulated twice, for the same journal. */
const TWICE_EVERY = 20

async function tellOne(whole: Plan): Promise<number> {
  const verdict = await verdictOf(whole)
  const [first] = verdict.breaches
  if (first === undefined) {
    console.log(storyOf(verdict))
    return 0
  }
  const { plan, tries } = await shrink(whole, async (candidate) => (await verdictOf(candidate)).breaches.some(({ invariant }) => invariant === first.invariant), MOST_TRIES)
  console.log(storyOf(await verdictOf(plan)))
  console.log(`seed ${plan.seed} breaks ${first.invariant}; of ${whole.happenings.length} happenings ${plan.happenings.length} are left after ${tries} runs. As a file it runs again with PLAN=FILE make sim:`)
  console.log(JSON.stringify(plan))
  return 1
}

function add(counts: Map<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [kind, times] of Object.entries(more)) counts.set(kind, (counts.get(kind) ?? 0) + times)
}

const listed = (counts: ReadonlyMap<string, number>): string => [...counts].toSorted(([a], [b]) => a.localeCompare(b)).map(([kind, times]) => `${kind} ${times}`).join(', ') || 'none'

async function sweep(from: number, count: number, without: ReadonlySet<string>): Promise<number> {
  const begin = performance.now()
  const failed: Told[] = []
  /** Seeds that had another journal the second time. */
  const unlike: number[] = []
  const seeds: number[] = []
  for (let seed = from; seeds.length < count; seed++) if (!without.has(profileOf(seed).name)) seeds.push(seed)
  const left = seeds.values()
  let done = 0
  let acts = 0
  const hits = new Map<string, number>()
  const undecided = new Map<string, number>()
  let told = begin
  const take = (answer: Told): void => {
    done++
    acts += answer.acts
    add(hits, answer.hits)
    add(undecided, answer.undecided)
    if (answer.breaches.length > 0) {
      failed.push(answer)
      console.log(`seed ${answer.seed}: ${answer.breaches.map(({ invariant, at, where, why }) => `${invariant} at ${at} s, ${where}: ${why}`).slice(0, 3).join('\n  ')}`)
    }
    if (performance.now() - told < EVERY * 1000) return
    told = performance.now()
    console.log(`${done} of ${count} plans, ${acts} acts, ${failed.length} failed`)
  }
  const lane = async (): Promise<void> => {
    const simulator = new Simulator()
    try {
      for (const seed of left) {
        const answer = await simulator.run({ seed })
        if (seed % TWICE_EVERY === 0 && (await simulator.run({ seed })).fingerprint !== answer.fingerprint) unlike.push(seed)
        take(answer)
      }
    } finally {
      simulator.close()
    }
  }
  await Promise.all(Array.from({ length: Math.min(count, availableParallelism()) }, lane))
  console.log(`faults that met something: ${listed(hits)}`)
  console.log(`undecided: ${listed(undecided)}`)
  const took = (performance.now() - begin) / 1000
  const perHour = Math.round((done / took) * 3600)
  console.log(`${done} plans with ${acts} acts in ${took.toFixed(0)} s (${perHour} an hour): ${failed.length === 0 ? 'no invariant was broken' : `${failed.length} broke an invariant; see one with SEED=${failed[0]?.seed} make sim`}`)
  if (unlike.length > 0) console.log(`not deterministic: another journal the second time with seed ${unlike.join(', ')}`)
  return failed.length + unlike.length === 0 ? 0 : 1
}

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '200' }, from: { type: 'string', default: '1' }, seed: { type: 'string', default: '' }, plan: { type: 'string', default: '' }, without: { type: 'string', default: '' } } })
const whole = (name: string, text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${name} is a whole number from 1 on, not ${JSON.stringify(text)}`)
  return number
}
/** Those that are left out; one has to be left. */
const profiles = (name: string, text: string): ReadonlySet<string> => {
  const known = PROFILES.map((profile) => profile.name)
  const named = new Set(text.split(',').filter((word) => word !== ''))
  const wrong = [...named].find((word) => !known.includes(word))
  if (wrong !== undefined) throw new Error(`--${name} takes ${known.join(', ')}, not ${JSON.stringify(wrong)}`)
  if (named.size === known.length) throw new Error(`--${name} leaves no profile: name fewer`)
  return named
}
if (values.plan !== '') process.exitCode = await tellOne(readPlan(readFileSync(values.plan, 'utf8')))
else if (values.seed !== '') process.exitCode = await tellOne(planOf(whole('seed', values.seed)))
else process.exitCode = await sweep(whole('from', values.from), whole('seeds', values.seeds), profiles('without', values.without))
