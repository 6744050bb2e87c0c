/**
 * The work in parts: which part a namespace belongs to, and how many parts each replica should have. Pure.
 * A part is a shard; whoever holds the lease of a shard acts for its namespaces.
 */
import { hexHash } from '../../shared/lib/hash.ts'
import { isObject, parsedJson } from '../../shared/lib/json.ts'
import type { Count } from './storm.ts'

/** The first 32 bits of SHA-256 of the name, modulo the number of shards: the same in every replica and every release. */
export const shardOf = (namespace: string, shards: number): number => (shards === 1 ? 0 : Number.parseInt(hexHash([namespace], 8), 16) % shards)

/**
 * How many shards a member should hold. The shares of all members add up to the number of shards and differ by one at
 * most, so there is always somebody below his share while another one is above it.
 */
export function shareOf(member: string, members: ReadonlySet<string>, shards: number): number {
  const sorted = [...new Set([...members, member])].toSorted()
  return Math.floor(shards / sorted.length) + (sorted.indexOf(member) < shards % sorted.length ? 1 : 0)
}

/** Written down for the other shards. */
export const tellCount = ({ unhealthy, of }: Count, shards: number): string => JSON.stringify({ shards, unhealthy, of })

/** undefined: nothing was told, or it was of other shards than these. */
export function toldCount(text: string | undefined, shards: number): Count | undefined {
  const told = text === undefined ? undefined : parsedJson(text)
  if (!isObject(told) || told['shards'] !== shards) return undefined
  const { unhealthy, of } = told
  return isNumber(unhealthy) && isNumber(of) && unhealthy <= of ? { unhealthy, of } : undefined
}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
