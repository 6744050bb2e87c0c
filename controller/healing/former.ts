/**
 * What began before `spec.triggerMatch` was changed: incidents of single triggers while all of them have to meet now, and
 * the other way round. Changing the policy heals nothing and looks at nothing, so nothing of it is forgotten: what is under
 * way is verified as what it was, the cooldown runs, and an escalation waits until the workload is well by the rule of now.
 */
import { ALL_TRIGGERS } from '../../shared/api/v1alpha1/fields.ts'
import { millis, type Instant, type Millis } from '../../shared/lib/time.ts'
import { refuseCooldown, whyEscalated, type Ledger } from './incidents.ts'
import { sameSubject, type SubjectName } from './owners.ts'
import { allOf, causeOf, type Cause, type CompiledPolicy } from './policy.ts'
import type { Refusal } from './refusal.ts'

/** What the name stands for; undefined: for nothing, the policy has no such trigger (any more). */
export const meaningOf = (policy: CompiledPolicy, name: string): Cause | undefined =>
  causeOf(policy, name) ?? (name === ALL_TRIGGERS ? allOf(policy.triggers, []) : policy.triggers.find((trigger) => trigger.name === name))

/** It stands for something that leads to no act any more. */
export const isFormer = (policy: CompiledPolicy, name: string): boolean => causeOf(policy, name) === undefined && meaningOf(policy, name) !== undefined

/** undefined: there is nothing to cool down from. What has lost its rule has the longest. */
export function cooldownOf(policy: CompiledPolicy, name: string): Millis | undefined {
  if (isFormer(policy, name)) return millis(Math.max(0, ...policy.triggers.map(({ cooldown }) => cooldown)))
  return causeOf(policy, name)?.cooldown
}

/** By what names the same trouble was known under the other rule. */
export const formerNames = ({ triggers }: Pick<CompiledPolicy, 'triggers'>, { type }: Pick<Cause, 'type'>): readonly string[] =>
  type === 'all' ? triggers.map(({ name }) => name) : [ALL_TRIGGERS]

/** Why nothing new may begin on the workload yet. The ledger has been maintained: none of these is open but for an act under way. */
export function refuseFormer(policy: CompiledPolicy, ledger: Ledger, subject: SubjectName, now: Instant): Refusal | undefined {
  const before = ledger.incidents.filter((i) => sameSubject(i.subject, subject) && isFormer(policy, i.trigger))
  const escalated = before.find(({ state }) => state === 'Escalated')
  if (escalated !== undefined) return { reason: 'Escalated', message: `${whyEscalated(ledger, escalated)}: a person has to look` }
  const open = before.find(({ state }) => state === 'Open')
  if (open !== undefined) return { reason: 'IncidentInProgress', message: `an action for ${subject.kind}/${subject.name} is under way` }
  return before.map((incident) => refuseCooldown(incident, now)).find((refusal) => refusal !== undefined)
}
