/** How two actions stand to each other that may be made to the same object: decided by what they write. Pure. */
import { needsApproval } from '../../api/v1alpha1/approval.ts'
import { isPod, nameOf } from '../../api/v1alpha1/kinds.ts'
import type { ActionTemplate, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { sameJson } from '../../lib/json.ts'
import { remembered } from '../../lib/remembered.ts'
import { targetKinds, writesTo } from '../action-writes.ts'
import { parsePatch } from '../patches/parse.ts'
import type { Touch } from '../patches/touches.ts'
import { selectedResources } from '../rule.ts'
import { inWords as scalingInWords, scalingOf, scalings } from '../scaling.ts'

/** `Opposing`: one undoes the other. `Destructive`: one deletes what the other acts on. `Same`: both do it. */
export type Stand = 'Opposing' | 'Destructive' | 'Same'

export interface Pairing {
  readonly stand: Stand
  /** Index in the first policy's actions. */
  readonly index: number
  readonly mine: ActionTemplate
  readonly theirs: ActionTemplate
}

/** An action that nobody is asked about, and what it is made to. */
interface Deed {
  readonly action: ActionTemplate
  readonly index: number
  /** By kind of target: what is written. */
  readonly writes: ReadonlyMap<string, ReadonlySet<string>>
  /** It is made to something that has pods. */
  readonly toWorkloads: boolean
}

const deedsOf = remembered((policy: HealingPolicy): readonly Deed[] =>
  policy.spec.actions.flatMap((action, index) => {
    if (needsApproval(policy.spec, action)) return []
    const targets = targetKinds(action, selectedResources(policy))
    const writes = new Map(targets.map((kind) => [nameOf(kind), new Set(writesTo(action, kind).map(({ kind: write, on }) => `${write} ${nameOf(on)}`))]))
    return [{ action, index, writes, toWorkloads: targets.some((kind) => !isPod(kind)) }]
  }),
)

const WORST: Readonly<Record<Stand, number>> = { Opposing: 0, Destructive: 1, Same: 2 }

/** The worst pair of what the two do without asking anybody; undefined: they do not get in each other's way. */
export function worstPairing(one: HealingPolicy, other: HealingPolicy): Pairing | undefined {
  let worst: Pairing | undefined
  for (const mine of deedsOf(one)) {
    for (const theirs of deedsOf(other)) {
      const stand = standOf(mine, theirs)
      if (stand !== undefined && (worst === undefined || WORST[stand] < WORST[worst.stand])) worst = { stand, index: mine.index, mine: mine.action, theirs: theirs.action }
    }
  }
  return worst
}

function standOf(one: Deed, other: Deed): Stand | undefined {
  const common = [...one.writes.keys()].filter((kind) => other.writes.has(kind))
  // With a workload go its pods.
  const deletes = ({ action, toWorkloads }: Deed): boolean => action.type === 'delete' && (common.length > 0 || toWorkloads)
  if (deletes(one) || deletes(other)) return 'Destructive'
  if (common.length === 0) return undefined
  const [a, b] = [one.action, other.action]
  if (a.patchAction !== undefined && b.patchAction !== undefined) return patches(a.patchAction, b.patchAction)
  const [by, to] = [scalingOf(a), scalingOf(b)]
  if (by !== undefined && to !== undefined) return scalings(by, to)
  if (a.type === 'patch' || b.type === 'patch') return undefined
  return common.some((kind) => [...(one.writes.get(kind) ?? [])].some((write) => other.writes.get(kind)?.has(write) === true)) ? 'Same' : undefined
}

type Patching = NonNullable<ActionTemplate['patchAction']>

/** One that cannot be read has another rule against it. */
function patches(a: Patching, b: Patching): Stand | undefined {
  const [mine, theirs] = [touchesOf(a), touchesOf(b)]
  const meeting = mine.flatMap((touch) => theirs.filter((other) => onOneWay(touch, other)).map((other) => sameJson(touch, other)))
  if (meeting.length === 0) return undefined
  return meeting.every(Boolean) ? 'Same' : 'Opposing'
}

/** Allow-listed fields are few. A patch with more is compared by its first ones: every pair of policies costs the product. */
const MOST_TOUCHES = 256

const touchesOf = remembered((patch: Patching): readonly Touch[] => {
  const parsed = parsePatch(patch)
  return 'problems' in parsed ? [] : parsed.touches.slice(0, MOST_TOUCHES)
})

/** One path leads to the other, or both are the same. */
const onOneWay = ({ path: a }: Touch, { path: b }: Touch): boolean => a.slice(0, b.length).every(({ key }, index) => key === b[index]?.key)

/** What it does, for people: `scales up`. */
export function inWords({ type, scaleAction, patchAction }: ActionTemplate): string {
  if (scaleAction !== undefined) return `scales ${scalingInWords(scaleAction)}`
  if (patchAction !== undefined) return 'patches'
  return `${type}s`
}
