/** What each single write to a workload must be like. */
import { formatInstant } from '../../../lib/time.ts'
import { RESOURCE_VERSION } from '../../../kube/paths.ts'
import { olderThan } from '../../../kube/store.ts'
import { actionOf, actOf, isAct, isEffective, isHealer, isToTarget, LOOK_LIFETIME, operationOf, preconditionsOf, uidOf } from '../acts.ts'
import type { Checker } from '../checker.ts'
import { actor, isWrite, type Call } from '../history.ts'
import { ACTIONS, collectionOf, type World } from '../world.ts'
import { Cooldowns } from './cooldowns.ts'
import { Landed } from './landed.ts'
import { EVENTS, POD_DISRUPTION_BUDGETS, PODS } from '../../../kube/resources.ts'

export const once: Checker = {
  invariant: 'I1', title: 'at most one effective write per planned operation',
  begin: (setting) => {
    const done = new Map<string, Call>()
    return {
      see: (entry, world, report) => {
        if (!isAct(entry, setting) || !isEffective(entry)) return
        const key = actOf(entry)
        const action = actionOf(entry, world)
        const operation = `${key?.namespace}/${key?.name} ${operationOf(entry, action)}`
        const earlier = done.get(operation)
        if (earlier !== undefined) report.broken(`it was written before, at ${new Date(earlier.at).toISOString()}`, { action: key })
        done.set(operation, entry)
        if (action === undefined || action.status?.undo !== undefined || action.spec.targetResource.kind !== 'Pod') return
        // An act on a pod plans one operation: on that pod.
        if (uidOf(entry) !== undefined && uidOf(entry) !== action.spec.targetResource.uid) report.broken(`it planned one write, to uid ${action.spec.targetResource.uid}, and this one is to ${uidOf(entry)}`, { action: key })
      },
    }
  },
}

export const preconditioned: Checker = {
  invariant: 'I5', title: 'every destructive write carries the uid and the resourceVersion of what was judged',
  begin: (setting) => ({
    see: (entry, world, report) => {
      if (!isAct(entry, setting)) return
      const action = actOf(entry)
      const preconditions = preconditionsOf(entry)
      if (preconditions === undefined) {
        report.undecided('its body is not in the history', { action })
        return
      }
      const { uid, resourceVersion } = preconditions
      if (typeof uid !== 'string' || uid === '') report.broken('no uid goes with it', { action })
      if (typeof resourceVersion !== 'string' || !RESOURCE_VERSION.test(resourceVersion)) report.broken(`its resourceVersion ${JSON.stringify(resourceVersion)} is no precondition`, { action })
      const before = entry.changes.find(({ collection }) => collection === entry.collection)?.before?.metadata
      if (!isEffective(entry) || before === undefined || before.resourceVersion === resourceVersion) return
      // Of an unready pod below a budget the server takes its own version: the uid has to do.
      const spared = entry.subresource === 'eviction' && world.all(collectionOf(POD_DISRUPTION_BUDGETS)).some(({ metadata }) => metadata.namespace === entry.namespace)
      if (!spared) report.broken(`it was judged at version ${String(resourceVersion)} and written at ${before.resourceVersion}`, { action })
    },
  }),
}

export const sameObject: Checker = {
  invariant: 'I6', title: 'a recreated object with the same name is another object',
  begin: (setting) => ({
    see: (entry, world, report) => {
      if (!isAct(entry, setting)) return
      const action = actionOf(entry, world)
      const demanded = preconditionsOf(entry)?.uid
      if (action !== undefined && isToTarget(entry, action) && typeof demanded === 'string' && demanded !== action.spec.targetResource.uid) {
        report.broken(`the decision was about uid ${action.spec.targetResource.uid}, the write is to ${demanded}`, { action: action.metadata })
      }
      if (isEffective(entry) && entry.uid !== undefined && typeof demanded === 'string' && entry.uid !== demanded) {
        report.broken(`uid ${demanded} was judged, and ${entry.uid} was written`, { action: actOf(entry) })
      }
    },
  }),
}

export const freshlyRead: Checker = {
  invariant: 'I7', title: 'a live read precedes every act, none is on an older version than the own last write, and a replacement resets nothing',
  begin: (setting) => {
    const cooldowns = new Cooldowns()
    const written = new Map<string, string>()
    return {
      see: (entry, world, report) => {
        if (entry.kind !== 'call') return
        cooldowns.take(entry, setting.slack)
        if (isAct(entry, setting)) {
          const action = actOf(entry)
          const read = world.looks.last(entry)
          if (!setting.seesReads) report.undecided('reads are not in the history', { action })
          else if (read === undefined || entry.received - read > LOOK_LIFETIME + setting.slack) report.broken(read === undefined ? 'it was never read' : `it was last read ${entry.received - read} ms before`, { action })
          const version = preconditionsOf(entry)?.resourceVersion
          const object = `${entry.collection} ${entry.namespace}/${entry.name} ${uidOf(entry)}`
          const own = written.get(object)
          if (isEffective(entry) && own !== undefined && typeof version === 'string' && RESOURCE_VERSION.test(version) && olderThan(version, own)) report.broken(`version ${version} is older than the own last write, ${own}`, { action })
          const after = entry.changes.find(({ collection }) => collection === entry.collection)?.after?.metadata.resourceVersion
          // Whom an eviction takes, the server may take at a version of its own.
          if (isEffective(entry) && entry.subresource !== 'eviction' && after !== undefined) written.set(object, after)
        }
        if (entry.collection !== ACTIONS || entry.verb !== 'create' || !entry.ok) return
        for (const { after } of entry.changes) {
          const made = after === undefined ? undefined : { metadata: after.metadata, spec: (after as unknown as NonNullable<ReturnType<typeof world.action>>).spec }
          if (made === undefined || made.spec.dryRun) continue
          const { incident, trigger, policyRef } = made.spec
          const cooling = cooldowns.of(policyRef, trigger.name, incident)
          if (cooling !== undefined && cooling > entry.at + setting.slack) report.broken(`its workload cools down until ${formatInstant(cooling)}`, { action: made.metadata })
          const pod = world.all(collectionOf(PODS)).find(({ metadata }) => metadata.uid === made.spec.targetResource.uid)
          const owner = pod?.metadata.ownerReferences?.find(({ controller }) => controller === true)
          if (owner !== undefined && incident.subject.kind === 'Pod') report.broken(`the incident belongs to a pod and not to its ${owner.kind}`, { action: made.metadata })
        }
      },
    }
  },
}

