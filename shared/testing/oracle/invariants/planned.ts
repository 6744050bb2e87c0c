/** What a write is made to, and with which number: what the policy and the decision name, and nothing else. */
import { isPod, knownKind } from '../../../api/v1alpha1/kinds.ts'
import type { HealingAction, ObjectReference } from '../../../api/v1alpha1/types.ts'
import { isObject } from '../../../lib/json.ts'
import { PODS } from '../../../kube/resources.ts'
import { nameOfPermission, writesTo, permissionOf } from '../../../rules/action-writes.ts'
import { actionOf, isAct, isEffective, ON_ITS_WAY, uidOf } from '../acts.ts'
import type { Checker } from '../checker.ts'
import type { Call } from '../history.ts'
import { objectOf, ownersOf, unknownAmong } from '../owners.ts'
import { ACTIONS, collectionOf, type World } from '../world.ts'

export const planned: Checker = {
  invariant: 'I14', title: 'what is written is among what the policy and the decision name',
  begin: (setting, rungs = new Rungs()) => ({
    see: (entry, world, report) => {
      if (entry.kind !== 'call') return
      if (entry.collection === ACTIONS && entry.verb === 'create' && entry.ok) {
        for (const { after } of entry.changes) {
          const action = after as ReturnType<typeof world.action>
          const skipped = action === undefined || entry.dryRun ? undefined : rungs.skipped(action)
          if (skipped !== undefined) report.broken(skipped, { action: action?.metadata })
          const policy = action === undefined ? undefined : world.policy(action.spec.policyRef)
          if (action === undefined || policy === undefined || policy.metadata.generation !== action.spec.policyRef.generation) continue
          if (!policy.spec.actions.some(({ name, type }) => name === action.spec.action.name && type === action.spec.action.type)) report.broken(`the policy has no action ${action.spec.action.name}`, { action: action.metadata })
        }
      }
      if (!isAct(entry, setting)) return
      const action = actionOf(entry, world)
      if (action === undefined) return
      const about = { action: action.metadata }
      const { targetResource, action: template } = action.spec
      const kinds = writesTo(template, targetResource)
      const plural = knownKind(targetResource)?.plural ?? entry.collection.split('/')[1]
      const allowed = kinds.flatMap((kind) => permissionOf(kind, kind.on.kind === targetResource.kind ? plural : undefined) ?? permissionOf(kind) ?? []).map(nameOfPermission)
      const [apiGroup = '', resource = ''] = entry.collection.split('/')
      const asked = nameOfPermission({ apiGroup, resource: entry.subresource === undefined ? resource : `${resource}/${entry.subresource}`, verb: entry.verb })
      if (!allowed.includes(asked)) report.broken(`${template.type} of a ${targetResource.kind} may ${allowed.join(', ')}, not ${asked}`, about)
      if (entry.namespace !== targetResource.namespace) report.broken(`the decision was about namespace ${targetResource.namespace}`, about)
      const former = entry.dryRun ? undefined : ofFormerPolicy(entry, action, world, ON_ITS_WAY + setting.slack)
      if (former !== undefined) report.broken(former, about)
      const elsewhere = whereElse(entry, action, world)
      if (elsewhere !== undefined) report[elsewhere.sure ? 'broken' : 'undecided'](elsewhere.why, about)
      const number = entry.subresource === 'scale' ? outOfBounds(entry, action) : undefined
      if (number !== undefined) report.broken(number, about)
    },
  }),
}

/** Of each incident, the rungs of its ladder on which something was decided. */
class Rungs {
  readonly #tried = new Map<string, Set<number>>()

  /** Why the rung is not the next one. Of an incident that began before the history nothing is known. */
  skipped({ spec: { incident: { id, rung } } }: HealingAction): string | undefined {
    const tried = this.#tried.get(id) ?? new Set(rung === 0 ? [] : [rung - 1])
    this.#tried.set(id, tried)
    const known = rung === 0 || tried.has(rung - 1)
    tried.add(rung)
    return known ? undefined : `rung ${rung} of its ladder comes before rung ${rung - 1} was tried`
  }
}

