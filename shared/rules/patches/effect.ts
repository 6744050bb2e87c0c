/**
 * What a patch does, whatever it says: applied to sample objects as the API server would, and compared. Beside the
 * analysis of its text (touches.ts); both must allow it. Pure.
 */
import type { KindReference } from '../../api/v1alpha1/kinds.ts'
import { isObject } from '../../lib/json.ts'
import { applied } from './apply.ts'
import { diff, touchesOf } from './changes.ts'
import type { PatchContent } from './parse.ts'
import { fit, sampleOf } from './samples.ts'
import type { Touch } from './touches.ts'

/** What it touches, or why nobody can tell: half a sentence. */
export type Effect = { readonly touches: readonly Touch[] } | { readonly undetermined: string }

/** More in one patch cannot be carried out anyway: see MOST_CHANGES. `test` does not count. */
const MOST_OPERATIONS = 64

/**
 * On an object of the kind that has what the patch is about; `test` is taken to hold. For patches of which the text is
 * allowed: that of others may be deep, or `copy` without end.
 */
export function effectOf(content: PatchContent, kind: Pick<KindReference, 'kind'>): Effect {
  const writing: PatchContent = content.type === 'json' ? { type: 'json', body: content.body.filter((operation) => !isObject(operation) || operation['op'] !== 'test') } : content
  if (writing.type === 'json' && writing.body.length > MOST_OPERATIONS) return { undetermined: `has more than ${MOST_OPERATIONS} operations` }
  const sample = sampleOf(kind)
  if (sample === undefined) return { touches: [] }
  const before = fit(sample, writing)
  const after = applied(writing, before)
  return 'cannot' in after ? { undetermined: after.cannot } : { touches: touchesOf(diff(before, after.object)) }
}
