/** restart of a pod: it is evicted, and its controller makes a new one. Only eviction respects a disruption budget. */
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import type { ActionKind } from './action.ts'

type RestartArgs = NonNullable<ActionTemplate['restartAction']>

export const restartAction: ActionKind<RestartArgs> = {
  type: 'restart',
  permissions: [{ apiGroup: '', resource: 'pods/eviction', verb: 'create' }],
  args: (template) => template.restartAction,
  plan: ({ gracePeriodSeconds }, { ref, resourceVersion, owner }) => ({
    operations: [{ kind: 'evict', target: ref, preconditions: { uid: ref.uid, resourceVersion }, gracePeriodSeconds }],
    changes: [
      {
        field: 'metadata.deletionTimestamp',
        newValue: gracePeriodSeconds === undefined ? 'set by eviction' : `set by eviction, grace period ${gracePeriodSeconds}s`,
      },
      { field: 'metadata.uid', oldValue: ref.uid, newValue: owner === undefined ? 'none' : `of a new pod made by ${owner.kind}/${owner.name}` },
    ],
  }),
}