/** An act that was looked at before its policy went may be on its way; what is taken back needs no policy. */
function ofFormerPolicy({ received }: Call, { spec: { policyRef }, status }: HealingAction, world: World, grace: number): string | undefined {
  const now = world.policy(policyRef)
  if (status?.undo !== undefined || now?.metadata.uid === policyRef.uid) return undefined
  const gone = world.goneAt(policyRef.uid)
  if (gone !== undefined) return received - gone > grace ? `its policy has been gone for ${received - gone} ms` : undefined
  return now === undefined ? undefined : `it was decided by a policy of uid ${policyRef.uid}, and ${now.metadata.name} is of uid ${now.metadata.uid}`
}

/** undefined: it is to the target, or to a pod of it. What was refused may have been about an object that has gone. */
function whereElse(entry: Call, { spec: { targetResource } }: HealingAction, world: World): { readonly why: string; readonly sure: boolean } | undefined {
  const uid = uidOf(entry)
  if (entry.collection !== collectionOf(PODS) || isPod(targetResource)) {
    const same = entry.name === targetResource.name && (!isEffective(entry) || uid === undefined || uid === targetResource.uid)
    return same ? undefined : { why: `the decision was about ${targetResource.kind}/${targetResource.name} of uid ${targetResource.uid}, not about ${entry.name} of uid ${uid ?? 'unknown'}`, sure: true }
  }
  if (!isEffective(entry)) return undefined
  const pod = objectOf(entry, world)
  const owners = pod === undefined ? [] : ownersOf(pod, world, entry.received)
  if (owners.some(({ ref }) => ref.uid === targetResource.uid)) return undefined
  const known = pod !== undefined && unknownAmong(owners) === undefined
  // Its controller names it after itself: by that alone it may be, and by that alone it is not.
  if (known || !isNamedAfter(targetResource, entry)) return { why: `pod ${entry.name} is none of ${targetResource.kind}/${targetResource.name}`, sure: true }
  return { why: `who owns pod ${entry.name} is not in the history`, sure: false }
}

const isNamedAfter = (workload: ObjectReference, { name = '' }: Call): boolean => name.startsWith(`${workload.name}-`.slice(0, LONGEST_BASE))

/** Characters of a name that the API server keeps before it adds five of its own. */
const LONGEST_BASE = 58

/** Why the number of replicas is none that the action may write; taken back, it is the one from before. */
function outOfBounds({ body }: Call, { spec: { action: { scaleAction } }, status }: HealingAction): string | undefined {
  const sent = isObject(body) && isObject(body['spec']) ? body['spec']['replicas'] : undefined
  if (body === undefined || scaleAction === undefined) return undefined
  if (typeof sent !== 'number') return `it scales to ${JSON.stringify(sent)}`
  const noted = status?.intent?.[0]?.before
  const before = noted === undefined ? undefined : Number(noted)
  if (status?.undo !== undefined) return before === sent ? undefined : `it goes back to ${sent} replicas, and there were ${before ?? 'nobody knows how many'}`
  const { direction, replicas, minReplicas, maxReplicas = Number.POSITIVE_INFINITY } = scaleAction
  const least = Math.max(1, minReplicas)
  if (direction !== 'down' && sent > maxReplicas) return `it scales to ${sent}, and ${maxReplicas} are the most`
  if (direction !== 'up' && sent < least) return `it scales to ${sent}, and ${least} are the least`
  if (direction === 'absolute') return sent === Math.max(least, Math.min(replicas ?? sent, maxReplicas)) ? undefined : `it scales to ${sent}, and not to ${replicas}`
  if (before === undefined) return undefined
  const step = direction === 'up' ? sent - before : before - sent
  return step > 0 && step <= (replicas ?? 1) ? undefined : `it scales ${direction} from ${before} to ${sent}, by more than ${replicas ?? 1} or the other way`
}
