import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { matchesLabels } from '../../lib/selector.ts'
import { shown } from '../patches/paths.ts'
import type { Touch } from '../patches/touches.ts'
import { selectedResources, type Finding, type Rule } from '../rule.ts'
import { judgedPatches, pathOf, selectsPods, type JudgedPatch } from './judged-patches.ts'

export const ks303: Rule = {
  id: 'KS303',
  severity: 'E',
  noExemption: 'what the dry run of a patch shows is judged again before each write; the installation widens its patchAllowList instead',
  title: 'A patch touches only fields of the allow-list, and never privileged ones, whatever it looks like.',
  why: 'whoever may write policies would else decide what runs, as whom, and on what',
  fix: 'patch annotations and labels without a prefix (of labels those outside the selector), resources, replicas, literal values of the environment, terminationGracePeriodSeconds or timings of probes',
  check: (policy, { installation }) =>
    judgedPatches(policy, installation).flatMap((patch): Finding[] => [
      ...patch.findings.flatMap(({ rule, what }) => (rule === 'KS303' ? [{ path: pathOf(patch), what }] : [])),
      ...patch.touches.flatMap((touch) => (deselects(policy, patch, touch) ? [losing(patch, touch)] : [])),
    ]),
}

/** Whether what was patched would not be selected any more, whatever its other labels are. */
function deselects(policy: HealingPolicy, { action }: JudgedPatch, { path, kind, value }: Touch): boolean {
  const { matchLabels = {}, matchExpressions = [] } = policy.spec.selector.labelSelector ?? {}
  const key = path.at(-1)?.key ?? ''
  const map = shown(path.slice(0, -1))
  const isSelected =
    action.target === 'Pod'
      ? map === 'metadata.labels' && selectsPods(policy)
      : (map === 'spec.template.metadata.labels' && selectsPods(policy)) || (map === 'metadata.labels' && selectedResources(policy).some((resource) => resource.kind !== 'Pod'))
  if (!isSelected || (kind === 'set' && typeof value !== 'string')) return false
  const asked = { matchLabels: Object.hasOwn(matchLabels, key) ? { [key]: matchLabels[key] ?? '' } : {}, matchExpressions: matchExpressions.filter((expression) => expression.key === key) }
  return !matchesLabels(asked, kind === 'set' ? { [key]: String(value) } : {})
}

const losing = (patch: JudgedPatch, { path }: Touch): Finding => ({
  path: pathOf(patch),
  what: `touches ${shown(path)}: by it this policy selects`,
  why: 'what was patched would not be watched any more, and would pass for healed',
  fix: 'set another label, or an annotation',
})
