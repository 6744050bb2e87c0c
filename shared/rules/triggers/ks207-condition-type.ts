import { knownKind, nameOf } from '../../api/v1alpha1/kinds.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { nearest, printable, quoted } from '../../lib/text.ts'
import { selectedResources, type Finding, type Rule } from '../rule.ts'
import { canHave, conditionsOf, isOnlyTrue, kindsWith, podsCanHave } from './kind-conditions.ts'
import { DERIVED_STATES, isDerivedState, stateOfReason } from './pod-conditions.ts'

export const ks207: Rule = {
  id: 'KS207',
  severity: 'E',
  alsoWarns: true,
  title: 'A condition trigger names a condition that the selected objects, or their pods, can have. A status that Kubernetes never gives it is warned about.',
  why: 'the trigger would never fire, and nothing would say so',
  fix: `use a state of a container (${DERIVED_STATES.join(', ')}), a condition of the selected kinds, or the full name of a readiness gate (example.com/name)`,
  check: (policy) =>
    policy.spec.triggers.flatMap(({ conditionTrigger }, index): Finding[] => {
      if (conditionTrigger === undefined) return []
      const { type, status } = conditionTrigger
      const path = `spec.triggers[${index}].conditionTrigger`
      if (!isDerivedState(type)) return possible(policy, type) ? neverSo(policy, type, status, path) : [unknownType(policy, path, type)]
      if (status === 'True') return looksAtPods(policy) ? [] : [unknownType(policy, path, type)]
      return [
        {
          path: `${path}.status`,
          what: `${type} with status ${status}`,
          why: 'the state of a container holds or does not; its absence is what every healthy pod has',
          fix: 'write status: "True", or leave it out',
        },
      ]
    }),
}

function neverSo(policy: HealingPolicy, type: string, status: string, path: string): Finding[] {
  if (status === 'True' || !isOnlyTrue(selectedResources(policy), type)) return []
  return [{ path: `${path}.status`, severity: 'W', what: `${type} is never ${status}`, why: 'Kubernetes sets it to True or takes it away, so the trigger would never fire', fix: 'write status: "True", or leave it out' }]
}

/** Pods are selected, or what owns them. A selection that another rule refuses gets the benefit of the doubt. */
const looksAtPods = (policy: HealingPolicy): boolean => selectedResources(policy).some((kind) => conditionsOf(kind) === undefined || knownKind(kind)?.pods !== undefined)

const possible = (policy: HealingPolicy, type: string): boolean =>
  selectedResources(policy).some((kind) => canHave(kind, type) || conditionsOf(kind) === undefined) || (podsCanHave(type) && looksAtPods(policy))

function unknownType(policy: HealingPolicy, path: string, type: string): Finding {
  const kinds = selectedResources(policy)
  const own = [...new Set(kinds.flatMap((kind) => Object.keys(conditionsOf(kind) ?? {})))]
  const offered = looksAtPods(policy) ? [...DERIVED_STATES, ...Object.keys(conditionsOf({ apiVersion: 'v1', kind: 'Pod' }) ?? {}), ...own] : own
  const elsewhere = kindsWith(type)
  const state = stateOfReason(type)
  const [near] = nearest(type, offered)
  const other = otherWay(type, offered)
  const fix =
    state !== undefined && looksAtPods(policy)
      ? `write ${state}: ${printable(type)} is one of its reasons`
      : other !== undefined
      ? `write type: ${other} with status: "False"`
      : elsewhere.length > 0
        ? `select ${elsewhere.join(' or ')}, which has it`
        : near === undefined
          ? undefined
          : `did you mean ${near}?`
  return { path: `${path}.type`, what: `${nobody(policy)} ${quoted(type)}`, ...(fix === undefined ? {} : { fix }) }
}

/** Phases of pods, and what kubectl shows for them, by the condition that is False meanwhile. */
const WHILE_FALSE: Readonly<Record<string, string>> = { pending: 'PodScheduled', unschedulable: 'PodScheduled', failed: 'Ready', unknown: 'Ready', error: 'Ready', evicted: 'Ready', unhealthy: 'Ready', notrunning: 'Ready', unavailable: 'Available' }

/** `NotReady`: the condition, among those offered, whose absence is meant. */
function otherWay(type: string, offered: readonly string[]): string | undefined {
  const word = type.toLowerCase()
  const named = Object.hasOwn(WHILE_FALSE, word) ? WHILE_FALSE[word] : undefined
  const negated = /^(?:not|un|non)-?(.+)$/.exec(word)?.[1]
  return offered.find((each) => !isDerivedState(each) && (each === named || each.toLowerCase() === negated))
}

function nobody(policy: HealingPolicy): string {
  const kinds = selectedResources(policy)
  if (kinds.every((kind) => knownKind(kind)?.pods === 'self')) return 'pods have no condition'
  const names = kinds.slice(0, 3).map(nameOf).join(', ')
  return looksAtPods(policy) ? `neither ${names} nor its pods have a condition` : `${names} has no condition`
}
