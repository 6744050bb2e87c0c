/**
 * What an update may keep. Whoever makes a policy do less must get through, whatever is wrong with it: else a rule that
 * came later would keep the policy acting.
 */
import type { HealingPolicySpec, Mode } from '../api/v1alpha1/types.ts'
import { isObject, sameJson } from '../lib/json.ts'
import { violationKey, type Violation } from './violation.ts'

/** The rule about exemptions: the only one that goes by what may change beside the spec. */
export const EXEMPTION_RULE = 'KS506'

export const MODES_BY_RISK: readonly Mode[] = ['monitor', 'dryrun', 'manual', 'automatic']
const noMore = (now: Mode, old: Mode): boolean => MODES_BY_RISK.indexOf(now) <= MODES_BY_RISK.indexOf(old)

/** Limits that are less when they are lower, from 1. */
export const LOWER_IS_LESS = ['maxActionsPerHour', 'maxConcurrent'] as const

/** Equal but for being suspended or not, for a mode that does less, lower limits and fewer namespaces. Nothing of it could be wrong in a new way. */
export function doesNoMore(now: HealingPolicySpec, old: HealingPolicySpec): boolean {
  const [limits, before] = [now.safetyRules, old.safetyRules]
  const [namespaces, selected] = [now.selector.namespaces ?? [], old.selector.namespaces ?? []]
  if (!noMore(now.mode, old.mode) || !LOWER_IS_LESS.every((name) => limits[name] >= 1 && limits[name] <= before[name])) return false
  if (namespaces.length === 0 || !namespaces.every((namespace) => selected.includes(namespace))) return false
  const kept = Object.fromEntries(LOWER_IS_LESS.map((name) => [name, before[name]]))
  return same({ ...now, mode: old.mode, selector: { ...now.selector, namespaces: selected }, safetyRules: { ...limits, ...kept } }, old)
}

const same = (now: HealingPolicySpec, old: HealingPolicySpec): boolean => sameJson({ ...now, suspend: false }, { ...old, suspend: false })

/** Two specs that have the shape of the schema, or two raw ones of which neither has. */
export type Specs = { readonly now: HealingPolicySpec; readonly old: HealingPolicySpec } | { readonly rawNow: unknown; readonly rawOld: unknown }

/** @param before what the rules find in what is stored, as it would be judged now */
export function tolerance(specs: Specs, before: () => readonly Violation[]): (violation: Violation) => boolean {
  if ('rawNow' in specs) return sameButSuspended(specs.rawNow, specs.rawOld) ? () => true : () => false
  const { now, old } = specs
  if ((old.suspend && !now.suspend) || !noMore(now.mode, old.mode)) return () => false
  const stops = same({ ...now, mode: old.mode }, old)
  if (!stops && !doesNoMore(now, old)) return () => false
  const found = before()
  const [keys, places] = [new Set(found.map(violationKey)), new Set(found.map(placeOf))]
  return (violation) => (violation.rule === EXEMPTION_RULE ? keys.has(violationKey(violation)) : stops || places.has(placeOf(violation)))
}

/** Without indices: a namespace fewer moves the others up. */
const placeOf = ({ rule, path }: Violation): string => `${rule} ${path.replaceAll(/\[[0-9]+\]/g, '[]')}`

/** Of objects that were stored before their schema was as it is. */
function sameButSuspended(now: unknown, old: unknown): boolean {
  if (!isObject(now) || !isObject(old)) return sameShallowJson(now, old, DEEPEST)
  if (now['suspend'] !== true) return sameShallowJson(now, old, DEEPEST)
  return sameShallowJson({ ...now, suspend: false }, { ...old, suspend: false }, DEEPEST)
}

/** Deeper than any schema of ours; what lies below came from no API server, and recursion into it has no end. */
export const DEEPEST = 32

function sameShallowJson(a: unknown, b: unknown, depth: number): boolean {
  if (depth === 0) return false
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => sameShallowJson(item, b[index], depth - 1))
  if (!isObject(a) || !isObject(b)) return Object.is(a, b)
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => sameShallowJson(a[key], b[key], depth - 1))
}
