/** The apps of e2e/apps: what breaks in each, how, and what must come of it. */

/** Deployment, and first part of the name of its pods. */
export type AppName = 'stale-lock' | 'leak' | 'swinging' | 'checkout' | 'orders' | 'quotes' | 'broken' | 'bystander' | 'observed'

export interface App {
  readonly name: AppName
  /** What people call such a night. */
  readonly title: string
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

const inside = (deployment: string, command: string): readonly string[] => ['exec', `deploy/${deployment}`, '--', 'sh', '-c', command]

/** Records of about a kilobyte, each second: 77 MB of 128 in a minute and a quarter, and as long again until the kernel would end it. */
export const LEAK = 'echo 1000 > /cache/records'

const CRASH = 'kill -SEGV "$(cat /data/server.lock)"'
const crash = (app: AppName): Pick<App, 'fault' | 'inject'> => ({ fault: 'its server crashes and leaves a lock behind, so no restart in this pod gets past it', inject: inside(app, CRASH) })

export const APPS: readonly App[] = [
  { name: 'stale-lock', title: 'crash loop', policy: 'crash-loops', expectation: 'healed', ...crash('stale-lock') },
  {
    name: 'leak', title: 'memory leak', policy: 'leak', expectation: 'healed',
    fault: 'it begins to leak: 1 MB with every second, of 128 MB that it may have',
    inject: inside('leak', LEAK),
  },
  {
    name: 'swinging', title: 'CPU oscillation', policy: 'swinging', expectation: 'spared',
    fault: 'its CPU usage begins to swing, a sine of 60 s up to its limit',
    inject: inside('swinging', 'echo 60 > /work/period'),
  },
  {
    name: 'checkout', title: 'service degradation', policy: 'checkout', expectation: 'scaled',
    fault: 'five customers come where one was: they wait in line, which only Prometheus sees',
    inject: inside('shoppers', 'echo 5 > /work/customers'),
  },
  {
    name: 'orders', title: 'network degradation', policy: 'orders', expectation: 'healed',
    fault: 'what it calls moves to another address; it goes on calling the old one, and stays Ready',
    inject: ['delete', 'pod', '--selector', 'app=stock', '--wait=false'],
  },
  {
    name: 'quotes', title: 'storm', policy: 'quotes', expectation: 'held',
    fault: 'the database of all five is gone: all of them crash',
    inject: ['scale', 'deployment/rates', '--replicas=0'],
  },
  {
    name: 'broken', title: 'nothing helps', policy: 'broken', expectation: 'escalated',
    fault: 'it is restarted by a configuration that it refuses, and a new pod reads the same one',
    prepare: ['patch', 'configmap', 'broken', '--type', 'merge', '--patch', '{"data":{"port":"eighty"}}'],
    inject: inside('broken', 'kill 1'),
  },
  { name: 'bystander', title: 'protected', policy: 'crash-loops', expectation: 'untouched', ...crash('bystander') },
  { name: 'observed', title: 'dry run', policy: 'observed', expectation: 'dry-run', ...crash('observed') },
]

/** Label that every object of an app has, and that the objects which all apps need have with `every`. */
export const SCENARIO = 'scenario'

/** Names of the policies that must be accepted. Each is a file. */
export const policiesOf = (apps: readonly App[]): readonly string[] => [...new Set(apps.map(({ policy }) => policy))]

export type Expectation = 'healed' | 'scaled' | 'spared' | 'escalated' | 'untouched' | 'held' | 'dry-run'

/** What is looked at, in `verdict.ts`. */
export type Aspect = 'outcomes' | 'audit log' | 'dry runs' | 'Deployment' | 'pods' | 'trigger' | 'refusal' | 'breaker' | 'condition Escalated' | 'events Escalated' | 'actions'

export interface Expected {
  /** In a few words. */
  readonly says: string
  readonly checks: Readonly<Partial<Record<Aspect, string>>>
}

/** What decides the exit code. The audit log is that of the API server: what KubeSkippy's accounts wrote to the app, and as whom. */
export const EXPECTED: Readonly<Record<Expectation, Expected>> = {
  healed: {
    says: 'Effective: a new pod, Ready',
    checks: { outcomes: 'Effective', 'audit log': '1 create pods/eviction as kubeskippy-healer', Deployment: 'the same, Ready', pods: 'a new one, Ready' },
  },
  scaled: {
    says: 'Effective: one replica more',
    checks: { outcomes: 'Effective', 'audit log': '1 patch deployments/scale as kubeskippy-healer', Deployment: 'one replica more, Ready' },
  },
  spared: {
    says: 'the trigger comes and goes, no action',
    checks: { outcomes: 'none', 'audit log': 'nothing', 'dry runs': '0', Deployment: 'the same, Ready', pods: 'the same, Ready', trigger: 'came and went' },
  },
  escalated: {
    says: 'Ineffective, breaker open, a person is called',
    checks: { outcomes: 'Ineffective', 'audit log': '1 create pods/eviction as kubeskippy-healer', breaker: 'Open', 'condition Escalated': 'True', 'events Escalated': '1' },
  },
  untouched: {
    says: 'refused as protected, not even tried',
    checks: { outcomes: 'none', 'audit log': 'nothing', 'dry runs': '0', pods: 'the same, restarting', refusal: 'Protected' },
  },
  held: {
    says: 'the storm gate closes, no action',
    checks: { outcomes: 'none', 'audit log': 'nothing', 'dry runs': '0', pods: 'the same, restarting', refusal: 'StormGate' },
  },
  'dry-run': {
    says: 'a dry run with its diff, nothing done',
    checks: { outcomes: 'none', 'audit log': 'nothing', 'dry runs': '1', pods: 'the same, restarting', actions: 'dry run Succeeded with a diff' },
  },
}
