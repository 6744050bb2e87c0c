/** delete: the object goes, whatever a disruption budget says, and never by force. */
import { ACTS_ON, isOneOf, POD } from '../../shared/api/v1alpha1/action-kinds.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { describe } from '../healing/owners.ts'
import type { ActionKind } from './action.ts'
import { goingChanges, refuse } from './evict.ts'

type DeleteArgs = NonNullable<ActionTemplate['deleteAction']>

const DELETABLE = [POD, ...ACTS_ON.delete]

export const deleteAction: ActionKind<DeleteArgs> = {
  type: 'delete',
  args: (template) => template.deleteAction,
  expects: () => 'replacement',
  plan: ({ gracePeriodSeconds, propagationPolicy, force }, target) => {
    const { ref, resourceVersion } = target
    if (!isOneOf(DELETABLE, ref)) return refuse('Unsupported', `${describe(ref)} is not deleted: what it owns does not come back by itself`)
    if (force === true || gracePeriodSeconds === 0) return refuse('Unsupported', 'nothing is deleted by force')
    if (propagationPolicy === 'Orphan') return refuse('Unsupported', `deleting ${describe(ref)} with Orphan would leave pods that nobody looks after`)
    if (target.shape === 'Pod' && target.owner === undefined) return refuse('NoController', `${describe(ref)} has no controller: nothing would replace it`)
    return {
      operations: [{ kind: 'delete', target: ref, preconditions: { uid: ref.uid, resourceVersion }, gracePeriodSeconds, propagationPolicy }],
      changes: goingChanges(target, 'deletion', gracePeriodSeconds),
      intent: [],
    }
  },
}
