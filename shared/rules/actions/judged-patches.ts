/** The patches of a policy, judged by what they say and by what they do: for the rules that are about them. */
import { ACTS_ON, isOneOf, POD } from '../../api/v1alpha1/action-kinds.ts'
import type { KindReference } from '../../api/v1alpha1/kinds.ts'
import type { ActionTemplate, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { disallowed } from '../patches/allowed.ts'
import { MOST_CHANGES } from '../patches/changes.ts'
import { effectOf } from '../patches/effect.ts'
import { outages } from '../patches/outages.ts'
import { parsePatch } from '../patches/parse.ts'
import { shown } from '../patches/paths.ts'
import type { Touch } from '../patches/touches.ts'
import { badValue, limitsBelowRequests, MOST_REPLICAS, type BadValue } from '../patches/values.ts'
import { acts, selectedResources, type Installation } from '../rule.ts'

export interface JudgedPatch {
  readonly action: ActionTemplate
  /** `spec.actions[0].patchAction`. */
  readonly at: string
  /** The one that is written. */
  readonly member: 'patch' | 'patches'
  /** Why it cannot be read, by member. */
  readonly problems: readonly { readonly member: 'patch' | 'patches'; readonly what: string }[]
  readonly touches: readonly Touch[]
  readonly findings: readonly PatchFinding[]
}

export interface PatchFinding {
  readonly rule: BadValue['rule']
  readonly what: string
  readonly why?: string
  readonly fix?: string
}

/** One effect can be told in many ways. */
const MOST_FINDINGS = 8

/** Of a policy that acts, each patch; of others none. */
export function judgedPatches(policy: HealingPolicy, { patchAllowList, ceiling }: Installation): JudgedPatch[] {
  if (!acts(policy)) return []
  return policy.spec.actions.flatMap((action, index): JudgedPatch[] => {
    const { type, patchAction } = action
    if (type !== 'patch' || patchAction === undefined) return []
    const parsed = parsePatch(patchAction)
    const common = { action, at: `spec.actions[${index}].patchAction`, member: patchAction.patches === undefined ? 'patch' : 'patches' } as const
    if ('problems' in parsed) return [{ ...common, problems: parsed.problems, touches: [], findings: [] }]
    const { content, touches } = parsed
    const said = [...judgeTouches(touches, patchAllowList), ...touches.flatMap((touch) => tooMany(touch, ceiling.replicas))]
    const fields = new Set(touches.map(({ path }) => shown(path))).size
    if (fields > MOST_CHANGES) said.push({ rule: 'KS304', what: `changes ${fields} fields, and ${MOST_CHANGES} are the most that are kept` })
    if (said.length > 0) return [{ ...common, problems: [], touches, findings: said }]
    const done = patchedKinds(policy, action).flatMap((kind) => {
      const effect = effectOf(content, kind)
      return 'undetermined' in effect ? [{ rule: 'KS304' as const, what: `${common.member} ${effect.undetermined}` }] : judgeTouches(effect.touches, patchAllowList)
    })
    const findings = [...new Map(done.map((finding) => [finding.what, finding])).values()].slice(0, MOST_FINDINGS)
    return [{ ...common, problems: [], touches, findings }]
  })
}

function judgeTouches(touches: readonly Touch[], allowList: readonly string[]): PatchFinding[] {
  const refused = touches.flatMap((touch) => disallowed(touch, { allowList }) ?? [])
  const bad = [...touches.flatMap((touch) => badValue(touch) ?? []), ...limitsBelowRequests(touches), ...outages(touches)]
  return [
    ...refused.map(({ path, why, harm, fix }) => ({ rule: 'KS303' as const, what: `touches ${shown(path)}: ${why}`, why: harm, fix })),
    // Of what may not be touched at all the value is of no interest.
    ...bad.filter(({ path }) => !refused.some((other) => other.path === path)).map(({ rule, path, why }) => ({ rule, what: `sets ${shown(path)}: ${why}` })),
  ]
}

const tooMany = ({ path, value }: Touch, ceiling: number): PatchFinding[] =>
  shown(path) === 'spec.replicas' && typeof value === 'number' && value > ceiling && value <= MOST_REPLICAS ? [{ rule: 'KS305', what: `sets spec.replicas: ${value} is above the ceiling of this installation (${ceiling})` }] : []

/** What it would be carried out on. The owner of a pod can be of any kind that is patched. */
function patchedKinds(policy: HealingPolicy, { target }: ActionTemplate): readonly KindReference[] {
  if (target === 'Pod') return [POD]
  const selected = selectedResources(policy).filter((kind) => isOneOf(ACTS_ON.patch, kind))
  return selected.length > 0 && !selectsPods(policy) ? selected : ACTS_ON.patch
}

export const selectsPods = (policy: HealingPolicy): boolean => selectedResources(policy).some((kind) => isOneOf([POD], kind))

/** For the paths of findings. */
export const pathOf = ({ at, member }: JudgedPatch): string => `${at}.${member}`

