/** Whether what was expected of an app is what the cluster's objects and its audit log show. Pure. */
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { CONTROLLER_USER, HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { AuditEntry } from './audit.ts'
import { EXPECTED, type App, type AppName, type Aspect } from './scenario.ts'
import { actionsOf, appOfPod, isReady, NAMESPACE, podsOf, policyNamed, restartsOf, type ClusterEvent, type Deployment, type Pod, type World } from './world.ts'

/** Of the time before the end. */
export interface Story {
  /** Before the faults. */
  readonly pods: readonly Pod[]
  readonly deployments: readonly Deployment[]
  /** When the faults were injected, milliseconds since 1970. */
  readonly faultAt: number
  /** Whose trigger was seen as pending or firing at any time since. */
  readonly triggered: ReadonlySet<AppName>
}

export interface Check {
  /** What was looked at: `outcomes`, `audit log`. */
  readonly what: string
  readonly expected: string
  readonly seen: string
}

export interface Verdict {
  readonly app: string
  readonly title: string
  readonly expected: string
  /** In a few words. */
  readonly seen: string
  /** What the API server's audit log has of it. */
  readonly audit: string
  readonly ok: boolean
  readonly failures: readonly Check[]
  /** Seconds from the fault to the last verdict on an action. */
  readonly after?: number
}

export function judge(app: App, world: World, story: Story): Verdict {
  const { says, checks } = EXPECTED[app.expectation]
  const failures = Object.entries(checks).map(([what, expected]) => ({ what, expected, seen: SEEN[what as Aspect](app, world, story) })).filter(({ expected, seen }) => expected !== seen)
  const ends = actionsOf(world, app.name).map(({ status }) => Date.parse(status?.completionTime ?? '')).filter((at) => !Number.isNaN(at))
  return {
    app: app.name, title: app.title, expected: says, audit: auditOf(app, world), ok: failures.length === 0, failures,
    seen: failures.length === 0 ? 'as expected' : `${failures.length} not as expected`,
    ...(ends.length === 0 ? {} : { after: (Math.max(...ends) - story.faultAt) / 1000 }),
  }
}

/** What there is, in the words of the table of what is expected. */
const SEEN: Readonly<Record<Aspect, (app: App, world: World, story: Story) => string>> = {
  outcomes: (app, world) => actionsOf(world, app.name).map(({ status }) => status?.outcome ?? 'none').join(', ') || 'none',
  'audit log': auditOf,
  'dry runs': (app, world) => String(writesTo(app, world).filter(({ dryRun }) => dryRun).length),
  Deployment: deploymentState,
  pods: podState,
  trigger: ({ name, policy }, world, { triggered }) => {
    if (!triggered.has(name)) return 'was never seen'
    return policyNamed(world, policy)?.status?.findings?.some(({ object, state }) => appOfPod(object.name) === name && state === 'Firing') === true ? 'fires' : 'came and went'
  },
  refusal: refusalOf,
  breaker: (app, world) => policyNamed(world, app.policy)?.status?.breaker?.state ?? 'none',
  'condition Escalated': (app, world) => policyNamed(world, app.policy)?.status?.conditions?.find(({ type }) => type === 'Escalated')?.status ?? 'none',
  'events Escalated': (app, world) => String(eventsOf(app, world, 'Escalated').reduce((sum, event) => sum + timesOf(event), 0)),
  actions: (app, world) => actionsOf(world, app.name).map(({ spec, status }) => `${spec.dryRun ? 'dry run' : 'real'} ${status?.phase}${(status?.result?.changes?.length ?? 0) > 0 ? ' with a diff' : ''}`).join(', '),
}

/** Everything that KubeSkippy wrote to the app and that was no dry run: how often, what, and as whom. */
function auditOf(app: App, world: World): string {
  const healer = serviceAccountUser(NAMESPACE, HEALER_ACCOUNT)
  const kinds = writesTo(app, world).filter(({ dryRun }) => !dryRun).map(({ verb, resource, impersonated }) => `${verb} ${resource} as ${impersonated === healer ? HEALER_ACCOUNT : impersonated ?? 'itself'}`)
  return [...new Set(kinds)].map((kind) => `${kinds.filter((other) => other === kind).length} ${kind}`).join(', ') || 'nothing'
}

const writesTo = (app: App, { audit }: World): readonly AuditEntry[] => audit.filter((entry) => isOf(entry, app) && entry.user === CONTROLLER_USER)

/** Writes to its Deployment, its ReplicaSet or its pods, or to a whole collection; our own objects and events are apart. */
const isOf = ({ group, resource, name }: AuditEntry, app: App): boolean =>
  group !== GROUP && resource !== 'events' && (name === '' || name === app.name || name.replace(/-[a-z0-9]+$/, '') === app.name || appOfPod(name) === app.name)

function deploymentState(app: App, world: World, story: Story): string {
  const find = ({ deployments }: Pick<World, 'deployments'>) => deployments.find(({ metadata }) => metadata.name === app.name)
  const [before, now] = [find(story), find(world)]
  if (now === undefined) return 'none'
  return `${difference(before, now)}, ${now.status?.availableReplicas === now.spec.replicas ? 'Ready' : 'not Ready'}`
}

function difference(before: Deployment | undefined, now: Deployment): string {
  if (before?.metadata.uid !== now.metadata.uid) return 'another one'
  const more = now.spec.replicas - before.spec.replicas
  // Whatever else was changed would be another generation.
  const writes = (now.metadata.generation ?? 0) - (before.metadata.generation ?? 0)
  if (writes === 0) return 'the same'
  return more === 1 && writes === 1 ? 'one replica more' : `changed ${writes} times`
}

function podState(app: App, world: World, story: Story): string {
  const before = new Set(podsOf(story, app.name).map(({ metadata }) => metadata.uid))
  const now = podsOf(world, app.name).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  if (now.length !== before.size) return `${now.length} of ${before.size}`
  const kept = now.filter(({ metadata }) => before.has(metadata.uid)).length
  const state = now.every(isReady) ? 'Ready' : now.every((pod) => restartsOf(pod) > 0) ? 'restarting' : 'not Ready'
  return `${kept === now.length ? 'the same' : now.length === 1 ? 'a new one' : `${now.length - kept} new ones`}, ${state}`
}

const eventsOf = (app: App, { events }: World, reason: string): readonly ClusterEvent[] =>
  events.filter((event) => event.reason === reason && event.regarding?.kind === 'HealingPolicy' && event.regarding.name === app.policy && (event.note ?? '').includes(app.name))

const timesOf = ({ series, deprecatedCount }: ClusterEvent): number => series?.count ?? deprecatedCount ?? 1

/** The last word of the policy if it is about this app, or else the event of it. */
function refusalOf(app: App, world: World): string {
  const last = policyNamed(world, app.policy)?.status?.lastDecision
  if (last?.kind === 'Blocked' && concerns(app, last.message)) return last.reason ?? 'none'
  return eventsOf(app, world, 'Protected')[0]?.reason ?? 'none'
}

/** A policy of one app speaks of no other. */
export const concerns = (app: App, message = ''): boolean => app.policy === app.name || message.includes(`${app.name}-`)
