import { quoted } from '../../lib/text.ts'
import { less, mayHave, type LabelSet } from '../../promql/labels.ts'
import type { Sound } from '../../promql/reading.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { selectedNamespaces, selectedResources, type Finding, type Rule } from '../rule.ts'
import { claimedLabels } from './claims.ts'
import { EXPORTED, labelsOf, NAMESPACE_LABELS, POD_LABELS, WORKLOAD_KINDS, WORKLOAD_LABEL } from './object-labels.ts'
import { findingsAt, soundQueries, sourceOf } from './queries.ts'

export const ks209: Rule = {
  id: 'KS209',
  severity: 'W',
  title: 'The series of a query keep the labels that say which object they are about: the namespace, and the pod or what else is selected.',
  why: 'a value that names no object is nothing to act on, and the trigger has no data for ever',
  fix: 'keep the labels when aggregating: sum by (namespace, pod) (...)',
  check: (policy, { installation }) =>
    soundQueries(policy).flatMap(({ query, sound }): Finding[] => [
      ...findingsAt(query, aboutNothing(policy, sound, sourceOf(query, installation).trustExportedLabels)),
      ...findingsAt(query, sound.mismatches),
    ]),
}

type Found = Parameters<typeof findingsAt>[1]

function aboutNothing(policy: HealingPolicy, sound: Sound, trusted: boolean): Found {
  const { from } = sound
  const kinds = selectedResources(policy).map(({ kind }) => kind)
  const names = new Set<string>([...NAMESPACE_LABELS, ...POD_LABELS, ...kinds.flatMap(labelsOf), WORKLOAD_LABEL])
  const claims = new Set(trusted ? [] : [...claimedLabels(sound.labels)].filter((label) => names.has(label)))
  // What is only claimed leads nowhere.
  const labels = claims.size === 0 ? sound.labels : less(sound.labels, [...claims])
  const named = hasOne(labels, NAMESPACE_LABELS, trusted)
  const single = isSingle(policy)
  if (!named && single && !mayHave(labels, `${EXPORTED}namespace`) && !NAMESPACE_LABELS.some((label) => claims.has(label))) return []
  const leading = leads(kinds, labels, trusted)
  const ownClaimed = kinds.flatMap(labelsOf).some((label) => claims.has(label))
  if (claims.size > 0 && (ownClaimed || !named || !leading)) return [{ from, ...claimed(claims, sound.labels) }]
  const wanted = [...new Set([...kinds.map((kind) => labelsOf(kind)[0] ?? ''), 'pod'])]
  const lost = [...(named ? [] : ['namespace']), ...(leading ? [] : [wanted.join(' or ')])]
  if (lost.length > 0) return [{ from, what: `the series are left with ${left(labels)}, without ${lost.join(' and ')}`, ...(single ? { fix: 'keep namespace and the label of the object, or neither of them' } : {}) }]
  // Then the label of another name counts, which nobody knows here.
  if (trusted) return []
  const elsewhere = NAMESPACE_LABELS.map((label) => labels.fixed.get(label)).find((value) => value !== undefined && !selectedNamespaces(policy).includes(value))
  return elsewhere === undefined ? [] : [{ from, what: `the series are of namespace ${quoted(elsewhere)}, in which the policy selects nothing`, fix: 'leave the namespace out: series of others are not looked at' }]
}

/** Whose word the labels are by which the series would lead to an object. */
function claimed(claims: ReadonlySet<string>, labels: LabelSet): Omit<Found[number], 'from'> {
  const of = inWords([...claims].filter((label) => labels.claimed.has(label)))
  const why = 'whoever is scraped could lead acts to the objects of others so: such labels are not looked at, and lead to nothing'
  if (of !== '') return { what: `${of} made of what a scraped process says of itself, or of a value`, why, fix: 'keep the labels that the source gives, or let the source trust exported labels (trustExportedLabels), where nobody else can be scraped' }
  const over = inWords([...claims])
  return { what: `${over} written over that of the series, and the object is theirs`, why, fix: 'select the namespace of the series, x{namespace="..."}, or aggregate their labels away, sum(x), and write that of the object as well' }
}

const inWords = (labels: readonly string[]): string => (labels.length === 0 ? '' : labels.length === 1 ? `the label ${labels[0] ?? ''} is` : `the labels ${[...labels].sort().join(' and ')} are`)

/** Of an open set the first name counts, which is the usual one: whoever takes it away means all of them. */
function hasOne(labels: LabelSet, names: readonly string[], trusted: boolean): boolean {
  if (labels.open) return names.slice(0, 1).some((name) => mayHave(labels, name))
  return names.some((name) => mayHave(labels, name) || (trusted && mayHave(labels, `${EXPORTED}${name}`)))
}

/** Whatever is selected may have pods, and these are looked at too. */
const leads = (kinds: readonly string[], labels: LabelSet, trusted: boolean): boolean =>
  hasOne(labels, POD_LABELS, trusted) || kinds.some((kind) => hasOne(labels, labelsOf(kind), trusted) || (WORKLOAD_KINDS.has(kind) && hasOne(labels, [WORKLOAD_LABEL], trusted)))

/** Then a value that names nothing is about the one object that is named. */
function isSingle(policy: HealingPolicy): boolean {
  const [only, ...others] = selectedResources(policy)
  return others.length === 0 && only?.names?.length === 1 && selectedNamespaces(policy).length === 1
}

const left = ({ open, names }: LabelSet): string => (open ? `all labels but ${[...names].sort().join(', ')}` : names.size === 0 ? 'no label' : [...names].sort().join(', '))
