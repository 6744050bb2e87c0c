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
import { tellsNothing } from './tested.ts'
import type { Touch } from './touches.ts'

/** What it touches, or why nobody can tell: half a sentence. */
export type Effect = { readonly touches: readonly Touch[] } | { readonly undetermined: string }

/** More in one patch cannot be carried out anyway: see MOST_CHANGES. `test` does not count. */
const MOST_OPERATIONS = 64

/**
 * On an object of the kind that has what the patch is about, and that is as its `test`s say. For patches of which the text is
 * allowed: that of others may be deep, or `copy` without end.
 */
export function effectOf(content: PatchContent, kind: Pick<KindReference, 'kind'>): Effect {
  const telling: PatchContent = content.type === 'json' ? { type: 'json', body: content.body.filter((operation) => !tellsNothing(operation)) } : content
  if (telling.type === 'json' && telling.body.filter((operation) => !isObject(operation) || operation['op'] !== 'test').length > MOST_OPERATIONS) return { undetermined: `has more than ${MOST_OPERATIONS} operations` }
  const sample = sampleOf(kind)
  if (sample === undefined) return { touches: [] }
  const before = fit(sample, telling)
  if ('cannot' in before) return { undetermined: before.cannot }
  const after = applied(telling, before.object)
  return 'cannot' in after ? { undetermined: after.cannot } : { touches: touchesOf(diff(before.object, after.object)) }
}
