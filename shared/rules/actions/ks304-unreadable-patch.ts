import { ACTS_ON, isOneOf, POD } from '../../api/v1alpha1/action-kinds.ts'
import { isCustom, knownKind, nameOf } from '../../api/v1alpha1/kinds.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { printable } from '../../lib/text.ts'
import { shown } from '../patches/paths.ts'
import { selectedResources, type Finding, type Rule } from '../rule.ts'
import { judgedPatches, pathOf, type JudgedPatch } from './judged-patches.ts'

export const ks304: Rule = {
  id: 'KS304',
  severity: 'E',
  noExemption: 'what cannot be read cannot be applied either',
  title: 'A patch must be readable, of one form, fit the kind, and set values that the API server takes.',
  why: 'it would fail when it is needed, or do something else than it seems to',
  fix: 'write YAML or JSON: a map for strategic and merge, a list of operations for json, with values of the type of the field',
  check: (policy, { installation }) =>
    judgedPatches(policy, installation).flatMap((patch): Finding[] => {
      const path = pathOf(patch)
      return [
        ...patch.problems.map(({ member, what }) => ({ path: `${patch.at}.${member}`, what: `${member} ${what}` })),
        ...patch.findings.flatMap(({ rule, what }) => (rule === 'KS304' ? [{ path, what }] : [])),
        ...withoutReplicas(policy, patch),
        ...(patch.action.patchAction?.type === 'strategic' ? customKinds(policy, `${patch.at}.type`) : []),
      ]
    }),
}

function withoutReplicas(policy: HealingPolicy, patch: JudgedPatch): Finding[] {
  const selected = selectedResources(policy).find((resource) => knownKind(resource)?.kind === 'DaemonSet')
  return selected === undefined || !patch.touches.some(({ path }) => shown(path) === 'spec.replicas')
    ? []
    : [{ path: pathOf(patch), what: `sets spec.replicas, which ${printable(nameOf(selected), 80)} does not have`, fix: 'select DaemonSets in a policy of their own' }]
}

/** The API server knows how to merge lists of its own kinds only. */
const customKinds = (policy: HealingPolicy, path: string): Finding[] =>
  selectedResources(policy)
    .filter((resource) => !isOneOf([POD, ...ACTS_ON.patch], resource) && isCustom(resource))
    .map((resource) => ({ path, what: `${printable(nameOf(resource), 80)} takes no strategic patch`, fix: 'write type: merge' }))
