/** What stops: the kill switch, a person who has not said yes, state that cannot be read, missing data. */
import { API_VERSION } from '../../../api/v1alpha1/fields.ts'
import { healingAction } from '../../../api/v1alpha1/healing-action.schema.ts'
import { healingLedger } from '../../../api/v1alpha1/healing-ledger.schema.ts'
import { healingPolicy } from '../../../api/v1alpha1/healing-policy.schema.ts'
import type { HealingAction } from '../../../api/v1alpha1/types.ts'
import type { KubeObject } from '../../../kube/api.ts'
import { latest, parseInstant, seconds, type Instant } from '../../../lib/time.ts'
import { compileResource } from '../../../schema/validate.ts'
import { actionOf, actOf, isAct, isEffective, ON_ITS_WAY } from '../acts.ts'
import type { Checker } from '../checker.ts'
import { actor, isWrite } from '../history.ts'
import { ACTIONS, LEDGERS, POLICIES, type World } from '../world.ts'

export const killSwitch: Checker = {
  invariant: 'I10', title: 'the kill switch stops new acts within a second',
  begin: (setting) => ({
    see: (entry, world, report) => {
      if (!isAct(entry, setting) || entry.dryRun || world.killed === undefined) return
      const late = entry.received - world.killed
      if (late > seconds(1)) report.broken(`the kill switch has been on for ${late} ms`, { action: actOf(entry) })
    },
  }),
}

const CHECKS = { [ACTIONS]: compileResource(healingAction, API_VERSION), [LEDGERS]: compileResource(healingLedger, API_VERSION), [POLICIES]: compileResource(healingPolicy, API_VERSION) }

/** What the schema would refuse, and a ledger that is another policy's. */
function whatIsWrong(collection: keyof typeof CHECKS, object: KubeObject): string | undefined {
  const [issue] = CHECKS[collection]?.(object) ?? []
  return issue === undefined ? undefined : `${object.kind}/${object.metadata.name} is malformed at ${issue.path}`
}

export const readable: Checker = {
  invariant: 'I19', title: 'malformed state of our own stops acting, and is never read as empty',
  begin: (setting) => {
    const since = new Map<string, { readonly why: string; readonly at: Instant }>()
    return {
      see: (entry, world, report) => {
        if (entry.kind === 'call' && setting.isController(actor(entry)) && entry.ok && !entry.dryRun && isWrite(entry) && entry.collection === LEDGERS && entry.verb !== 'create') {
          const before = entry.name === undefined ? undefined : world.get(LEDGERS, { namespace: entry.namespace, name: entry.name })
          const wrong = before === undefined ? undefined : whatIsWrong(LEDGERS, before)
          if (wrong !== undefined) report.broken(`${wrong}, and was written over`)
        }
        if (isAct(entry, setting) && isEffective(entry)) {
          const action = actionOf(entry, world)
          for (const [collection, object] of action === undefined ? [] : stateOf(action, world)) {
            const wrong = since.get(`${collection} ${object.metadata.namespace}/${object.metadata.name}`)
            if (wrong !== undefined && entry.received - wrong.at > ON_ITS_WAY + setting.slack) report.broken(wrong.why, { action: action?.metadata })
          }
        }
        if (entry.kind !== 'call' && entry.kind !== 'outside') return
        for (const { collection, before, after } of entry.kind === 'call' ? entry.changes : [entry.change]) {
          const { metadata } = after ?? before ?? {}
          if (!(collection in CHECKS) || metadata === undefined) continue
          const key = `${collection} ${metadata.namespace}/${metadata.name}`
          const why = after === undefined ? undefined : whatIsWrong(collection, after)
          if (why === undefined) since.delete(key)
          else if (!since.has(key)) since.set(key, { why, at: entry.at })
        }
      },
    }
  },
}

/** What an act goes by. */
function stateOf(action: HealingAction, world: World): readonly (readonly [string, KubeObject])[] {
  const policy = world.policy(action.spec.policyRef)
  // Taking an act back asks for no slot: that would keep what did not help.
  const ledgers = action.status?.undo !== undefined ? [] : world.ledgers().filter(({ spec }) => {
    const { policy: of, budget } = spec
    if (of !== undefined) return of.namespace === action.spec.policyRef.namespace && of.name === action.spec.policyRef.name
    return budget?.scope === 'Cluster' || budget?.namespace === action.spec.targetResource.namespace
  })
  return [[ACTIONS, action], ...(policy === undefined ? [] : [[POLICIES, policy] as const]), ...ledgers.map((ledger) => [LEDGERS, ledger] as const)]
}

/** From gathering the data to writing the decision down. */
const DECIDED = seconds(5)

export const noDataNoAction: Checker = {
  invariant: 'I20', title: 'no trigger data, no action',
  begin: (setting) => {
    const missing = new Map<string, Instant>()
    // Its clock may be set back between what was seen and the decision that says so.
    let newest: Instant | undefined
    return {
      see: (entry, _world, report) => {
        if (entry.kind === 'call') newest = newest === undefined ? entry.at : latest(newest, entry.at)
        if (entry.kind === 'mark' && entry.of !== undefined) {
          if (entry.mark === 'NoData') missing.set(entry.of, entry.at)
          if (entry.mark === 'Data') missing.delete(entry.of)
        }
        if (entry.kind !== 'call' || entry.collection !== ACTIONS || entry.verb !== 'create' || !entry.ok || entry.dryRun) return
        for (const { after } of entry.changes) {
          const action = after as HealingAction | undefined
          if (action === undefined) continue
          const { trigger, policyRef } = action.spec
          const since = missing.get(`${policyRef.namespace}/${policyRef.name}/${trigger.name}`)
          if (since !== undefined && entry.received - since > DECIDED + setting.slack) report.broken(`trigger ${trigger.name} has had no data for ${entry.received - since} ms`, { action: action.metadata })
          if (trigger.evidence.trim() === '') report.broken('it says nothing of what was seen', { action: action.metadata })
          const seen = parseInstant(trigger.since)
          if (seen === undefined || seen > (newest ?? entry.at) + setting.slack + seconds(2)) report.broken(`its trigger fires since ${trigger.since}`, { action: action.metadata })
        }
      },
    }
  },
}
