/** What all triggers of a policy together are called, and how a status tells that they have to meet. */
import { ALL_TRIGGERS } from './fields.ts'
import type { HealingPolicySpec, HealingPolicyStatus } from './types.ts'

/** One trigger alone meets itself: it is called by its own name. */
export const needsAll = ({ triggerMatch, triggers }: Pick<HealingPolicySpec, 'triggerMatch' | 'triggers'>): boolean => triggerMatch === 'All' && triggers.length > 1

type Reports = NonNullable<HealingPolicyStatus['triggers']>
type Findings = NonNullable<HealingPolicyStatus['findings']>

const allMeet = ({ triggers = [] }: HealingPolicyStatus): boolean => triggers.some(({ name }) => name === ALL_TRIGGERS)

/** Of what a status says by trigger, that which can lead to an act: where all triggers have to meet, what it says of all of them. */
export const leadingReports = (status: HealingPolicyStatus): Reports => (status.triggers ?? []).filter(({ name }) => !allMeet(status) || name === ALL_TRIGGERS)
export const leadingFindings = (status: HealingPolicyStatus): Findings => (status.findings ?? []).filter(({ trigger }) => !allMeet(status) || trigger === ALL_TRIGGERS)
