/** What is around a policy when it is judged: other policies, and what both could act on. */
import { GROUP } from '../../api/v1alpha1/fields.ts'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import type { AccessAnswers, AccessQuestion } from '../access.ts'
import { consentQuestion } from '../selection/consent-question.ts'
import type { LiveObjects } from './live-objects.ts'
import { meetingOf, sharedNamespaces, type Meeting } from './meeting.ts'

export interface Neighbourhood {
  /** Other policies, with all defaults. */
  readonly policies: readonly HealingPolicy[]
  /** Whether one of them goes first where both cannot act. */
  readonly goesFirst: (policy: HealingPolicy) => boolean
  /** Whether a namespace lets policies of another one in; absent: the rights that were asked tell. */
  readonly letsIn?: (home: string, namespace: string) => boolean
  /** What is in the namespaces that both select; absent: nobody could look. */
  readonly live?: LiveObjects
  /** The policy has been stopped for a conflict, and has not changed since: then it stays so for as long as there can be one. */
  readonly stopped?: true
}

/** Another policy that can come to the same objects. */
export interface Neighbour {
  readonly policy: HealingPolicy
  readonly meeting: Meeting
  /** Namespaces that both select, and that let both in. */
  readonly namespaces: readonly string[]
}

/** Whether it writes by itself now. */
export const actsAlone = ({ spec }: HealingPolicy): boolean => spec.mode === 'automatic' && !spec.suspend

const homeOf = ({ metadata }: HealingPolicy): string => metadata.namespace ?? ''
const isSelf = (one: HealingPolicy, other: HealingPolicy): boolean => one.metadata.name === other.metadata.name && homeOf(one) === homeOf(other)

/** @param counts which of the others matter */
export function neighboursOf(policy: HealingPolicy, { policies, letsIn }: Pick<Neighbourhood, 'policies' | 'letsIn'>, counts: (other: HealingPolicy) => boolean, access: AccessAnswers | undefined): readonly Neighbour[] {
  const found: Neighbour[] = []
  for (const other of policies) {
    if (isSelf(other, policy) || other.metadata.deletionTimestamp !== undefined || !counts(other)) continue
    const meeting = meetingOf(policy, other)
    if (meeting === undefined) continue
    const namespaces = sharedNamespaces(policy, other).filter((namespace) => [policy, other].every((one) => isOpen(homeOf(one), namespace, access, letsIn)))
    if (namespaces.length > 0) found.push({ policy: other, meeting, namespaces })
  }
  return found
}

/** A policy that a namespace does not let in does nothing there, and is told nothing of it. */
const isOpen = (home: string, namespace: string, access: AccessAnswers | undefined, letsIn: Neighbourhood['letsIn']): boolean =>
  namespace === home || (letsIn !== undefined ? letsIn(home, namespace) : access === undefined || access(consentQuestion(home, namespace)) === 'Allowed')

const mayRead = (namespace: string): AccessQuestion => ({ who: 'Author', namespace, apiGroup: GROUP, resource: healingPolicy.plural, verb: 'get' })

/** Where others are at home that select a namespace of the policy, and which of its namespaces they select. */
export function sharedHomes(policy: HealingPolicy, others: readonly HealingPolicy[]): ReadonlyMap<string, readonly string[]> {
  const homes = new Map<string, Set<string>>()
  for (const other of others) {
    const home = homeOf(other)
    const foreign = sharedNamespaces(policy, other).filter((namespace) => namespace !== home)
    if (foreign.length > 0) homes.set(home, new Set([...(homes.get(home) ?? []), ...foreign]))
  }
  return new Map([...homes].map(([home, namespaces]) => [home, [...namespaces]]))
}

/** What has to be asked about neighbours: who is let in where, and whether the author may know of them. */
export function questionsAbout(policy: HealingPolicy, neighbours: readonly Pick<Neighbour, 'policy'>[]): readonly AccessQuestion[] {
  const home = homeOf(policy)
  return neighbours.flatMap(({ policy: other }) => {
    const theirs = homeOf(other)
    const consents = sharedNamespaces(policy, other).flatMap((namespace) => [
      ...(namespace === home ? [] : [consentQuestion(home, namespace)]),
      // What has no answer about the other one refuses nobody: it is as if it were not there.
      ...(namespace === theirs ? [] : [{ ...consentQuestion(theirs, namespace), optional: true as const }]),
    ])
    return [...consents, ...(theirs === home ? [] : [{ ...mayRead(theirs), optional: true as const }])]
  })
}

/**
 * Whether its name may be told: it is in the same namespace, or the author may read it. Whoever has no author to ask, as the
 * controller, tells it to nobody else: the status is read by all who may read the policy.
 */
export const mayBeNamed = (policy: HealingPolicy, other: HealingPolicy, access: AccessAnswers | undefined): boolean =>
  homeOf(policy) === homeOf(other) || access?.(mayRead(homeOf(other))) === 'Allowed'
