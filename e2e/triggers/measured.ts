/** What the suites of metric triggers have in common: an app that does as it is told, a policy about it, and what its trigger says. */
import { BUSYBOX_IMAGE } from '../cluster/spec.ts'
import { seconds } from '../../shared/lib/time.ts'
import type { HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import type { Fixture } from '../healing/fixture.ts'

export interface AppOptions {
  readonly script: string
  readonly replicas?: number
  readonly resources?: object
  readonly readinessProbe?: object
  readonly annotations?: Readonly<Record<string, string>>
}

export const app = (name: string, { script, replicas = 1, annotations = {}, ...container }: AppOptions): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'app', image: BUSYBOX_IMAGE, imagePullPolicy: 'Never', command: ['sh', '-c', script], volumeMounts: [{ name: 'data', mountPath: '/data' }], ...container }],
        // In memory, so that what is written here is used there.
        volumes: [{ name: 'data', emptyDir: { medium: 'Memory' } }],
      },
    },
  },
})

export interface PolicyOptions {
  readonly metric: object
  readonly mode?: string
  readonly kind?: string
  readonly name?: string
  /** The one Deployment, by its name. */
  readonly single?: string
}

export const policy = (namespace: string, { metric, mode = 'automatic', kind, name = 'heal', single }: PolicyOptions): object => ({
  apiVersion: 'kubeskippy.io/v1alpha1',
  kind: 'HealingPolicy',
  metadata: { name, namespace },
  spec: {
    mode,
    selector: { labelSelector: { matchLabels: { app: 'web' } }, ...(kind === undefined ? {} : { resources: [{ apiVersion: 'apps/v1', kind }] }), ...(single === undefined ? {} : { resources: [{ apiVersion: 'apps/v1', kind: 'Deployment', names: [single] }] }) },
    triggers: [{ name: 'measured', type: 'metric', cooldownPeriod: '0s', metricTrigger: metric }],
    actions: [{ name: 'restart', type: 'restart', target: 'Pod', restartAction: {} }],
    // A new pod has figures only after a while.
    safetyRules: { stabilizationWindow: '30s', healthCheckTimeout: '4m' },
  },
})

export type TriggerStatus = NonNullable<HealingPolicyStatus['triggers']>[number]

export const triggerOf = async (fixture: Fixture, namespace: string, name = 'heal'): Promise<TriggerStatus | undefined> => (await fixture.policy(namespace, name)).status?.triggers?.[0]

/** Until the trigger of the policy is in this state. */
export const untilState = (fixture: Fixture, namespace: string, state: string, name = 'heal'): Promise<TriggerStatus> =>
  eventually(async () => {
    const found = await triggerOf(fixture, namespace, name)
    if (found?.state !== state) throw new Error(`trigger: ${JSON.stringify(found)}`)
    return found
  }, seconds(180))

/** Until it has no data, for this reason. */
export const untilBlind = (fixture: Fixture, namespace: string, why: string | RegExp, name = 'heal'): Promise<TriggerStatus> =>
  eventually(async () => {
    const found = await triggerOf(fixture, namespace, name)
    const is = typeof why === 'string' ? found?.message === why : why.test(found?.message ?? '')
    if (found?.state !== 'NoData' || !is) throw new Error(`trigger: ${JSON.stringify(found)}`)
    return found
  }, seconds(180))

export const ready = (fixture: Fixture, namespace: string): Promise<string> => fixture.kubectl(['rollout', 'status', '-n', namespace, 'deployment/web', '--timeout=150s'])

export async function podName(fixture: Fixture, namespace: string): Promise<string> {
  const [pod] = await fixture.pods(namespace)
  if (pod === undefined) throw new Error('no pod')
  return pod.metadata.name
}

export const execIn = (fixture: Fixture, namespace: string, pod: string, script: string): Promise<string> => fixture.kubectl(['exec', '-n', namespace, pod, '--', 'sh', '-c', script])

/** Idle until it is told to spin. */
export const SPINNING = 'while [ ! -e /data/spin ]; do sleep 0.2; done; while :; do :; done'
export const spin = (fixture: Fixture, namespace: string, pod: string): Promise<string> => execIn(fixture, namespace, pod, 'touch /data/spin')
