/** What was measured: cells of one size each, kept in `results.json` so that a part of them can be measured again. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Requests } from './requests.ts'
import type { Size } from './world.ts'

/** Milliseconds. */
export interface Quantiles {
  readonly p50: number
  readonly p99: number
}

export interface Cell extends Size {
  /** What was otherwise than it is now, for people. */
  readonly remark?: string
  readonly machine: { readonly day: string; readonly cores: number; readonly node: string; readonly load: readonly [before: number, after: number] }
  /** Milliseconds from the start of the process; null: not measured under the same conditions. */
  readonly cold: { readonly synced: number; readonly bare: number | null }
  /** CPU in percent of a core, memory in MiB. */
  readonly rest: Requests & { readonly seconds: number; readonly cpu: number; readonly bareCpu: number; readonly rss: number; readonly bareRss: number }
  /** CPU in milliseconds, for each event. */
  readonly events: { readonly events: number; readonly rate: number; readonly cpu: number; readonly bareCpu: number; readonly evaluations: number }
  readonly faults: { readonly count: number; readonly action: Quantiles; readonly bare: Quantiles }
  /** Times in milliseconds, CPU in seconds, the most memory so far in MiB. */
  readonly storm: {
    readonly count: number
    readonly written: number
    readonly expected: number
    readonly recorded: number
    readonly last: number
    readonly action: Quantiles
    readonly bare: Quantiles
    readonly cpu: number
    readonly peak: number
  }
}

const FILE = fileURLToPath(new URL('results.json', import.meta.url))

export const readResults = (): readonly Cell[] => JSON.parse(readFileSync(FILE, 'utf8')) as Cell[]

/** A line each, in the order of what they are known by; in place of an older one that is known by the same. */
export function replaceIn<T>(file: string, all: readonly T[], result: T, knownBy: (one: T) => readonly number[]): void {
  const compared = (a: T, b: T): number => knownBy(a).map((number, index) => number - (knownBy(b)[index] ?? 0)).find((difference) => difference !== 0) ?? 0
  const kept = [...all.filter((other) => compared(other, result) !== 0), result].toSorted(compared)
  writeFileSync(file, `[\n${kept.map((each) => `  ${JSON.stringify(each)}`).join(',\n')}\n]\n`)
}

/** In place of an older one of its size. */
export function keepResult(cell: Cell): void {
  replaceIn(FILE, readResults(), cell, ({ pods, policies }) => [pods, policies])
}

/** By nearest rank: each is a value that was measured. */
export function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}
