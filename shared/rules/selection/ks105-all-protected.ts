import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { acts, selectedResources, type Rule } from '../rule.ts'
import { implies } from './implies.ts'

type Resource = ReturnType<typeof selectedResources>[number]
type Protection = NonNullable<HealingPolicy['spec']['safetyRules']['protectedResources']>[number]

export const ks105: Rule = {
  id: 'KS105',
  severity: 'E',
  title: 'Protections and exclusions must leave something to act on.',
  why: 'the policy looks active and can never act, so nobody else looks after the workload',
  fix: 'narrow protectedResources or excludeNames, or use mode monitor',
  check(policy) {
    const resources = selectedResources(policy)
    if (!acts(policy) || resources.length === 0 || !resources.every((resource) => nothingLeft(policy, resource))) return []
    return [{ path: 'spec.safetyRules.protectedResources', what: 'everything that is selected is protected or excluded' }]
  },
}

function nothingLeft(policy: HealingPolicy, { apiVersion, kind, names, excludeNames = [] }: Resource): boolean {
  const { labelSelector } = policy.spec.selector
  const protections = (policy.spec.safetyRules.protectedResources ?? []).filter(
    (entry) => entry.apiVersion === apiVersion && entry.kind === kind && implies(labelSelector, entry.labelSelector),
  )
  // An entry holds for the objects that meet both its names and its labels; absent names are all names.
  const covers = (entry: Protection, name: string): boolean => entry.names === undefined || entry.names.includes(name)
  if (names === undefined) return protections.some((entry) => entry.names === undefined && entry.labelSelector !== undefined)
  return names.every((name) => excludeNames.includes(name) || protections.some((entry) => covers(entry, name)))
}
