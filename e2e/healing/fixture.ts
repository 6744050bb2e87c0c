/** One cluster with KubeSkippy beside it for a whole suite, and what its tests say often. */
import { readFileSync } from 'node:fs'
import type { HealingAction, HealingLedger, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import type { KubeObject, Resource } from '../../shared/kube/api.ts'
import { HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, PODS } from '../../shared/kube/resources.ts'
import { connect, type KubeConnection } from '../../shared/kube/transport.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { seconds, type Millis } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { tellPod } from '../cluster/tell.ts'
import { acceptedWrites, type AuditEntry } from '../demo/audit.ts'
import { install, type Installation } from '../installation/installation.ts'
import type { Flags } from '../installation/program.ts'

export interface FixtureOptions {
  /** False: the suite starts it in its own way. Default true. */
  readonly controller?: boolean
  /** Of the controller, on top of the installation's own. */
  readonly flags?: Flags
  /** False: a control plane only, whose pods stay pending. Default true. */
  readonly node?: boolean
  /** Longest wait between the starts of a container that crashes. Default 3. */
  readonly crashLoopSeconds?: number
}

interface Parts {
  readonly cluster: Cluster
  readonly installation: Installation
  readonly api: KubeConnection
}

interface Stoppable {
  stop(): Promise<unknown>
}

/** Milliseconds: many times what it takes, for a busy machine. Building the cluster's programs is not among it. */
const START_TIMEOUT = 300_000

/** For all tests of the suite around it. Nothing of it can be used before the suite's own hooks. */
export function useFixture(options: FixtureOptions = {}): Fixture {
  const fixture = new Fixture(options)
  before('start a cluster and install KubeSkippy', function () {
    this.timeout(START_TIMEOUT)
    return fixture.start()
  })
  after('stop it', () => fixture.stop())
  return fixture
}

export class Fixture {
  readonly #options: FixtureOptions
  readonly #owned: Stoppable[] = []
  #parts: Parts | undefined

  constructor(options: FixtureOptions = {}) {
    this.#options = options
  }

  static async start(options: FixtureOptions = {}): Promise<Fixture> {
    const fixture = new Fixture(options)
    await fixture.start()
    return fixture
  }

  get cluster(): Cluster {
    return this.#up.cluster
  }

  get installation(): Installation {
    return this.#up.installation
  }

  /** An administrator, for looking: kubectl would cost a process each time. */
  get api(): KubeConnection {
    return this.#up.api
  }

  get #up(): Parts {
    if (this.#parts === undefined) throw new Error('the cluster is not up')
    return this.#parts
  }

  async start(): Promise<void> {
    const { node = true, controller = true, flags, crashLoopSeconds = 3 } = this.#options
    const cluster = await startCluster({ node, crashLoopSeconds })
    try {
      const installation = await install(cluster, { controller: controller && flags === undefined })
      if (flags !== undefined) await installation.startController({ flags })
      this.#parts = { cluster, installation, api: connect({ kubeconfig: cluster.kubeconfig, userAgent: 'e2e', timers: systemTimers, log: silentLogger }) }
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  /** Something beside the cluster, which is stopped before it; the last one first. */
  own<T extends Stoppable>(thing: T): T {
    this.#owned.push(thing)
    return thing
  }

  /** Whatever happened before; the cluster goes even when something beside it does not. */
  async stop(): Promise<void> {
    if (this.#parts === undefined) return
    const { cluster, installation, api } = this.#parts
    try {
      // First the controllers: in order they end at once, and what they talk to is still there.
      await installation.stopController()
      await installation.secondController.stop()
      for (const thing of this.#owned.toReversed()) await thing.stop()
      await api.close()
      await installation.stopWebhook()
    } finally {
      await cluster.stop()
    }
  }

  /** Standard output; a failure of kubectl fails the test with what it said. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.cluster.kubectl(args, input === undefined ? {} : { input })
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  async apply(...objects: readonly object[]): Promise<void> {
    await this.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  }

  /** A namespace of the test's own, with its consent unless told otherwise. */
  async namespace(name: string, { healer = true } = {}): Promise<string> {
    await this.kubectl(['create', 'namespace', name])
    if (healer) await this.installation.enable(name)
    return name
  }

  async list<T extends KubeObject>(namespace: string, resource: Resource): Promise<readonly T[]> {
    return (await this.api.list<T>(resource, { namespace })).items
  }

  pods = (namespace: string): Promise<readonly KubeObject[]> => this.list(namespace, PODS)
  actions = (namespace: string): Promise<readonly HealingAction[]> => this.list<HealingAction>(namespace, HEALING_ACTIONS)
  ledgers = (): Promise<readonly HealingLedger[]> => this.list<HealingLedger>(OPERATOR_NAMESPACE, HEALING_LEDGERS)
  policy = (namespace: string, name = 'heal'): Promise<HealingPolicy> => this.api.get<HealingPolicy>(HEALING_POLICIES, { namespace, name })

  /** Until a policy's last decision has this reason. */
  decided(namespace: string, reason: string, within: Millis = seconds(90), name = 'heal'): Promise<HealingPolicy> {
    return eventually(async () => {
      const policy = await this.policy(namespace, name)
      const { lastDecision } = policy.status ?? {}
      if (lastDecision?.reason !== reason) throw new Error(`last decision: ${JSON.stringify(lastDecision)}`)
      return policy
    }, within)
  }

  /** Until there are this many actions and all of them have ended. */
  ended(namespace: string, count = 1, within: Millis = seconds(120)): Promise<readonly HealingAction[]> {
    return eventually(async () => {
      const actions = await this.actions(namespace)
      const open = actions.filter(({ status }) => !['Succeeded', 'Failed', 'Cancelled'].includes(status?.phase ?? ''))
      if (actions.length < count || open.length > 0) throw new Error(`actions: ${JSON.stringify(actions.map((a) => a.status))}`)
      return actions
    }, within)
  }

  /** Writes to workloads and their pods in a namespace that the API server accepted, by anybody but its own controllers. */
  writes(namespace: string): readonly AuditEntry[] {
    return acceptedWrites(readFileSync(this.cluster.auditLog, 'utf8'), namespace).filter(({ user }) => user.startsWith(`system:serviceaccount:${OPERATOR_NAMESPACE}:`))
  }

  /** The same everywhere in the cluster. */
  allWrites(): readonly AuditEntry[] {
    return acceptedWrites(readFileSync(this.cluster.auditLog, 'utf8')).filter(({ user }) => user.startsWith(`system:serviceaccount:${OPERATOR_NAMESPACE}:`))
  }

  /** Real evictions, not dry runs. */
  evictions(namespace: string): readonly AuditEntry[] {
    return this.writes(namespace).filter(({ resource, dryRun }) => resource === 'pods/eviction' && !dryRun)
  }
}

/** What breaks, and whether a new pod mends it. */
export type Fault =
  /** Crashes at every start. */
  | 'always'
  /** Crashes once told so by `breakPod`, and from then on in this pod's emptyDir. */
  | 'inThisPod'
  /** Crashes some time after every start, new pods included. */
  | 'afterAWhile'

const SCRIPT: Readonly<Record<Fault, string>> = {
  always: 'exit 7',
  inThisPod: 'while [ ! -e /data/broken ]; do sleep 0.1; done; exit 7',
  afterAWhile: 'sleep 4; exit 7',
}

export function deployment(name: string, fault: Fault, { replicas = 1, labels = {}, annotations = {} } = {}): object {
  const app = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: app, annotations },
    spec: {
      replicas,
      selector: { matchLabels: app },
      template: {
        metadata: { labels: { ...app, ...labels } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'app',
              image: 'kubeskippy.local/busybox:1',
              imagePullPolicy: 'Never',
              command: ['sh', '-c', SCRIPT[fault]],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
          volumes: [{ name: 'data', emptyDir: {} }],
        },
      },
    },
  }
}

/**
 * Ready as this script says. Without it a container is Ready from each start to its end: a disruption budget counts that
 * one, and lets the pod go that is broken again by then.
 */
export function withReadiness(made: object, script: string): object {
  const { spec } = made as { spec: { template: { spec: { containers: object[] } } } }
  const containers = spec.template.spec.containers.map((container) => ({ ...container, readinessProbe: { exec: { command: ['sh', '-c', script] }, periodSeconds: 1, timeoutSeconds: 10 } }))
  return { ...made, spec: { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } } }
}

export interface PolicyOptions {
  readonly app: string
  readonly mode?: string
  readonly actions?: readonly object[]
  readonly safetyRules?: object
  readonly objectives?: object
  readonly cooldown?: string
  readonly suspend?: boolean
  readonly name?: string
}

/** Short times, so that a test takes seconds. */
export function policy(namespace: string, { app, mode = 'automatic', name = 'heal', cooldown = '0s', ...more }: PolicyOptions): object {
  return {
    apiVersion: 'kubeskippy.io/v1alpha1',
    kind: 'HealingPolicy',
    metadata: { name, namespace },
    spec: {
      mode,
      ...(more.suspend === undefined ? {} : { suspend: more.suspend }),
      selector: { labelSelector: { matchLabels: { app } } },
      triggers: [{ name: 'crash', type: 'condition', cooldownPeriod: cooldown, conditionTrigger: { type: 'CrashLoopBackOff', duration: '2s' } }],
      actions: more.actions ?? [{ name: 'restart', type: 'restart', restartAction: {} }],
      safetyRules: { stabilizationWindow: '4s', healthCheckTimeout: '30s', ...more.safetyRules },
      ...(more.objectives === undefined ? {} : { objectives: more.objectives }),
    },
  }
}

export const inNamespace = (namespace: string, object: object): object => {
  const { metadata } = object as { metadata?: object }
  return { ...object, metadata: { ...metadata, namespace } }
}

/** Tells every pod of an `inThisPod` deployment that is there now to crash. */
export async function breakPods(fixture: Fixture, namespace: string, app: string): Promise<readonly string[]> {
  await fixture.kubectl(['rollout', 'status', '-n', namespace, `deployment/${app}`, '--timeout=120s'])
  const pods = await fixture.pods(namespace)
  for (const { metadata } of pods) await tellPod(fixture.cluster, namespace, metadata.name, 'broken')
  return pods.map(({ metadata }) => metadata.uid)
}
