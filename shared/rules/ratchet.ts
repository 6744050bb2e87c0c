/**
 * What an update may keep, and bring in. Whoever makes a policy do less must get through, whatever is wrong with it: else a
 * rule that came later would keep the policy acting. Least of all one that is suspended does; going on is judged in full.
 */
import type { HealingPolicy, HealingPolicySpec, Mode } from '../api/v1alpha1/types.ts'
import { isObject, isSameWithin, sameJson } from '../lib/json.ts'
import { doesNoMore, MODES_BY_RISK } from './less.ts'
import { placeOf } from './place.ts'
import { violationKey, type Violation } from './violation.ts'

/** The rule about exemptions: the only one that goes by what may change beside the spec. */
export const EXEMPTION_RULE = 'KS506'
/** The rule about consent: E, and still somebody else's to give. */
export const CONSENT_RULE = 'KS109'

const noMore = (now: Mode, old: Mode): boolean => MODES_BY_RISK.indexOf(now) <= MODES_BY_RISK.indexOf(old)

const same = (now: HealingPolicySpec, old: HealingPolicySpec): boolean => sameJson({ ...now, suspend: false }, { ...old, suspend: false })

/** Whether an update makes it do no more than before; both have all defaults. What goes on again does more. */
export const isNoMore = (now: HealingPolicySpec, old: HealingPolicySpec): boolean => !(old.suspend && !now.suspend) && noMore(now.mode, old.mode) && doesNoMore(now, old)

/** A policy that has the shape of the schema, or a spec of which that is not so. */
export type Side = { readonly policy: Pick<HealingPolicy, 'spec'> } | { readonly spec: unknown }

/**
 * Rights and consent are other people's. What is written into a suspended policy is done once somebody resumes it, and
 * whoever does may have more rights than who wrote it.
 */
const isHeld = ({ severity, rule }: Violation): boolean => severity === 'F' || rule === CONSENT_RULE

const ALL = (): boolean => true
const NONE = (): boolean => false

/** @param before what the rules find in what is stored, as it would be judged now */
export function tolerance(now: Side, old: Side, before: () => readonly Violation[]): (violation: Violation) => boolean {
  // The API server lets nothing out of its schema but what was out of it before.
  if (!('policy' in now)) return isSuspended(now.spec) || (!('policy' in old) && isSameWithin(DEEPEST, now.spec, old.spec)) ? ALL : NONE
  const { spec } = now.policy
  const toleratedAsSuspended = spec.suspend ? (violation: Violation): boolean => !isHeld(violation) : NONE
  if (!('policy' in old) || (old.policy.spec.suspend && !spec.suspend) || !noMore(spec.mode, old.policy.spec.mode)) return toleratedAsSuspended
  const stops = same({ ...spec, mode: old.policy.spec.mode }, old.policy.spec)
  if (!stops && !doesNoMore(spec, old.policy.spec)) return toleratedAsSuspended
  // Most policies break no rule: what is stored is judged when there is something to tolerate.
  let found: { readonly keys: ReadonlySet<string>; readonly places: ReadonlySet<string> } | undefined
  const there = (): NonNullable<typeof found> => (found ??= keysAndPlaces(before(), old.policy))
  return (violation) => toleratedAsSuspended(violation) || (violation.rule === EXEMPTION_RULE ? there().keys.has(violationKey(violation)) : stops || there().places.has(placeOf(violation, now.policy)))
}

const keysAndPlaces = (found: readonly Violation[], policy: Pick<HealingPolicy, 'spec'>) => ({
  keys: new Set(found.map(violationKey)),
  places: new Set(found.flatMap((violation) => (violation.severity === 'W' ? [] : [placeOf(violation, policy)]))),
})

const isSuspended = (spec: unknown): boolean => isObject(spec) && spec['suspend'] === true

/** Deeper than any schema of ours; what lies below came from no API server, and recursion into it has no end. */
export const DEEPEST = 32
