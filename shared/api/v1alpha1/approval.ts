/** Which actions wait until a person has approved them. */
import type { ActionTemplate, Mode } from './types.ts'

type Approvable = Pick<ActionTemplate, 'requiresApproval' | 'target' | 'restartAction'>

/** A dry run writes nothing, so nobody is asked. */
export const needsApproval = ({ mode }: { readonly mode: Mode }, template: Approvable): boolean =>
  mode === 'manual' || (mode === 'automatic' && (template.requiresApproval === true || takesAllAtOnce(template)))

/** All pods of a workload gone at the same time is an outage that somebody has to want. */
export const takesAllAtOnce = ({ target, restartAction }: Approvable): boolean => target !== 'Pod' && restartAction?.strategy === 'recreate'
