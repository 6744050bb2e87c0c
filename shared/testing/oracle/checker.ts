/** What each invariant's checker is: it sees every entry of a history, with the world before it. */
import type { Instant } from '../../lib/time.ts'
import { describe, type Entry, type History, type Setting } from './history.ts'
import { missingFrom } from './missing.ts'
import { World } from './world.ts'

export type Invariant = `I${number}`

export interface Finding {
  /** `all`: none of them can be told. */
  readonly invariant: Invariant | 'all'
  /** Position in the history; its length: at its end. */
  readonly index: number
  readonly at: Instant
  /** The entry that broke it, for people. */
  readonly where: string
  /** `namespace/name` of the HealingAction, where it is one's. */
  readonly action?: string
  readonly why: string
}

export interface Verdict {
  readonly broken: readonly Finding[]
  /** What the history does not tell enough of. */
  readonly undecided: readonly Finding[]
}

export interface About {
  /** Of the HealingAction. */
  readonly action?: { readonly namespace?: string | undefined; readonly name: string } | undefined
}

export interface Report {
  broken(why: string, about?: About): void
  undecided(why: string, about?: About): void
}

/** Of one history. */
export interface Watch {
  see?(entry: Entry, world: World, report: Report): void
  end?(world: World, until: Instant, report: Report): void
}

export interface Checker {
  readonly invariant: Invariant
  /** What always holds. */
  readonly title: string
  /** A new one for each history. */
  readonly begin: (setting: Setting) => Watch
}

/** Every finding of these checkers, in the order of the history. What a restored backup has undone is judged too, by itself. */
export function judge(history: History, checkers: readonly Checker[]): Verdict {
  const { entries } = history
  const index = entries.findIndex((entry) => entry.kind === 'mark' && entry.mark === 'Restored')
  const restored = entries[index]
  if (restored?.kind !== 'mark') return judgeLife(history, checkers)
  const lost = entries.slice(0, index)
  const kept = lost.filter(({ at }) => at <= (restored.asOf ?? restored.at))
  const first = judgeLife({ ...history, entries: lost, until: restored.at }, checkers)
  const second = judge({ ...history, setting: { ...history.setting, restored: true }, entries: [...kept, ...entries.slice(index + 1)] }, checkers)
  return { broken: merged(first.broken, second.broken), undecided: second.undecided }
}

/** Both judge what came before the backup. */
const merged = (first: readonly Finding[], second: readonly Finding[]): readonly Finding[] => [
  ...first,
  ...second.filter((one) => !first.some(({ invariant, at, where, why }) => invariant === one.invariant && at === one.at && where === one.where && why === one.why)),
]

function judgeLife({ setting, entries, until }: History, checkers: readonly Checker[]): Verdict {
  const broken: Finding[] = []
  const undecided: Finding[] = []
  const world = new World(setting)
  const watches = checkers.map(({ invariant, begin }) => {
    let here: { readonly index: number; readonly entry: Entry | undefined } = { index: entries.length, entry: undefined }
    const note = (findings: Finding[]) => (why: string, { action }: About = {}): void => {
      const { index, entry } = here
      findings.push({
        invariant, index, why, at: entry?.at ?? until, where: entry === undefined ? 'the end of the history' : describe(entry),
        ...(action === undefined ? {} : { action: nameOf(action) }),
      })
    }
    return { watch: begin(setting), report: { broken: note(broken), undecided: note(undecided) }, at: (index: number, entry: Entry | undefined) => { here = { index, entry } } }
  })
  for (const [index, entry] of entries.entries()) {
    for (const { watch, report, at } of watches) {
      at(index, entry)
      watch.see?.(entry, world, report)
    }
    world.take(entry)
  }
  for (const { watch, report, at } of watches) {
    at(entries.length, undefined)
    watch.end?.(world, until, report)
  }
  const missing = missingFrom(entries, setting).map(({ index, entry, why, action }): Finding => ({ invariant: 'all', index, why, at: entry.at, where: describe(entry), ...(action === undefined ? {} : { action: nameOf(action) }) }))
  return { broken, undecided: [...undecided, ...missing] }
}

const nameOf = ({ namespace = '', name }: NonNullable<About['action']>): string => `${namespace}/${name}`

/** One line for each, as a failing test shows them. */
export const tell = (findings: readonly Finding[]): string =>
  findings.map(({ invariant, at, where, action, why }) => `${invariant} ${new Date(at).toISOString()} ${where}${action === undefined ? '' : ` of ${action}`}: ${why}`).join('\n')
