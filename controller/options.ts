/** The controller's options: flag, key of the configuration file, type, default and help from one literal each. */
import { CONTROLLER_LEASE } from '../shared/api/v1alpha1/names.ts'
import { PROGRAM_OPTIONS } from '../shared/kube/program-options.ts'
import { INSTALLATION_OPTIONS } from '../shared/rules/installation-options.ts'
import type { OptionSpec } from '../shared/runtime/options.ts'

export const CONTROLLER_OPTIONS = [
  ...PROGRAM_OPTIONS,
  ...INSTALLATION_OPTIONS,
  {
    key: 'controller.leaderElect',
    flag: 'leader-elect',
    type: 'boolean',
    default: true,
    doc: `Act only while holding the Lease ${CONTROLLER_LEASE} in the operator's namespace. Without it several controllers at once do no harm, but do everything twice.`,
  },
  {
    key: 'controller.concurrency',
    flag: 'concurrency',
    type: 'integer',
    default: 8,
    min: 1,
    max: 64,
    doc: 'Policies, and apart from them actions, worked on at the same time.',
  },
] as const satisfies readonly OptionSpec[]
