/**
 * What all triggers of a policy together see of one object: no more than the one that sees the least. Where one of them is
 * quiet they do not all hold, whatever the others would say; where none is quiet and one has no data, nobody knows.
 */
import { printable } from '../../shared/lib/text.ts'
import { earliest, latest, type Instant } from '../../shared/lib/time.ts'
import { isTrouble, type Observation, type Trouble } from '../triggers/trigger.ts'
import type { CompiledTrigger } from './policy.ts'
import type { Selected } from './select.ts'

export interface Looked {
  readonly selected: Selected
  readonly observation: Observation
}

/** What one trigger sees of everything that it looks at. */
export interface Sight {
  readonly trigger: CompiledTrigger
  readonly looked: readonly Looked[]
}

/** All evidence must find room in the HealingAction. */
export const MOST_EVIDENCE = 1800

/** Of the objects that each of them looks at: the same object is the one with the same uid. */
export function together(sights: readonly Sight[]): readonly Looked[] {
  const byUid = sights.map(({ looked }) => new Map(looked.map((one) => [one.selected.object.ref.uid, one.observation])))
  const blind = sights.map(blindOn)
  const objects = new Map(sights.flatMap(({ looked }) => looked.map(({ selected }) => [selected.object.ref.uid, selected] as const)))
  return [...objects.values()].flatMap((selected): Looked[] => {
    const parts = sights.flatMap((sight, i): Part[] => {
      const observation = byUid[i]?.get(selected.object.ref.uid) ?? blind[i]?.get(keyOf(selected))
      return observation === undefined ? [] : [{ name: sight.trigger.name, observation }]
    })
    return parts.length === sights.length ? [{ selected, observation: joint(parts) }] : []
  })
}

/** Without any data a trigger cannot say which objects it is about: it is then blind on the other objects of the workload too. By workload. */
const blindOn = ({ looked }: Sight): ReadonlyMap<string, Observation> =>
  new Map(looked.flatMap(({ selected, observation }) => (observation.state === 'NoData' ? [[keyOf(selected), observation] as const] : [])))

const keyOf = ({ chain: { subject } }: Selected): string => `${subject.apiVersion} ${subject.kind} ${subject.namespace}/${subject.name}`

interface Part<Of extends Observation = Observation> {
  readonly name: string
  readonly observation: Of
}

/** Together they were quiet as soon as the first of them was; one of which it is not known may always have been. */
function overSince(quiet: readonly { readonly since?: Instant }[]): { readonly since?: Instant } {
  const times = quiet.flatMap(({ since }) => since ?? [])
  const [first] = times
  return first === undefined || times.length < quiet.length ? {} : { since: times.reduce(earliest, first) }
}

function joint(parts: readonly Part[]): Observation {
  const quiet = parts.flatMap(({ observation }) => (observation.state === 'Quiet' ? observation : []))
  if (quiet.length > 0) return { state: 'Quiet', ...overSince(quiet) }
  const held = parts.filter((part): part is Part<Trouble> => isTrouble(part.observation))
  const [first, ...more] = held
  const [unknown] = parts.flatMap(({ name, observation }) => (observation.state === 'NoData' ? `${name} has no data: ${observation.why}` : []))
  if (first === undefined) return { state: 'NoData', why: unknown ?? '' }
  if (unknown !== undefined) return { state: 'NoData', why: `${held.map(({ name }) => name).join(', ')} ${held.length === 1 ? 'holds' : 'hold'}, but ${unknown}` }
  const all = [first, ...more]
  const seen = all.flatMap(({ observation }) => observation.seen ?? [])
  const share = Math.floor(MOST_EVIDENCE / all.length) - 2
  return {
    state: all.every(({ observation }) => observation.state === 'Firing') ? 'Firing' : 'Pending',
    // Together they hold since the last of them began.
    since: all.reduce((t, { observation }) => latest(t, observation.since), first.observation.since),
    firesAt: all.reduce((t, { observation }) => latest(t, observation.firesAt), first.observation.firesAt),
    restarts: 0,
    // What one of them has from before may end, and with it all that they see together.
    ...(all.some(({ observation }) => observation.inherited === true) ? { inherited: true as const } : {}),
    evidence: all.map(({ name, observation }) => printable(`${name}: ${observation.evidence}`, share)).join('; '),
    ...(seen.length === 0 ? {} : { seen: Math.max(...seen) }),
  }
}
