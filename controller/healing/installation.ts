/** What the controller knows of the installation: what rules read, and the limits that hold for all policies together. */
import { DEFAULT_INSTALLATION as DEFAULT_FOR_RULES, type Installation as RuleInstallation } from '../../shared/rules/rule.ts'

export interface Installation extends RuleInstallation {
  /** Actions in every sliding hour, of all policies of one namespace, and of all of them. */
  readonly budgets: { readonly namespace: number; readonly cluster: number }
  /**
   * Percentages of unhealthy objects above which nothing is done: of those that a policy selects (where it says
   * nothing), and of those that all automatic policies select, when these are `minimum` at least.
   */
  readonly storm: RuleInstallation['storm'] & { readonly clusterPercent: number; readonly minimum: number }
}

/** What holds when the installation says nothing. */
export const DEFAULT_INSTALLATION: Installation = {
  ...DEFAULT_FOR_RULES,
  budgets: { namespace: 60, cluster: 120 },
  storm: { ...DEFAULT_FOR_RULES.storm, clusterPercent: 55, minimum: 20 },
}
