/** Chance that replays: streams of numbers by seed and name, so that what one part draws does not move another one. */
import { seededRandom } from '../../shared/testing/fake-clock.ts'

export interface Chance {
  /** Uniform in [0, 1). */
  readonly next: () => number
  /** A whole number, both ends included. */
  readonly between: (least: number, most: number) => number
  /** @param share 0..1 */
  readonly happens: (share: number) => boolean
  /** @throws RangeError of nothing */
  readonly pick: <T>(from: readonly T[]) => T
}

/** FNV-1a: names near each other must not give streams near each other. */
function mixed(seed: number, name: string): number {
  let hash = 0x811c9dc5
  for (const character of `${seed} ${name}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash
}

export function chanceOf(seed: number, name: string): Chance {
  const next = seededRandom(mixed(seed, name))
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    happens: (share) => next() < share,
    pick: <T>(from: readonly T[]): T => {
      if (from.length === 0) throw new RangeError('nothing to pick from')
      return from[between(0, from.length - 1)] as T
    },
  }
}
