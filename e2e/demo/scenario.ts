/** The apps of e2e/apps: what breaks in each, how, and what must come of it. */

/** Deployment, and first part of the name of its pods. */
export type AppName = 'stale-lock' | 'leak' | 'broken' | 'bystander' | 'observed'

export type Expectation = 'healed' | 'escalated' | 'untouched' | 'dry-run'

export interface App {
  readonly name: AppName
  /** The policy that selects it. */
  readonly policy: string
  readonly expectation: Expectation
  /** How the fault comes about, for people. */
  readonly fault: string
  /** Arguments of kubectl, made before the faults: what a fault needs to be there. */
  readonly prepare?: readonly string[]
  /** Arguments of kubectl. It may be cut off by what it does. */
  readonly inject: readonly string[]
}

const inside = (app: AppName, command: string): readonly string[] => ['exec', `deploy/${app}`, '--', 'sh', '-c', command]

const CRASH = 'kill -SEGV "$(cat /data/server.lock)"'
const crash = (app: AppName): Pick<App, 'fault' | 'inject'> => ({ fault: 'its server crashes and leaves a lock behind, so no restart in this pod gets past it', inject: inside(app, CRASH) })

export const APPS: readonly App[] = [
  { name: 'stale-lock', policy: 'crash-loops', expectation: 'healed', ...crash('stale-lock') },
  {
    name: 'leak',
    policy: 'leak',
    expectation: 'healed',
    fault: 'its warm-up data go bad, so it grows until the kernel kills it, at every start in this pod',
    inject: inside('leak', 'echo 100000 > /cache/records'),
  },
  {
    name: 'broken',
    policy: 'broken',
    expectation: 'escalated',
    fault: 'it is restarted by a configuration that it refuses, and a new pod reads the same one',
    prepare: ['patch', 'configmap', 'broken', '--type', 'merge', '--patch', '{"data":{"port":"eighty"}}'],
    inject: inside('broken', 'kill 1'),
  },
  { name: 'bystander', policy: 'crash-loops', expectation: 'untouched', ...crash('bystander') },
  { name: 'observed', policy: 'observed', expectation: 'dry-run', ...crash('observed') },
]

/** Names of the policies that must be accepted. */
export const POLICIES: readonly string[] = [...new Set(APPS.map(({ policy }) => policy))]

export const EXPECTED: Readonly<Record<Expectation, string>> = {
  healed: 'Effective, same Deployment Ready',
  escalated: 'Ineffective, breaker open, escalated once, no loop',
  untouched: 'untouched, refused as protected',
  'dry-run': 'dry run with its diff, nothing written',
}
