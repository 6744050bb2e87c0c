/** Whether what was expected of an app is what the cluster's objects and its audit log show. Pure. */
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { CONTROLLER_USER, HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { AuditEntry } from './audit.ts'
import { EXPECTED, type App } from './scenario.ts'
import { actionsOf, appOfPod, isReady, NAMESPACE, podsOf, policyNamed, restartsOf, type ClusterEvent, type Deployment, type Pod, type World } from './world.ts'

/** Taken before the faults. */
export interface Baseline {
  readonly pods: readonly Pod[]
  readonly deployments: readonly Deployment[]
  /** When the faults were injected, milliseconds since 1970. */
  readonly faultAt: number
}

export interface Check {
  /** What was looked at: `outcome`, `real evictions`. */
  readonly what: string
  readonly expected: string
  readonly seen: string
}

export interface Verdict {
  readonly app: string
  readonly expected: string
  /** In a few words. */
  readonly seen: string
  readonly ok: boolean
  readonly failures: readonly Check[]
  /** Seconds from the fault to the last verdict on an action. */
  readonly after?: number
}

export function judge(app: App, world: World, baseline: Baseline): Verdict {
  const checks = [...checksOf(app, world, baseline), ...common(app, world)]
  const failures = checks.filter(({ expected, seen }) => expected !== seen)
  const ends = actionsOf(world, app.name).map(({ status }) => Date.parse(status?.completionTime ?? '')).filter((at) => !Number.isNaN(at))
  return {
    app: app.name, expected: EXPECTED[app.expectation], seen: summary(app, world, failures), ok: failures.length === 0, failures,
    ...(ends.length === 0 ? {} : { after: (Math.max(...ends) - baseline.faultAt) / 1000 }),
  }
}

function summary(app: App, world: World, failures: readonly Check[]): string {
  if (failures.length === 0) return EXPECTED[app.expectation]
  const outcomes = actionsOf(world, app.name).map(({ status }) => status?.outcome ?? status?.phase ?? 'Pending')
  return `${outcomes.length === 0 ? 'no action' : outcomes.join(', ')}; ${failures.length} not as expected`
}

function checksOf(app: App, world: World, baseline: Baseline): readonly Check[] {
  const actions = actionsOf(world, app.name)
  const outcome = check('outcomes', actions.length === 0 ? 'none' : actions.map(({ status }) => status?.outcome ?? 'none').join(', '))
  const evictions = evictionsOf(world, app)
  const real = check('real evictions', String(evictions.filter(({ dryRun }) => !dryRun).length))
  switch (app.expectation) {
    case 'healed':
      return [
        outcome('Effective'),
        real('1'),
        check('by', evictions[0]?.impersonated ?? 'nobody')(serviceAccountUser(NAMESPACE, HEALER_ACCOUNT)),
        check('Deployment', deploymentState(app, world, baseline))('the same, Ready'),
        check('pod', podState(app, world, baseline))('a new one, Ready'),
      ]
    case 'escalated':
      return [
        outcome('Ineffective'),
        real('1'),
        check('breaker', policyNamed(world, app.policy)?.status?.breaker?.state ?? 'none')('Open'),
        check('condition Escalated', conditionOf(app, world, 'Escalated'))('True'),
        check('events Escalated', String(eventsOf(app, world, 'Escalated').reduce((sum, event) => sum + timesOf(event), 0)))('1'),
      ]
    case 'untouched':
      return [
        outcome('none'),
        check('evictions, dry runs included', String(evictions.length))('0'),
        check('pod', podState(app, world, baseline))('the same, restarting'),
        check('refusal', refusalOf(app, world))('Protected'),
      ]
    case 'dry-run':
      return [
        outcome('none'),
        real('0'),
        check('dry runs of an eviction', String(evictions.length))('1'),
        check('pod', podState(app, world, baseline))('the same, restarting'),
        check('actions', actions.map(({ spec, status }) => `${spec.dryRun ? 'dry run' : 'real'} ${status?.phase}${(status?.result?.changes?.length ?? 0) > 0 ? ' with a diff' : ''}`).join(', '))('dry run Succeeded with a diff'),
      ]
    default:
      return app.expectation satisfies never
  }
}

/** Of every app: the operator itself writes nothing but its own objects and events; all else is done as the healer. */
function common(app: App, world: World): readonly Check[] {
  const own = world.audit.filter((entry) => isOf(entry, app) && !entry.dryRun && byUs(entry))
  const other = own.filter(({ resource, impersonated }) => resource !== 'pods/eviction' || impersonated !== serviceAccountUser(NAMESPACE, HEALER_ACCOUNT))
  return [check('other writes', other.length === 0 ? 'none' : other.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`).join(', '))('none')]
}

const check = (what: string, seen: string) => (expected: string): Check => ({ what, expected, seen })

const evictionsOf = ({ audit }: World, app: App): readonly AuditEntry[] => audit.filter((entry) => entry.resource === 'pods/eviction' && isOf(entry, app) && byUs(entry))

const byUs = ({ user }: AuditEntry): boolean => user === CONTROLLER_USER

/** Writes to its Deployment, its ReplicaSet or its pods, or to a whole collection; our own objects and events are apart. */
const isOf = ({ group, resource, name }: AuditEntry, app: App): boolean =>
  group !== GROUP && resource !== 'events' && (name === '' || name === app.name || name.replace(/-[a-z0-9]+$/, '') === app.name || appOfPod(name) === app.name)

function deploymentState(app: App, world: World, baseline: Baseline): string {
  const find = ({ deployments }: Pick<World, 'deployments'>) => deployments.find(({ metadata }) => metadata.name === app.name)
  const [before, now] = [find(baseline), find(world)]
  if (now === undefined) return 'none'
  const same = before?.metadata.uid === now.metadata.uid && before.metadata.generation === now.metadata.generation
  return `${same ? 'the same' : 'another one'}, ${now.status?.availableReplicas === now.spec.replicas ? 'Ready' : 'not Ready'}`
}

function podState(app: App, world: World, baseline: Baseline): string {
  const [before] = podsOf(baseline, app.name)
  const [now, ...more] = podsOf(world, app.name).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  if (now === undefined || more.length > 0) return now === undefined ? 'none' : 'several'
  const state = isReady(now) ? 'Ready' : restartsOf(now) > 0 ? 'restarting' : 'not Ready'
  return `${now.metadata.uid === before?.metadata.uid ? 'the same' : 'a new one'}, ${state}`
}

const conditionOf = (app: App, world: World, type: string): string =>
  policyNamed(world, app.policy)?.status?.conditions?.find((condition) => condition.type === type)?.status ?? 'none'

const eventsOf = (app: App, { events }: World, reason: string): readonly ClusterEvent[] =>
  events.filter((event) => event.reason === reason && event.regarding?.kind === 'HealingPolicy' && event.regarding.name === app.policy && (event.note ?? '').includes(app.name))

const timesOf = ({ series, deprecatedCount }: ClusterEvent): number => series?.count ?? deprecatedCount ?? 1

/** The last word of the policy if it is about this app, or else the event of it. */
function refusalOf(app: App, world: World): string {
  const last = policyNamed(world, app.policy)?.status?.lastDecision
  if (last?.kind === 'Blocked' && last.message?.includes(`${app.name}-`) === true) return last.reason ?? 'none'
  return eventsOf(app, world, 'Protected')[0]?.reason ?? 'none'
}
