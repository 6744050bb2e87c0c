/**
 * Which policies a change of an object is for. What a policy judged last tells whose objects it looks at; what is new to
 * it is asked of its selector. Pure.
 */
import { describe, ownerChain, type OwnerFinder, type SubjectName } from './owners.ts'
import type { CompiledPolicy } from './policy.ts'
import { selects, type Selection } from './select.ts'
import type { PodView, WorkloadView } from './snapshot.ts'

/** An object that came, changed or went, with its owners; of a change as it was before, too. */
export interface Change {
  readonly seen: readonly (PodView | WorkloadView)[]
  /** All that it may be known by to whoever looks at it. */
  readonly names: ReadonlySet<string>
}

/** Names of whom the selected objects belong to, as of `changeOf`. */
export const subjectsOf = ({ pods, objects }: Selection): ReadonlySet<string> => new Set([...pods, ...objects].map(({ chain }) => nameOf(chain.subject)))

export function changeOf(versions: readonly (PodView | WorkloadView)[], find: OwnerFinder): Change {
  const chains = versions.map((object) => ({ object, chain: ownerChain(object, find) }))
  const seen = [...new Set(chains.flatMap(({ object, chain }) => [object, ...chain.workloads]))]
  return { seen, names: new Set([...seen.map(({ ref }) => ref), ...chains.map(({ chain }) => chain.subject)].map(nameOf)) }
}

/** @param subjects of what it looked at last; undefined: it has not looked yet */
export const concerns = (policy: CompiledPolicy, subjects: ReadonlySet<string> | undefined, { seen, names }: Change): boolean =>
  subjects === undefined || [...names].some((name) => subjects.has(name)) || seen.some((object) => selects(policy, object))

const nameOf = (ref: SubjectName): string => `${ref.apiVersion} ${ref.namespace ?? ''} ${describe(ref)}`
