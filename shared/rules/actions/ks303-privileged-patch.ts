import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { matchesLabels } from '../../lib/selector.ts'
import { shown } from '../patches/paths.ts'
import type { Touch } from '../patches/touches.ts'
import { selectedResources, type Finding, type Rule } from '../rule.ts'
import { judgedPatches, pathOf, selectsPods, type JudgedPatch } from './judged-patches.ts'

/** By which Services find their pods in most charts, and releases are told apart. */
const ROUTES: ReadonlySet<string> = new Set(['app', 'k8s-app', 'name', 'component', 'service', 'release', 'version', 'track', 'color', 'slot', 'shard'])

export const ks303: Rule = {
  id: 'KS303',
  severity: 'E',
  alsoWarns: true,
  noExemption: 'what the dry run of a patch shows is judged again before each write; the installation widens its patchAllowList instead',
  title: 'A patch touches only fields and variables of the allow-list, never privileged ones, whatever it looks like, and leaves no container that cannot live with it. Labels of pods by which Services usually find them (app, version, track, ...) are warned about.',
  why: 'whoever may write policies would else decide what runs, as whom, and on what',
  fix: 'patch annotations and labels without a prefix (of labels those outside the selector), resources, replicas, variables that tune only (LOG_LEVEL, DB_POOL_SIZE), terminationGracePeriodSeconds or timings of probes',
  check: (policy, { installation }) =>
    judgedPatches(policy, installation).flatMap((patch): Finding[] => [
      ...patch.findings.flatMap(({ rule, what, why = VALUE.why, fix = VALUE.fix }) => (rule === 'KS303' ? [{ path: pathOf(patch), what, why, fix }] : [])),
      ...patch.touches.flatMap((touch) => (deselects(policy, patch, touch) ? [losing(patch, touch)] : reroutes(policy, patch, touch) ? [rerouting(patch, touch)] : [])),
    ]),
}

/** Of a field that may be touched. */
const VALUE = { why: 'it is written to every workload that fires, and none of them would run as before', fix: 'write a value as it says, or leave the field out' } as const

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

/** Whether pods, be it those of a template, get another value of such a label. What the policy selects by it is what they have. */
function reroutes(policy: HealingPolicy, { action }: JudgedPatch, { path, value }: Touch): boolean {
  const key = path.at(-1)?.key ?? ''
  if (!ROUTES.has(key) || shown(path.slice(0, -1)) !== (action.target === 'Pod' ? 'metadata.labels' : 'spec.template.metadata.labels')) return false
  const { matchLabels = {} } = policy.spec.selector.labelSelector ?? {}
  return !Object.hasOwn(matchLabels, key) || matchLabels[key] !== value
}

const rerouting = (patch: JudgedPatch, { path }: Touch): Finding => ({
  path: pathOf(patch),
  severity: 'W',
  what: `touches ${shown(path)}, by which Services usually find pods`,
  why: 'what was patched would get the requests of others, or none',
  fix: 'set a label that nobody selects by, or an annotation',
})

const losing = (patch: JudgedPatch, { path }: Touch): Finding => ({
  path: pathOf(patch),
  what: `touches ${shown(path)}: by it this policy selects`,
  why: 'what was patched would not be watched any more, and would pass for healed',
  fix: 'set another label, or an annotation',
})
