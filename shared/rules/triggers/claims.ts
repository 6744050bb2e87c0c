/** Whose word the labels of a result are: the door warns by it, and the controller holds it. */
import { rememberedByText } from '../../lib/remembered.ts'
import { mayHave, type LabelSet } from '../../promql/labels.ts'
import { readQuery } from '../../promql/reading.ts'
import { NAMESPACE_LABELS, OBJECT_LABELS } from './object-labels.ts'

/**
 * Labels that the query makes of what anybody could say, who is scraped: not the source's word about whom a series is of. So
 * is a namespace that is written over that of the series, when the object is of the series still: names repeat between
 * namespaces. A query that writes both is its author's word.
 */
export function claimedLabels(labels: LabelSet): ReadonlySet<string> {
  const { claimed, written, fixed, open } = labels
  const ofSeries = open || OBJECT_LABELS.some((label) => mayHave(labels, label) && !fixed.has(label))
  return new Set([...claimed, ...(ofSeries ? NAMESPACE_LABELS.filter((label) => written.has(label)) : [])].filter((label) => mayHave(labels, label)))
}

/** Of a query as it is written; of one that only another server understands nothing is known. */
export const claimsOf = rememberedByText(256, (expression): ReadonlySet<string> => {
  const { sound } = readQuery(expression)
  return sound === undefined ? new Set() : claimedLabels(sound.labels)
})