export const attributable: Checker = {
  invariant: 'I11', title: 'every write names its HealingAction, comes with field manager and healer identity, and is told by an event',
  begin: (setting) => {
    const wrote = new Map<string, { readonly namespace: string; readonly name: string }>()
    const told = new Set<string>()
    return {
      see: (entry, world, report) => {
        if (entry.kind === 'call' && entry.collection === collectionOf(EVENTS) && isWrite(entry) && setting.isController(entry.user) && entry.ok) {
          const regarding = (entry.body as { readonly regarding?: { readonly namespace?: string; readonly name?: string } } | undefined)?.regarding
          told.add(`${regarding?.namespace}/${regarding?.name}`)
        }
        if (!isAct(entry, setting)) return
        const key = actOf(entry)
        const action = actionOf(entry, world)
        if (key === undefined) report.broken(`its User-Agent ${entry.userAgent} names no HealingAction`)
        else if (action === undefined) report.broken('the HealingAction that it names is not there', { action: key })
        if (!isHealer(entry.impersonated, entry.namespace)) report.broken(`${actor(entry)} is not the healer of the namespace`, { action: key })
        if (entry.fieldManager !== 'kubeskippy' && entry.verb === 'patch') report.broken(`its field manager is ${entry.fieldManager ?? 'absent'}`, { action: key })
        if (key !== undefined && isEffective(entry)) wrote.set(`${key.namespace}/${key.name}`, key)
      },
      end: (_world, _until, report) => {
        if (setting.everyEvent !== true) return
        for (const [name, action] of wrote) if (!told.has(name)) report.broken('no event tells of it', { action })
      },
    }
  },
}

/** The same act of the same action, to whatever bears the name: of what has no end no body is known. */
const attemptOf = (call: Call, world: World): string => {
  const [key, action] = [actOf(call), actionOf(call, world)]
  return [key?.namespace, key?.name, action?.status?.undo === undefined ? 'act' : 'undo', call.verb, call.collection, call.subresource, call.namespace, call.name].join(' ')
}

/** A process that comes back after a crash has the number of its life after a dot. */
const machineOf = ({ user }: Call): string => user.replace(/\.[0-9]+$/, '')

/** Not done, and the one that sent it was told so. Of a 500 nobody knows. */
const isTurnedAway = ({ ok, answer }: Call): boolean => !ok && (answer === 429 || answer === 'Throttled')

/** Whether it goes by a later version of the object than the other one did; also where that is not known. */
function knowsMore(entry: Call, earlier: Call): boolean {
  const [its, others] = [preconditionsOf(entry)?.resourceVersion, preconditionsOf(earlier)?.resourceVersion]
  return typeof its !== 'string' || typeof others !== 'string' || !RESOURCE_VERSION.test(its) || !RESOURCE_VERSION.test(others) || olderThan(others, its)
}

export const neverBlind: Checker = {
  invariant: 'I18', title: 'what has no answer is found out by reading, never written again blind',
  begin: (setting) => {
    const attempts = new Map<string, Call>()
    const landed = new Landed()
    let two = false
    return {
      see: (entry, world, report) => {
        if (entry.kind === 'mark' && (entry.mark === 'TwoLeaders' || entry.mark === 'OneLeader')) two = entry.mark === 'TwoLeaders'
        // It may have landed: what has no end was sent all the same.
        if (entry.kind === 'open' && isAct(entry.call, setting) && !entry.call.dryRun) attempts.set(attemptOf(entry.call, world), entry.call)
        if (entry.kind !== 'call') return
        landed.take(entry, world, setting)
        for (const change of entry.changes) {
          const write = landed.deniedBy(entry, change, world)
          if (write !== undefined) report.broken(`it is Cancelled, and its write had landed at ${formatInstant(write.at)} and was looked at since`, { action: change.after?.metadata })
        }
        if (!isAct(entry, setting) || entry.dryRun) return
        const action = actOf(entry)
        const operation = attemptOf(entry, world)
        const earlier = attempts.get(operation)
        attempts.set(operation, entry)
        if (earlier === undefined) return
        // The other one had read before the first write: the server refuses its own for the version, or has turned the first one away.
        const another = two || machineOf(earlier) !== machineOf(entry)
        if (another && (isTurnedAway(earlier) || (!isEffective(entry) && !knowsMore(entry, earlier)))) return
        const read = world.looks.last(entry)
        if (!setting.seesReads) report.undecided('reads are not in the history', { action })
        else if (read === undefined || read < earlier.at) report.broken(`it was sent before, at ${new Date(earlier.at).toISOString()}, and nothing was read since`, { action })
      },
    }
  },
}

