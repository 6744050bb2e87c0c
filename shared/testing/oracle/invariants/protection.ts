/** What nobody may touch: what a policy protects, and who has opted out, on an object, its owners or its namespace. */
import { groupOf, type KindReference } from '../../../api/v1alpha1/kinds.ts'
import { IGNORE_ANNOTATION } from '../../../api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../../api/v1alpha1/types.ts'
import type { KubeObject } from '../../../kube/api.ts'
import { NAMESPACES } from '../../../kube/resources.ts'
import { matchesLabels } from '../../../lib/selector.ts'
import { actionOf, isAct, isEffective, LOOK_LIFETIME, seenFrom } from '../acts.ts'
import type { Checker } from '../checker.ts'
import type { Call } from '../history.ts'
import { kindOf, objectOf, ownersOf, unknownAmong } from '../owners.ts'
import { collectionOf, type World } from '../world.ts'

export const insideThePolicy: Checker = {
  invariant: 'I3', title: 'no write to a protected object, or outside of the namespaces of the policy',
  begin: (setting) => ({
    see: (entry, world, report) => {
      if (!isAct(entry, setting)) return
      const action = actionOf(entry, world)
      if (action === undefined) return
      const about = { action: action.metadata }
      // What was refused has touched nothing that anybody would have to know of.
      const unknown = (why: string): void => { if (isEffective(entry)) report.undecided(why, about) }
      const { policyRef } = action.spec
      const policy = world.policy(policyRef) ?? (world.byUid(policyRef.uid) as HealingPolicy | undefined)
      if (policy === undefined) {
        unknown('its policy is not in the history')
        return
      }
      const namespaces = policy.spec.selector?.namespaces ?? [policy.metadata.namespace ?? '']
      if (!namespaces.includes(entry.namespace ?? '')) report.broken(`the policy is about ${namespaces.join(', ')}`, about)
      const home = world.namespace(entry.namespace ?? '')
      if (home === undefined) unknown(`${collectionOf(NAMESPACES)} ${entry.namespace} is not in the history`)
      else if (isOptedOut(home)) report.broken('its namespace has opted out', about)
      // So may a write be that was looked at just before its author has protected what it is to.
      const from = seenFrom(entry, setting.slack)
      const lately = world.lately(policyRef.uid, from) as readonly HealingPolicy[]
      // What has been labelled since it was judged is refused by its version, however old the look.
      const ofTarget = entry.received - LOOK_LIFETIME - setting.slack
      const before = lately.map((version) => everybody(entry, version, world, { from, ofTarget }))
      for (const [n, { who, protectedBy, optedOut }] of everybody(entry, policy, world, { from, ofTarget }).entries()) {
        if (protectedBy === 'yes' && before.every((version) => version[n]?.protectedBy === 'yes')) report.broken(`${who} is protected by the policy`, about)
        if (optedOut === 'yes') report.broken(`${who} has opted out`, about)
        if (protectedBy === 'unknown' || optedOut === 'unknown') unknown(`whether ${who} is protected or has opted out is not in the history`)
      }
    },
  }),
}

type Answer = 'yes' | 'no' | 'unknown'
interface Somebody {
  readonly who: string
  readonly protectedBy: Answer
  readonly optedOut: Answer
}

/** What is written to, and its owners. An edit of an owner that came after the last look does not count yet. */
function everybody(entry: Call, policy: HealingPolicy, world: World, { from, ofTarget }: { readonly from: number; readonly ofTarget: number }): readonly Somebody[] {
  const object = objectOf(entry, world)
  const seen = object === undefined ? [] : entry.ok ? [object] : world.lately(object.metadata.uid, ofTarget)
  const itself = judged({ ...kindOf(entry, object), name: entry.name ?? '' }, seen, policy)
  if (object === undefined) return [itself]
  const owners = ownersOf(object, world, from)
  const above = unknownAmong(owners)
  return [
    itself,
    ...owners.map(({ ref, lately }) => judged(ref, lately, policy)),
    ...(above === undefined ? [] : [{ who: `what owns ${above.ref.kind}/${above.ref.name}`, protectedBy: 'unknown', optedOut: 'unknown' } as const]),
  ]
}

function judged(ref: KindReference & { readonly name: string }, lately: readonly KubeObject[], { spec: { safetyRules } }: HealingPolicy): Somebody {
  const throughout = (holds: (object: KubeObject) => boolean): Answer => (lately.length === 0 ? 'unknown' : lately.every(holds) ? 'yes' : 'no')
  const answers = (safetyRules?.protectedResources ?? [])
    .filter(({ apiVersion, kind, names }) => kind === ref.kind && groupOf(apiVersion) === groupOf(ref.apiVersion) && names?.includes(ref.name) !== false)
    .map(({ labelSelector }): Answer => (labelSelector === undefined ? 'yes' : throughout(({ metadata }) => matchesLabels(labelSelector, metadata.labels))))
  return { who: `${ref.kind}/${ref.name}`, protectedBy: answers.find((answer) => answer === 'yes') ?? answers.find((answer) => answer === 'unknown') ?? 'no', optedOut: throughout(isOptedOut) }
}

/** Whoever writes "yes" means it. */
function isOptedOut({ metadata }: KubeObject): boolean {
  const value = metadata.annotations?.[IGNORE_ANNOTATION]
  return value !== undefined && value.trim().toLowerCase() !== 'false'
}
