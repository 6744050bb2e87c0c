/** How much is done, and to what. */
import type { HealingAction, HealingPolicy } from '../../../api/v1alpha1/types.ts'
import { isEmptySelector } from '../../../lib/selector.ts'
import { hours, latest, parseInstant, type Instant, type Millis } from '../../../lib/time.ts'
import { actionOf, actOf, isAct, isEffective, seenFrom } from '../acts.ts'
import type { Checker } from '../checker.ts'
import { actor } from '../history.ts'
import { ACTIONS } from '../world.ts'
import { forgottenBy, isWhole } from './ledger-memory.ts'
import { outOfSchedule, overBudget, spanOf } from './times.ts'

interface Counted {
  readonly action: string
  readonly policy: string
  readonly namespaces: readonly string[]
  /** By the clock of the reservation. */
  readonly at: Instant
  readonly landed: Instant
}

/** What all of them say, in the words of the last one. */
function ofAll(policies: readonly HealingPolicy[], why: (policy: HealingPolicy) => string | undefined): string | undefined {
  const whys = policies.map(why)
  return whys.includes(undefined) ? undefined : whys.at(-1)
}

export const withinTheHour: Checker = {
  invariant: 'I2', title: 'at most maxActionsPerHour in every sliding hour, of policy, namespace and cluster; the other budgets of a policy, and its schedules',
  begin: (setting) => {
    const acts: Counted[] = []
    // The server's clock may be set back between a slot and the write that takes it.
    let newest: Instant | undefined
    return {
      see: (entry, world, report) => {
        if (entry.kind === 'call') newest = newest === undefined ? entry.at : latest(newest, entry.at)
        if (entry.kind === 'call' && setting.isController(actor(entry))) for (const why of forgottenBy(entry, world)) report.broken(why)
        if (!isAct(entry, setting) || !isEffective(entry)) return
        const action = actionOf(entry, world)
        if (action === undefined) return
        const { policyRef, targetResource } = action.spec
        // What was looked at just before its author has changed it may still be on its way.
        const lately = world.lately(policyRef.uid, seenFrom(entry, setting.slack)) as readonly HealingPolicy[]
        const asked = spanOf(seenFrom(entry, setting.slack), entry.received, setting.slack)
        // Taking an act back knows no times: that would keep what did not help.
        const untimely = action.status?.undo === undefined ? ofAll(lately, (policy) => outOfSchedule(policy, asked)) : undefined
        if (untimely !== undefined) report.broken(untimely, { action: action.metadata })
        const name = `${action.metadata.namespace}/${action.metadata.name}`
        if (acts.some((act) => act.action === name)) return
        const ledger = world.ledgerOf(policyRef)
        if (ledger !== undefined && !isWhole(ledger)) {
          report.undecided('its ledger cannot be read', { action: action.metadata })
          return
        }
        const held = ledger?.spec.entries?.find((one) => one.action === action.metadata.name)
        if (held === undefined || held.tried !== true) report.broken('nothing was reserved for it', { action: action.metadata })
        else if (held.state !== 'Reserved') report.broken(`its slot was ${held.state} before it was written`, { action: action.metadata })
        // The promise holds in the clock of the reservation, which is made anew just before the write.
        const at = parseInstant(held?.reservedAt) ?? entry.at
        if (at > (newest ?? entry.at) + setting.slack) report.broken(`its slot is of ${held?.reservedAt}, after the write`, { action: action.metadata })
        // A process that stands still is counted by when its write lands, below; after an hour its slot has gone to another one.
        if (entry.received - at > hours(1)) report.broken(`its slot is of ${held?.reservedAt}, ${entry.received - at} ms before the write`, { action: action.metadata })
        acts.push({ action: name, policy: `${policyRef.namespace}/${policyRef.name}`, namespaces: [policyRef.namespace, targetResource.namespace], at, landed: entry.at })
        const limit = Math.min(setting.limits.ceiling, Math.max(...lately.map(({ spec }) => spec.safetyRules?.maxActionsPerHour ?? setting.limits.ceiling), lately.length === 0 ? setting.limits.ceiling : 0))
        // Slots may be out of their order: an hour that holds this one may end with another. Writes are in theirs.
        const within = (of: (act: Counted) => boolean, span: Millis = hours(1)): number => {
          const counted = acts.filter(of)
          const ends = counted.filter((act) => act.at >= at && act.at < at + span).map((end) => counted.filter((act) => act.at > end.at - span && act.at <= end.at).length)
          return Math.max(counted.filter(({ landed }) => landed > entry.at - span + setting.slack).length, ...ends)
        }
        const ofPolicy = (act: Counted): boolean => act.policy === `${policyRef.namespace}/${policyRef.name}`
        const policy = within(ofPolicy)
        if (policy > limit) report.broken(`${policy} of ${limit} actions of the policy in an hour`, { action: action.metadata })
        const over = ofAll(lately, (one) => overBudget(one, asked, (span) => within(ofPolicy, span)))
        if (over !== undefined) report.broken(over, { action: action.metadata })
        for (const namespace of new Set([policyRef.namespace, targetResource.namespace])) {
          const many = within((act) => act.namespaces.includes(namespace))
          if (many > setting.limits.namespace) report.broken(`${many} of ${setting.limits.namespace} actions of namespace ${namespace} in an hour`, { action: action.metadata })
        }
        const all = within(() => true)
        if (all > setting.limits.cluster) report.broken(`${all} of ${setting.limits.cluster} actions of the cluster in an hour`, { action: action.metadata })
      },
    }
  },
}

