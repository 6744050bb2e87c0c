import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { remembered } from '../../lib/remembered.ts'
import { plural, quoted } from '../../lib/text.ts'
import type { Finding, Rule, RuleContext } from '../rule.ts'
import { rootOf, sharedObjects, type LiveObjects } from './live-objects.ts'
import { actsAlone, mayBeNamed, neighboursOf, questionsAbout, type Neighbour, type Neighbourhood } from './neighbours.ts'
import { inWords, worstPairing, type Pairing } from './opposition.ts'
import { meetingOf } from './meeting.ts'
import { fullName } from './standing.ts'
import type { InTheWay } from './turns.ts'

interface Conflict extends Neighbour {
  readonly pairing: Pairing
}

type Around = Omit<Neighbourhood, 'live'>

/** Policies that act by themselves on what this one could act on too, with how their actions stand to each other. */
function conflictsOf(policy: HealingPolicy, around: Around, access: RuleContext['access']): readonly Conflict[] {
  if (!actsAlone(policy)) return []
  const opponents = opponentsOf(policy)(around.policies)
  const pairings = new Map(opponents.map(({ other, pairing }) => [other, pairing]))
  return neighboursOf(policy, { ...around, policies: opponents.map(({ other }) => other) }, around.goesFirst, access).flatMap((neighbour) => {
    const pairing = pairings.get(neighbour.policy)
    return pairing === undefined ? [] : [{ ...neighbour, pairing }]
  })
}

/** Found once for what is asked several times of one policy: most others select something else. */
const opponentsOf = remembered((policy: HealingPolicy) =>
  remembered((policies: readonly HealingPolicy[]) =>
    policies.flatMap((other) => {
      const pairing = actsAlone(other) && meetingOf(policy, other) !== undefined ? worstPairing(policy, other) : undefined
      return pairing === undefined ? [] : [{ other, pairing }]
    }),
  ),
)

/** Whether one of them could be stopped for the other, as far as they say themselves. */
export const couldConflict = (one: HealingPolicy, other: HealingPolicy): boolean => actsAlone(one) && actsAlone(other) && meetingOf(one, other) !== undefined && worstPairing(one, other) !== undefined

/** Whether both can act, by what they say themselves and where they are let in. The same for both of them. */
export function inTheWay(one: HealingPolicy, other: HealingPolicy, letsIn: NonNullable<Neighbourhood['letsIn']>): InTheWay | undefined {
  const [conflict] = conflictsOf(one, { policies: [other], letsIn, goesFirst: () => true }, undefined)
  if (conflict === undefined || conflict.pairing.stand === 'Same') return undefined
  return conflict.meeting === 'Implied' ? 'Certain' : 'Possible'
}

/** Where one has to look to tell whether the policy is in conflict: empty when nothing there could make a difference. */
export const namespacesInQuestion = (policy: HealingPolicy, around: Around, access?: RuleContext['access']): readonly string[] => [
  ...new Set(conflictsOf(policy, around, access).flatMap(({ namespaces }) => namespaces)),
]

/** More are no help to anybody. */
const MOST = 10

export const ks501: Rule = {
  id: 'KS501',
  severity: 'E',
  alsoWarns: true,
  title: 'No two automatic policies do opposite things to the same objects, and none deletes what another one acts on.',
  why: 'each act of one brings the other one back, until their hourly limits end it',
  fix: 'select other objects in one of them, make both rungs of one policy, or suspend one',
  needs: 'cluster',
  asks: (policy, { around } = {}) => (around === undefined ? [] : questionsAbout(policy, conflictsOf(policy, around, undefined))),
  check: (policy, { around, access }) => {
    if (around === undefined) return []
    const judged = conflictsOf(policy, around, access).flatMap((conflict) => verdictOn(policy, conflict, around))
    // Warnings would hide what refuses.
    return judged.toSorted((a, b) => Number(a.severity === 'W') - Number(b.severity === 'W')).slice(0, MOST).map((verdict) => finding(policy, verdict, around, access))
  },
}

interface Verdict extends Conflict {
  readonly severity: 'E' | 'W'
  /** Workloads of which both select something now, counted as KS106 does: a pod of nobody is one. */
  readonly shared: number
}

function verdictOn(policy: HealingPolicy, conflict: Conflict, { live, stopped }: Neighbourhood): Verdict[] {
  const { policy: other, meeting, namespaces, pairing } = conflict
  const shared = live === undefined ? 0 : new Set(sharedObjects(policy, other, live).filter(({ namespace }) => namespaces.includes(namespace)).map((object) => rootOf(object, live).uid)).size
  const certain = meeting === 'Implied' || shared > 0
  if (pairing.stand === 'Same') return certain ? [{ ...conflict, shared, severity: 'W' }] : []
  if (certain || stopped === true) return [{ ...conflict, shared, severity: 'E' }]
  return meeting === 'Possible' ? [{ ...conflict, shared, severity: 'W' }] : []
}

function finding(policy: HealingPolicy, { policy: other, meeting, pairing, severity, shared }: Verdict, { live }: Neighbourhood, access: RuleContext['access']): Finding {
  const { stand, index, mine, theirs } = pairing
  const who = mayBeNamed(policy, other, access) ? `policy ${quoted(fullName(other), 317)}` : 'a policy of another namespace'
  const what = `${who} ${inWords(theirs)} what ${ownName(policy)} ${inWords(mine)}: ${evidence(shared, live, meeting)}`
  return { path: `spec.actions[${index}]`, what, severity, ...(stand === 'Same' ? TWICE : stand === 'Destructive' ? { why: 'what one heals the other one deletes' } : {}) }
}

/** One that the API server is to name has none yet. */
const ownName = ({ metadata }: HealingPolicy): string => (typeof metadata.name === 'string' ? quoted(metadata.name, 253) : 'this one')

const TWICE = { why: 'two limits, two cooldowns and two breakers let the same thing happen twice as often', fix: 'make one policy with both triggers' } as const

function evidence(shared: number, live: LiveObjects | undefined, meeting: Neighbour['meeting']): string {
  if (shared > 0) return `both select ${live?.complete === false ? 'at least ' : ''}${plural(shared, 'workload')} now`
  return meeting === 'Implied' ? 'one selects whatever the other selects' : 'both can select the same objects'
}
