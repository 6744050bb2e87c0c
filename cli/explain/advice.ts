/** What would have to change for something to happen, by the reason why nothing did. */
import type { RefusalReason } from '../../controller/healing/refusal.ts'

const WAIT = 'nothing: it goes on by itself'

const REFUSALS: Readonly<Record<RefusalReason, string>> = {
  KillSwitch: 'take the kill switch back: kubeskippy resume --all',
  Suspended: 'set spec.suspend to false',
  Paused: 'take the pause back: kubeskippy resume POLICY -n NAMESPACE, or resume -n NAMESPACE when it is the namespace',
  NotAccepted: 'mend what the condition Accepted names, and apply the policy again',
  PolicyDeleted: 'the policy is on its way out; nothing more is done by it',
  PolicyChanged: 'nothing: the policy is judged again as it is now',
  ClockSkew: 'set the clock of the machine that the controller runs on (NTP)',
  NamespaceTerminating: 'the namespace is on its way out; nothing more is done in it',
  ProtectedNamespace: 'nothing acts there: the installation protects the namespace (protectedNamespaces)',
  NoConsent: 'whoever runs the namespace that the sentence names lets policies of NAMESPACE in: kubeskippy enable -n THERE --consent-to NAMESPACE',
  ConsentUnknown: 'kubeskippy check: the controller must be able to ask the API server (SubjectAccessReview)',
  OptedOut: 'remove the annotation kubeskippy.io/ignore, when its owner agrees',
  OutsideSchedule: 'wait until safetyRules.schedules allow it, or change them',
  Protected: 'take it out of safetyRules.protectedResources, if it should be healed',
  TargetGone: 'nothing: what was broken is not there any more',
  TargetChanged: 'nothing: it is judged again as it is now',
  TargetTerminating: WAIT,
  TargetRecovered: 'nothing: it recovered by itself',
  OwnerUnknown: WAIT,
  NoController: 'run the pod by a Deployment or another controller: nobody would make it again',
  Unsupported: 'repair it by hand: this kind of object is not acted on',
  HealerMissing: "give the namespace's consent: kubeskippy enable -n THERE",
  HealerForbidden: "renew the namespace's consent: kubeskippy enable -n THERE",
  ControllerForbidden: 'grant the controller what the sentence names, in a ClusterRole with the label kubeskippy.io/aggregate-to-controller; kubeskippy check tells what else is missing',
  NoAction: 'add an action for this trigger to the policy',
  Escalated: 'a person has to repair it; the incident ends when it has been healthy for a while',
  NothingToDo: 'the target is already as the action would make it: change the action, if more should be done',
  Stuck: 'a new pod of the workload is not Ready in time: look at that pod, the others were left as they are',
  DryRunDone: 'set mode: automatic, when what the dry run shows is what you want',
  CooldownActive: "wait for the end of the cooldown, or lower the trigger's cooldownPeriod",
  IncidentInProgress: WAIT,
  AlreadyTried: WAIT,
  ConcurrencyLimit: 'wait for what is in flight, or raise safetyRules.maxConcurrent',
  BreakerOpen: 'find out why acting did not help (the actions below say what was seen); the breaker tries once more by itself',
  StaleData: 'kubeskippy check: the controller does not hear the API server',
  OwnedElsewhere: 'change what the sentence names, or give the policy an action that it does not undo',
  ClaimedElsewhere: 'nothing: it goes on when the other action has ended; let one policy, with one ladder, heal the workload',
  WorkloadPaused: 'kubectl rollout resume, when nobody is at work on it',
  OnDelete: 'let the action act on the pods: target: Pod',
  Partitioned: 'let the action act on the pods, or finish the rollout: partition 0',
  RolloutInProgress: WAIT,
  RateLimited: 'wait for the next free slot, or raise safetyRules.maxActionsPerHour',
  BudgetExhausted: 'wait for the next free slot, or raise what the sentence names: safetyRules.budgets, or a budget of the installation',
  StormGate: 'find what the broken objects have in common; it acts again when few enough are, or raise safetyRules.maxUnhealthy',
  LedgerFull: 'find out why so many incidents are open at once; kubeskippy check',
  NotReserved: WAIT,
  PendingApproval: 'somebody with the verb approve decides: kubeskippy approve (or reject) ACTION -n NAMESPACE',
  ApprovalExpired: 'nothing: nobody decided in time; it is asked for again after the cooldown, if it is still needed',
  Rejected: 'a person has decided against it, and the incident is escalated: it ends when the workload has been healthy again',
}

/** Of decisions to do nothing, of conditions, and of results of actions. */
const OTHERS: Readonly<Record<string, string>> = {
  Pending: 'nothing: a trigger that is pending has to hold for its whole duration first',
  Partial: 'nothing: with triggerMatch All every trigger has to fire on one object first; triggerMatch: Any acts on each of them',
  Monitoring: 'set mode: dryrun to see what would be done, or mode: automatic to have it done, where its kinds can be acted on',
  NoData: 'find out why the triggers have no data (see their messages)',
  LedgerUnreadable: 'kubeskippy check says which ledger, what is wrong with it, and how to begin anew',
  NotCompiled: 'apply the policy again, with the CRDs and the programs of one version',
  DisruptionBudget: 'the named PodDisruptionBudget forbids it: unhealthyPodEvictionPolicy: AlwaysAllow lets broken pods go',
  Timeout: 'find out what kept it from being done in time: kubectl describe of its target',
  RetriesExhausted: 'look at what the last try says; the next rung of the ladder follows',
  PatchFailed: 'the object has another shape than the patch expects (a test, or a path of it): mend the patch, or write it as type: strategic',
  WriteRefused: 'see the log of the API server (or its admission webhooks) for the write: it names the action in the User-Agent',
  Ambiguous: WAIT,
  Unreachable: 'kubeskippy check: the API server does not answer the controller',
  Throttled: WAIT,
  Inconclusive: 'look at the target: nobody can tell whether it helped; twice in a row, and a person is asked',
  StatusUnreadable: 'somebody changed the status by hand: look at the target, since what was done is not known',
  SeveralDisruptionBudgets: 'let one PodDisruptionBudget select the pod, not several',
}

/**
 * For this policy and its namespace; undefined: there is nothing to say beyond the message.
 * @param told the message: it names the namespace that it is about, where that is another one
 */
export function adviceFor(reason: string | undefined, { namespace, name }: { readonly namespace?: string; readonly name: string }, told = ''): string | undefined {
  const advice = reason === undefined ? undefined : ((REFUSALS as Readonly<Record<string, string | undefined>>)[reason] ?? OTHERS[reason])
  const there = /kubeskippy enable -n ([a-z0-9-]+)/.exec(told)?.[1] ?? namespace ?? ''
  return advice?.replaceAll('THERE', there).replaceAll('NAMESPACE', namespace ?? '').replaceAll('POLICY', name)
}