export const neverTheOperator: Checker = {
  invariant: 'I4', title: 'the operator, its dependencies and the protected namespaces are never touched',
  begin: (setting) => ({
    see: (entry, _world, report) => {
      if (!isAct(entry, setting)) return
      if (entry.namespace === undefined) report.broken('it is of no namespace', { action: actOf(entry) })
      else if ([setting.operatorNamespace, ...setting.protectedNamespaces].includes(entry.namespace)) report.broken(`namespace ${entry.namespace} is protected, whatever a policy says`, { action: actOf(entry) })
    },
  }),
}

export const emptyIsNotAll: Checker = {
  invariant: 'I8', title: 'empty is never all',
  begin: (setting) => ({
    see: (entry, world, report) => {
      if (isAct(entry, setting) && (entry.name === undefined || entry.name === '' || entry.verb === 'deletecollection')) report.broken('it names no object', { action: actOf(entry) })
      if (entry.kind !== 'call' || entry.collection !== ACTIONS || entry.verb !== 'create' || !entry.ok) return
      for (const { after } of entry.changes) {
        const action = after as HealingAction | undefined
        if (action === undefined) continue
        const { targetResource: { kind, namespace, name, uid }, policyRef } = action.spec
        if ([kind, namespace, name, uid].some((part) => part === undefined || part === '')) report.broken('its target is not one object', { action: action.metadata })
        const policy = world.policy(policyRef)
        if (policy !== undefined && selectsNothing(policy)) report.broken('the selector of its policy is empty', { action: action.metadata })
      }
    },
  }),
}

function selectsNothing({ spec: { selector } }: HealingPolicy): boolean {
  const { labelSelector, resources = [], namespaces } = selector ?? {}
  if (namespaces?.length === 0) return true
  return (labelSelector === undefined || isEmptySelector(labelSelector)) && !resources.some(({ names }) => names !== undefined && names.length > 0)
}

export const dryMeansDry: Checker = {
  invariant: 'I12', title: 'in dryrun and monitor nothing outside of our own objects is written',
  begin: (setting) => ({
    see: (entry, world, report) => {
      if (!isAct(entry, setting) || entry.dryRun) return
      const action = actionOf(entry, world)
      if (action === undefined) return
      const about = { action: action.metadata }
      if (action.spec.dryRun) report.broken('its action is a dry run', about)
      // What the action says of itself is the word of whoever is judged.
      const decided = world.policyAs(action.spec.policyRef)
      if (decided === undefined && isEffective(entry)) report.undecided('the policy that decided it is not in the history', about)
      if (decided !== undefined && onlyLooks(decided)) report.broken(`it was decided in mode ${decided.spec.mode}`, about)
      if (action.status?.undo !== undefined) return
      // What was looked at just before an edit may still be on its way.
      const lately = world.lately(action.spec.policyRef.uid, seenFrom(entry, setting.slack)) as readonly HealingPolicy[]
      if (lately.length > 0 && lately.every(onlyLooks)) report.broken(`its policy is in mode ${lately.at(-1)?.spec.mode}`, about)
    },
  }),
}

const onlyLooks = ({ spec: { mode } }: HealingPolicy): boolean => mode === 'monitor' || mode === 'dryrun'
