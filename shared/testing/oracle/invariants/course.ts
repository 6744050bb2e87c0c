/** What holds of a whole history: that it ends, that it is quiet, that it gives nothing away. */
import { parseDuration } from '../../../lib/duration.ts'
import { after, latest, millis, minutes, parseInstant, seconds, type Instant, type Millis } from '../../../lib/time.ts'
import type { HealingAction, HealingPolicy } from '../../../api/v1alpha1/types.ts'
import type { Checker } from '../checker.ts'
import { isWrite, type Call } from '../history.ts'
import { ACTIONS, OWN } from '../world.ts'

export const nothingLeaks: Checker = {
  invariant: 'I15', title: 'no secret value leaves the process',
  begin: (setting) => ({
    see: (entry, _world, report) => {
      const sent = entry.kind === 'open' ? entry.call : entry
      const said = sent.kind === 'output' ? sent.text : sent.kind === 'call' && setting.isController(sent.user) ? JSON.stringify(sentBy(sent)) : ''
      for (const [index, secret] of setting.secrets.entries()) if (said.includes(secret) || said.includes(JSON.stringify(secret).slice(1, -1))) report.broken(`secret value ${index} is in it`)
    },
  }),
}

/** All that a process gives away with a call; the rest is the server's word. */
const sentBy = ({ verb, collection, subresource, namespace, name, impersonated, userAgent, fieldManager, body }: Call): readonly unknown[] =>
  [verb, collection, subresource, namespace, name, impersonated, userAgent, fieldManager, body]

const ENDED = new Set(['Succeeded', 'Failed', 'Cancelled'])
const duration = (text: string | undefined, usual: Millis): Millis => (text === undefined ? usual : (parseDuration(text) ?? usual))
const latestOf = (...times: readonly (Instant | undefined)[]): Instant | undefined => times.reduce((a, b) => (a === undefined || b === undefined ? (a ?? b) : latest(a, b)), undefined)

/** From when a time is over until somebody has looked: a verification that cannot see looks every five seconds. */
const SEEN = seconds(10)

/** Until when it must have ended, when nothing has gone wrong since `calm`: what is left of its timeout, its verification, and a minute. undefined: it waits for a person. */
function deadlineOf({ metadata, spec, status }: HealingAction, policy: HealingPolicy | undefined, calm: Instant): Instant | undefined {
  if (spec.approvalRequired === true && spec.approval === undefined) return undefined
  const { healthCheckTimeout, stabilizationWindow } = policy?.spec.safetyRules ?? {}
  const timeout = duration(spec.timeout, minutes(10))
  const verification = millis(duration(healthCheckTimeout, minutes(5)) + duration(stabilizationWindow, minutes(2)) + minutes(1) + SEEN)
  const acted = parseInstant(status?.actedAt)
  const undone = parseInstant(status?.undo?.begunAt)
  if (undone !== undefined) return after(latest(calm, undone), millis(timeout + verification))
  if (acted !== undefined) return after(latest(calm, acted), verification)
  // Before its first try its time begins with the first look at it, which nothing has recorded.
  const begun = parseInstant(status?.startTime) ?? latestOf(calm, parseInstant(metadata.creationTimestamp), parseInstant(spec.approval?.decidedAt), parseInstant(status?.approvedAt)) ?? calm
  return after(latest(calm, after(begun, timeout)), verification)
}

export const everythingEnds: Checker = {
  invariant: 'I16', title: 'when faults end, every action reaches a final phase in its time',
  begin: (setting) => {
    let calm: Instant | undefined
    return {
      see: (entry, world, report) => {
        if (entry.kind === 'mark' && entry.mark === 'FaultsEnd') calm = entry.at
        if (calm === undefined || entry.kind !== 'call' || entry.collection !== ACTIONS) return
        for (const { after: stored } of entry.changes) {
          const action = stored as HealingAction | undefined
          if (action === undefined || !ENDED.has(action.status?.phase ?? '')) continue
          const known = world.action({ namespace: action.metadata.namespace, name: action.metadata.name })
          if (known === undefined || ENDED.has(known.status?.phase ?? '')) continue
          const deadline = deadlineOf(action, world.policy(action.spec.policyRef), calm)
          if (deadline !== undefined && entry.at > deadline + setting.slack) report.broken(`it ended ${entry.at - deadline} ms late`, { action: action.metadata })
        }
      },
      end: (world, until, report) => {
        for (const action of world.actions()) {
          if (ENDED.has(action.status?.phase ?? '')) continue
          const deadline = calm === undefined ? undefined : deadlineOf(action, world.policy(action.spec.policyRef), calm)
          if (calm === undefined || (deadline !== undefined && until < deadline + setting.slack)) report.undecided(`it is ${action.status?.phase ?? 'new'}, and has time left`, { action: action.metadata })
          else if (deadline !== undefined) report.broken(`it is still ${action.status?.phase ?? 'new'}`, { action: action.metadata })
        }
      },
    }
  },
}

/** Groups that are watched: a list of them while all is quiet is a poll. */
const WATCHED = new Set(['', 'apps', 'kubeskippy.io'])

export const quietWhenQuiet: Checker = {
  invariant: 'I17', title: 'a quiet cluster: no write but the lease and garbage collection, and no LIST',
  begin: (setting) => {
    let quiet = false
    return {
      see: (entry, _world, report) => {
        if (entry.kind === 'mark' && (entry.mark === 'Quiet' || entry.mark === 'Disturbed')) {
          quiet = entry.mark === 'Quiet'
          if (quiet && !setting.seesReads) report.undecided('reads are not in the history')
        }
        if (!quiet || entry.kind !== 'call' || !setting.isController(entry.user)) return
        const [group = ''] = entry.collection.split('/')
        const collected = entry.verb === 'delete' && OWN.has(entry.collection)
        if (isWrite(entry) && !entry.collection.endsWith('/leases') && !collected) report.broken('nothing had happened')
        if (entry.verb === 'list' && WATCHED.has(group)) report.broken('what is watched is not listed')
      },
    }
  },
}
