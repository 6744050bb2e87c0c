/** Who may decide, what about, and until when. What an action says of itself is the word of whoever is judged: the policy says what it had to ask. */
import { needsApproval } from '../../../api/v1alpha1/approval.ts'
import { withContextDefaults } from '../../../api/v1alpha1/context-defaults.ts'
import type { HealingAction, HealingActionSpec, HealingPolicy } from '../../../api/v1alpha1/types.ts'
import { parseDuration } from '../../../lib/duration.ts'
import { sameJson } from '../../../lib/json.ts'
import { parseInstant, seconds, type Instant } from '../../../lib/time.ts'
import { actionOf, isAct, isEffective, seenFrom } from '../acts.ts'
import type { Checker, Report } from '../checker.ts'
import { actor, isWrite, type Call, type Setting } from '../history.ts'
import { ACTIONS, LEDGERS, type World } from '../world.ts'

interface Given {
  readonly at: Instant
  readonly approval: HealingActionSpec['approval']
  /** What the person could see. */
  readonly shown: object
}

export const approved: Checker = {
  invariant: 'I13', title: 'approval counts only from an authenticated approver in time, and nobody but the controller writes what is ours',
  begin: (setting) => {
    /** By uid: what is made again under a name is another action. */
    const given = new Map<string, Given>()
    return {
      see: (entry, world, report) => {
        if (entry.kind !== 'call') return
        refuseStrangers(entry, setting, report)
        if (entry.collection === ACTIONS && entry.ok && !entry.dryRun) {
          for (const { after } of entry.changes) if (after !== undefined) take(after as HealingAction, entry, { world, given, setting, report })
        }
        const action = isAct(entry, setting) && !entry.dryRun ? actionOf(entry, world) : undefined
        if (action === undefined) return
        const about = { action: action.metadata }
        const decided = world.policyAs(action.spec.policyRef)
        const asked = whoAsked(action, decided, entry, world, setting)
        if (asked === undefined) {
          if (decided === undefined && isEffective(entry)) report.undecided('whether somebody had to approve it is not known: the policy that decided it is not in the history', about)
          return
        }
        const approval = given.get(action.metadata.uid)
        if (approval === undefined || action.spec.approval?.decision !== 'Approved') {
          report.broken(`nobody has approved it, and ${asked} asks for that`, about)
          return
        }
        if (!sameJson(action.spec.approval, approval.approval)) report.broken('its approval is another one than was given', about)
        if (!sameJson(shownBy(action.spec), approval.shown)) report.broken('it is not what was approved', about)
        const deadline = deadlineOf(action, decided)
        if (deadline !== undefined && approval.at > deadline + setting.slack) report.broken(`it was approved after ${new Date(deadline).toISOString()}`, about)
      },
    }
  },
}

const shownBy = (spec: HealingActionSpec): object => ({ ...spec, approval: undefined })

function refuseStrangers(entry: Call, { isController }: Setting, report: Report): void {
  if (!isWrite(entry) || !entry.ok || entry.dryRun || entry.changed === false || isController(actor(entry))) return
  const about = { action: { namespace: entry.namespace, name: entry.name ?? '' } }
  if (entry.collection === ACTIONS && entry.verb === 'create') report.broken(`${actor(entry)} made a HealingAction`, about)
  if (entry.collection === ACTIONS && entry.subresource === 'status') report.broken(`${actor(entry)} wrote the status of a HealingAction`, about)
  if (entry.collection === LEDGERS && ['create', 'update', 'patch'].includes(entry.verb)) report.broken(`${actor(entry)} wrote a ledger`)
}

interface Around {
  readonly world: World
  readonly given: Map<string, Given>
  readonly setting: Setting
  readonly report: Report
}

/** The first time that it stands there it was given, by whoever wrote it, to what stood there before. */
function take({ metadata, spec }: HealingAction, entry: Call, { world, given, setting: { mayApprove, restored }, report }: Around): void {
  const { approval } = spec
  if (approval?.decision !== 'Approved' || given.has(metadata.uid)) return
  const before = world.byUid(metadata.uid) as HealingAction | undefined
  const about = { action: metadata }
  const shown = shownBy((before ?? { spec }).spec)
  // A status says nothing of the spec beside it: somebody had decided as the backup was made.
  if (restored === true && entry.subresource === 'status') {
    given.set(metadata.uid, { at: parseInstant(approval.decidedAt) ?? entry.at, approval, shown })
    report.undecided('who approved it is not in the history', about)
    return
  }
  given.set(metadata.uid, { at: entry.at, approval, shown })
  if (approval.decidedBy !== actor(entry)) report.broken(`${actor(entry)} decided in the name of ${approval.decidedBy}`, about)
  if (mayApprove?.(actor(entry), metadata.namespace ?? '') === false) report.broken(`${actor(entry)} may not approve`, about)
}

/** undefined: nobody, as far as is known. */
function whoAsked(action: HealingAction, decided: HealingPolicy | undefined, entry: Call, world: World, { slack }: Setting): string | undefined {
  if (decided !== undefined && asks(decided, action)) return 'the policy that decided it'
  // What was looked at just before an edit may still be on its way; taking back what was done needs no new word.
  const lately = action.status?.undo === undefined ? (world.lately(action.spec.policyRef.uid, seenFrom(entry, slack)) as readonly HealingPolicy[]) : []
  if (lately.length > 0 && lately.every((policy) => asks(policy, action))) return 'the policy by now'
  return action.spec.approvalRequired === true ? 'the action itself' : undefined
}

function asks(policy: HealingPolicy, { spec: { action } }: HealingAction): boolean {
  const { mode, actions } = withContextDefaults(policy).spec
  return needsApproval({ mode }, actions.find(({ name }) => name === action.name) ?? action)
}

/** Whichever is first: what the action says, or as long as the policy lets it wait. Times of creation are whole seconds. */
function deadlineOf({ metadata, spec }: HealingAction, decided: HealingPolicy | undefined): number | undefined {
  const said = parseInstant(spec.approvalDeadline)
  const [made, span] = [parseInstant(metadata.creationTimestamp), parseDuration(decided?.spec.safetyRules.approvalTimeout ?? '')]
  const due = made === undefined || span === undefined ? undefined : made + span + seconds(1)
  return said === undefined || due === undefined ? (said ?? due) : Math.min(said, due)
}
