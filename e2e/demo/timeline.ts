/** What has happened to an app so far, read off the cluster's objects. Pure: the live part is that more and more is true. */
import type { HealingAction, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { plural } from '../../shared/lib/text.ts'
import type { App } from './scenario.ts'
import { concerns } from './verdict.ts'
import { actionsOf, appOfPod, isReady, lastEnd, podsOf, policyNamed, restartsOf, type LiveWorld } from './world.ts'

export interface Milestone {
  /** The same for as long as it is the same milestone. */
  readonly key: string
  readonly step: 'broke' | 'seen' | 'gone' | 'decision' | 'refusal' | 'dry run' | 'act' | 'recovered' | 'verified' | 'breaker' | 'escalated'
  readonly text: string
}

/** In the order in which they happen. @param triggered whether its trigger has been seen before */
export function milestones(app: App, world: LiveWorld, triggered = false): readonly Milestone[] {
  const policy = policyNamed(world, app.policy)
  return [
    ...broke(app, world),
    ...(policy === undefined ? [] : seen(app, policy, actionsOf(world, app.name), triggered)),
    ...actionsOf(world, app.name).toSorted(byAge).flatMap((action) => steps(action, world)),
    ...(policy === undefined ? [] : [...refusal(app, policy), ...afterwards(app, policy)]),
  ]
}

const byAge = (a: HealingAction, b: HealingAction): number => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1)

/** What the kubelet says of it, before anybody judges. */
function broke(app: App, world: LiveWorld): Milestone[] {
  const pod = podsOf(world, app.name).find((candidate) => !isReady(candidate) && restartsOf(candidate) > 0)
  const end = pod === undefined ? undefined : lastEnd(pod)
  if (pod === undefined || end === undefined) return []
  return [{ key: 'broke', step: 'broke', text: `Pod/${pod.metadata.name} is not Ready: its container ended with ${end.reason ?? 'no reason'}, exit code ${end.exitCode}` }]
}

/** What fires at its first reading is in the action before it is in the status. */
function seen(app: App, { status }: HealingPolicy, actions: readonly HealingAction[], triggered: boolean): Milestone[] {
  const finding = status?.findings?.find(({ object }) => appOfPod(object.name) === app.name)
  if (finding !== undefined) return [{ key: 'seen', step: 'seen', text: `${finding.trigger}: ${finding.message ?? finding.state}` }]
  if (triggered && app.expectation === 'spared') return [{ key: 'gone', step: 'gone', text: 'it is over before it has lasted: nothing is done' }]
  return actions.slice(0, 1).map(({ spec: { trigger } }) => ({ key: 'seen', step: 'seen', text: `${trigger.name}: ${trigger.evidence}` }))
}

function steps(action: HealingAction, world: LiveWorld): Milestone[] {
  const { spec, status, metadata } = action
  const found: Milestone[] = []
  const add = (step: Milestone['step'], text: string): void => void found.push({ key: `${step} ${metadata.name}`, step, text })
  const target = `${spec.targetResource.kind}/${spec.targetResource.name}`
  add('decision', `${spec.action.type} of ${target}${spec.dryRun ? ', as a dry run' : ''}`)
  if (spec.dryRun) {
    if (status?.completionTime !== undefined) add('dry run', `${status.phase}: ${status.result?.message ?? ''}`)
    return found
  }
  if (status?.actedAt !== undefined) add('act', `${spec.action.type === 'scale' ? 'scaled' : 'evicted'} ${target} as the healer of its namespace`)
  const replacement = spec.action.type === 'scale' ? undefined : podsOf(world, spec.incident.subject.name).find((pod) => pod.metadata.uid !== spec.targetResource.uid && isReady(pod))
  if (status?.healthySince !== undefined && replacement !== undefined) add('recovered', `Pod/${replacement.metadata.name} is Ready`)
  if (status?.completionTime !== undefined) add('verified', `${status.outcome ?? status.phase}: ${status.result?.message ?? ''}`)
  return found
}

function refusal(app: App, { status }: HealingPolicy): Milestone[] {
  if (app.expectation !== 'untouched' && app.expectation !== 'held') return []
  const { kind, reason, message = '' } = status?.lastDecision ?? {}
  return kind === 'Blocked' && concerns(app, message) ? [{ key: `refusal ${reason}`, step: 'refusal', text: `${reason}: ${message}` }] : []
}

function afterwards(app: App, { status }: HealingPolicy): Milestone[] {
  const incident = status?.incidents?.find(({ subject, state }) => subject.name === app.name && state === 'Escalated')
  // The breaker belongs to the policy: of several apps under one, this one need not be the cause.
  const open = app.expectation === 'escalated' && status?.breaker?.state === 'Open'
  return [
    ...(open ? [{ key: 'breaker', step: 'breaker', text: `open after ${plural(status.breaker?.failures ?? 0, 'action')} that did not help, until ${status.breaker?.openUntil ?? 'somebody looks'}` } as const] : []),
    ...(incident === undefined ? [] : [{ key: `escalated ${incident.id}`, step: 'escalated', text: `no action is left for Deployment/${incident.subject.name}: a person has to look` } as const]),
  ]
}

/** Whether the last milestone of an app is reached, whatever it says. */
export function isSettled(app: App, world: LiveWorld, triggered: boolean): boolean {
  const reached = milestones(app, world, triggered).map(({ step }) => step)
  switch (app.expectation) {
    case 'healed':
    case 'scaled':
      return reached.includes('verified')
    case 'spared':
      return reached.includes('gone')
    case 'escalated':
      return reached.includes('verified') && reached.includes('escalated')
    case 'untouched':
    case 'held':
      return reached.includes('refusal')
    case 'dry-run':
      return reached.includes('dry run')
    default:
      return app.expectation satisfies never
  }
}
