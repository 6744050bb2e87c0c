/** The healthy clusters in which queries are evaluated, and the values that come of it. */
import type { HealthyValue } from './healthy-series.ts'
import type { ReadLabelPattern } from './patterns.ts'

export interface World {
  readonly replicas: number
  /** What is measured and cannot be known: from nothing to very much. */
  readonly some: number
  /** Of what is counted, or of bytes however few: one at least. */
  readonly few: number
  /** Seconds that everything has been there. */
  readonly age: number
  /** Seconds since that came which comes again. */
  readonly last: number
  readonly rate: number
  /** The rate of what there is to do. */
  readonly work: number
  /** What every flag is, whatever is healthy. */
  readonly flag?: 0 | 1
  readonly read: ReadLabelPattern
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Vector {
  readonly samples: readonly Sample[]
  /** There is one for each of these; undefined: of several things together. */
  readonly each: string | undefined
  /** Made up: to compare it with another one would compare two inventions. */
  readonly madeUp: boolean
}

export type Value = Vector | number | undefined

/** Bytes of the smallest containers that there are are more than the least of these. What is younger than ten minutes may be starting still, or be short work that hangs. */
export const HEALTHY_WORLDS: readonly Omit<World, 'read'>[] = [
  { replicas: 1, some: 4e5, few: 1, age: 600, last: 1, rate: 0, work: 1e-6 },
  { replicas: 2, some: 1e7, few: 10, age: 3600, last: 600, rate: 1e-6, work: 1e-3 },
  { replicas: 5, some: 1e9, few: 1e4, age: 86_400, last: 86_400, rate: 1, work: 1 },
  { replicas: 1000, some: 1e13, few: 1e13, age: 1e8, last: 1e8, rate: 1e12, work: 1e12 },
]

/** Nothing has ever been there for longer. */
export const OLD_WORLDS = HEALTHY_WORLDS.map((world) => ({ ...world, age: 1e9 }))
/** Everything has just been made: as what an act has put in the place of another one. */
export const YOUNG_WORLDS = HEALTHY_WORLDS.map((world) => ({ ...world, age: 60 }))
export const IDLE_WORLDS = HEALTHY_WORLDS.map((world) => ({ ...world, work: 0 }))

/** A moment of the past: only times that are compared with it, and with each other, count. */
export const NOW = 1.7e9

/** The number that a value is in the world with these. */
export function numberOf(value: HealthyValue, { replicas, some, few, age, last }: Omit<World, 'read'>): number {
  switch (value) {
    case 'replicas':
      return replicas
    case 'some':
      return some
    case 'few':
      return few
    case 'age':
      return age
    case 'since':
      return NOW - age
    case 'last':
      return NOW - last
    default:
      return value
  }
}

export const isMadeUp = (value: HealthyValue): boolean => value === 'some' || value === 'few' || value === 'since' || value === 'age' || value === 'last'
