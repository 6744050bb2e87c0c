/** Faults put into a JSON value at random places: what people, templates and generators get wrong. */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { isObject } from '../../lib/json.ts'

/** `value` with one to three faults. A fault may turn out harmless. */
export const withFaults = <T>(value: Arbitrary<T>): Arbitrary<unknown> =>
  fc.tuple(value, fc.array(fault, { minLength: 1, maxLength: 3 })).map(([original, faults]) => faults.reduce<unknown>((result, { at, change }) => put(result, at, change), original))

interface Fault {
  /** Which of the places, counted through the tree. */
  readonly at: number
  readonly change: Change
}
type Change = { readonly kind: 'set'; readonly value: unknown } | { readonly kind: 'remove' } | { readonly kind: 'repeat' } | { readonly kind: 'flood' } | { readonly kind: 'member'; readonly name: string }

const WRONG = [
  null, '', ' ', 0, -1, 1.5, 201, 1001, 3601, 2 ** 31, 1e15, true, false, [], {}, [null], [{}],
  'x', 'X', '*', 'a*', '-a', 'a-', 'a.b', 'a/b', 'a b', 'ä', 'a\n', '‮a', 'y', 'on', 'null', 'True', 'true',
  '5', '5m', '-5m', '5 m', '1d', '5m5', 'P1D', '10000h', '0s', '0.1s', '99999999999999999h', '1.s', '.5s', 'v1', 'apps/v1', 'Pod', 'pods',
  'In', 'Exists', 'restart', 'condition', 'automatic', 'manual', 'x'.repeat(64), 'x'.repeat(254), '😀'.repeat(63),
] as const

const change: Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<readonly unknown[]>(...WRONG.map((value) => [value])).map(([value]): Change => ({ kind: 'set', value })) },
  { weight: 3, arbitrary: fc.constant<Change>({ kind: 'remove' }) },
  { weight: 2, arbitrary: fc.constant<Change>({ kind: 'repeat' }) },
  { weight: 1, arbitrary: fc.constant<Change>({ kind: 'flood' }) },
  { weight: 1, arbitrary: fc.constantFrom('colour', 'constructor', '__proto__', 'name', 'values').map((name): Change => ({ kind: 'member', name })) },
)
const fault: Arbitrary<Fault> = fc.record({ at: fc.nat(), change })

type Step = string | number

/** Every place below the root, the members of members included. */
function* paths(value: unknown, path: readonly Step[] = []): Generator<readonly Step[]> {
  if (path.length > 0) yield path
  const members: Iterable<[Step, unknown]> = Array.isArray(value) ? value.entries() : isObject(value) ? Object.entries(value) : []
  for (const [step, member] of members) yield* paths(member, [...path, step])
}

function put(value: unknown, at: number, what: Change): unknown {
  const all = [...paths(value)]
  const path = all[at % Math.max(1, all.length)]
  return path === undefined ? value : edit(value, path, what)
}

/** A copy with the change at the path. */
function edit(value: unknown, [step, ...rest]: readonly Step[], what: Change): unknown {
  if (step === undefined) return value
  if (Array.isArray(value)) {
    const index = Number(step)
    return value.flatMap((item: unknown, i) => (i !== index ? [item] : rest.length > 0 ? [edit(item, rest, what)] : changed(item, what)))
  }
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
      if (key !== step) return [[key, member]]
      if (rest.length > 0) return [[key, edit(member, rest, what)]]
      return changed(member, what).slice(0, 1).map((item) => [key, item])
    }),
  )
}

/** What stands in place of `value`: nothing, one value, or (in a list) several. */
function changed(value: unknown, what: Change): unknown[] {
  switch (what.kind) {
    case 'set':
      return [what.value]
    case 'remove':
      return []
    case 'repeat':
      return Array.isArray(value) ? [[...value, ...value.slice(0, 1)]] : [value, value]
    case 'flood':
      if (Array.isArray(value)) return [Array.from({ length: 300 }, (_, i) => (typeof value[0] === 'string' ? `x${i}` : isObject(value[0]) ? { ...value[0], name: `x${i}` } : value[0]))]
      return [typeof value === 'string' ? 'x'.repeat(400) : value]
    case 'member':
      return [isObject(value) ? Object.fromEntries([...Object.entries(value), [what.name, 'x']]) : value]
    default:
      return what satisfies never
  }
}
