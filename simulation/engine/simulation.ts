/** Carries out one plan. */
import { seconds } from '../../shared/lib/time.ts'
import type { Fields } from '../../shared/runtime/logger.ts'
import type { JournalEntry } from '../../shared/testing/fake-cluster/calls.ts'
import type { History } from '../../shared/testing/oracle/history.ts'
import { historyOf, type Noted } from '../history.ts'
import type { Plan } from '../plan/plan.ts'
import { Happenings } from '../world/happenings.ts'
import type { Note } from '../world/scene.ts'
import { World } from '../world/world.ts'
import { chanceOf } from './chance.ts'
import { Replica } from './replica.ts'

/** What somebody did or said, in words. */
export interface Telling {
  /** Seconds from the beginning. */
  readonly at: number
  readonly who: string
  readonly what: string
}

export interface Run {
  readonly plan: Plan
  readonly journal: readonly JournalEntry[]
  readonly history: History
  /** What the world did. */
  readonly tellings: readonly Telling[]
  /** Mistakes of the program itself: what it threw that is no answer of an API. */
  readonly bugs: readonly Telling[]
  readonly world: World
}

const STEP = seconds(1)
/** The end of a run, seconds: everything has had its time. */
const QUIET = 60
/** A new replica is started this much after the one before it, seconds. */
const APART = 2

/** @param until seconds; what comes after is not waited for. That all is quiet at its end is then not asked */
export async function simulate(plan: Plan, until = plan.end): Promise<Run> {
  const tellings: Telling[] = []
  const bugs: Telling[] = []
  const at = (): number => Math.round(world.clock.monotonic() / 100) / 10
  const tell = (who: string, what: string): void => void tellings.push({ at: at(), who, what })
  const heard = (process: string, level: string, message: string, fields: Fields): void => {
    const { error } = fields
    if (error instanceof Error && isMistake(error)) bugs.push({ at: at(), who: process, what: `${level}: ${message}: ${error.stack ?? error.message}` })
  }
  const noted: Noted[] = []
  const note: Note = (mark, of) => void noted.push({ after: world.cluster.journal.items.length, mark: { kind: 'mark', at: world.clock.now(), mark, ...(of === undefined ? {} : { of }) } })
  const replicas: Replica[] = []
  const world: World = new World(plan, (user) => {
    const replica = replicas.find(({ process }) => process?.name === user)
    replica?.kill()
    tell('fault', `${user} dies`)
  })
  const count = plan.controllers === 'alone' ? 1 : 2
  for (let number = 0; number < count; number++) replicas.push(new Replica({ world, seed: plan.seed, number, elected: plan.controllers === 'elected', heard }))
  const happenings = new Happenings({ plan, world, replicas, tell, note, chance: chanceOf(plan.seed, 'world') })
  for (let second = 0; second < Math.min(plan.end, until); second++) {
    const [starting] = second % APART === 0 ? replicas.slice(second / APART, second / APART + 1) : []
    starting?.start()
    if (second === plan.calm) {
      happenings.calm(second)
      note('FaultsEnd')
    }
    if (second === plan.cured) happenings.cure()
    // What is still within its time goes on.
    if (plan.end > plan.cured && second === plan.end - QUIET && !world.busy) note('Quiet')
    happenings.at(second)
    world.workloads.step()
    await world.clock.advance(STEP)
  }
  return { plan, journal: world.cluster.journal.entries, history: historyOf(world, noted), tellings, bugs, world }
}

const MISTAKES = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'])
const isMistake = ({ name }: Error): boolean => MISTAKES.has(name)
