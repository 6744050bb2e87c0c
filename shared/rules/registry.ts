/** Every rule, in the order of the reference. To add one: its file, its line here, its two samples, its table test. */
import { ks301 } from './actions/ks301-action-fits-kind.ts'
import { ks302 } from './actions/ks302-dangerous-delete.ts'
import { ks303 } from './actions/ks303-privileged-patch.ts'
import { ks304 } from './actions/ks304-unreadable-patch.ts'
import { ks305 } from './actions/ks305-scale-bounds.ts'
import { ks306 } from './actions/ks306-concurrency.ts'
import { ks307 } from './actions/ks307-opposites.ts'
import { ks309 } from './actions/ks309-futile-action.ts'
import { ks501 } from './across/ks501-conflict.ts'
import { ks502 } from './across/ks502-feedback.ts'
import { ks505 } from './across/ks505-pruned-fields.ts'
import { exemptionRule } from './across/ks506-exemption.ts'
import { ks507 } from './across/ks507-annotations.ts'
import type { Rule } from './rule.ts'
import { ks401 } from './safety/ks401-max-actions.ts'
import { ks402 } from './safety/ks402-unchecked.ts'
import { ks403 } from './safety/ks403-max-unhealthy.ts'
import { ks404 } from './safety/ks404-approval.ts'
import { ks406 } from './safety/ks406-time-windows.ts'
import { ks407 } from './safety/ks407-budgets.ts'
import { ks408 } from './safety/ks408-never-allowed.ts'
import { ks409 } from './safety/ks409-limits-in-name.ts'
import { ks410 } from './safety/ks410-history.ts'
import { ks101 } from './selection/ks101-match-all.ts'
import { ks102 } from './selection/ks102-never-matches.ts'
import { ks103 } from './selection/ks103-protected-namespace.ts'
import { ks104 } from './selection/ks104-forbidden-target.ts'
import { ks105 } from './selection/ks105-all-protected.ts'
import { ks106 } from './selection/ks106-impact.ts'
import { ks107 } from './selection/ks107-unknown-kind.ts'
import { ks108 } from './selection/ks108-author-may-not.ts'
import { ks109 } from './selection/ks109-other-namespace.ts'
import { ks110 } from './selection/ks110-empty-protection.ts'
import { ks201 } from './triggers/ks201-query-syntax.ts'
import { ks202 } from './triggers/ks202-comparison-in-query.ts'
import { ks203 } from './triggers/ks203-counters-and-selectors.ts'
import { ks209 } from './triggers/ks209-series-about-nothing.ts'
import { ks204 } from './triggers/ks204-fires-when-healthy.ts'
import { ks205 } from './triggers/ks205-never-together.ts'
import { ks207 } from './triggers/ks207-condition-type.ts'
import { ks208 } from './triggers/ks208-durations.ts'
import { ks210 } from './triggers/ks210-unknown-metric.ts'
import { ks211 } from './triggers/ks211-message-pattern.ts'
import { ks213 } from './triggers/ks213-idle-trigger.ts'
import { ks214 } from './triggers/ks214-alert-matchers.ts'
import { ks215 } from './triggers/ks215-event-reason.ts'

export interface RuleGroup {
  readonly name: string
  readonly rules: readonly Rule[]
}

export const RULE_GROUPS: readonly RuleGroup[] = [
  { name: 'Selection', rules: [ks101, ks102, ks103, ks104, ks105, ks106, ks107, ks108, ks109, ks110] },
  { name: 'Triggers', rules: [ks201, ks202, ks203, ks204, ks205, ks207, ks208, ks209, ks210, ks211, ks213, ks214, ks215] },
  { name: 'Actions', rules: [ks301, ks302, ks303, ks304, ks305, ks306, ks307, ks309] },
  { name: 'Safety', rules: [ks401, ks402, ks403, ks404, ks406, ks407, ks408, ks409, ks410] },
  { name: 'Across policies', rules: [ks501, ks502, ks505, exemptionRule(() => RULES), ks507] },
]

export const RULES: readonly Rule[] = RULE_GROUPS.flatMap(({ rules }) => rules)
