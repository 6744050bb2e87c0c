/** The two Deployments, and what stands around them. */
import { CONTROLLER_ACCOUNT, WEBHOOK_ACCOUNT, WEBHOOK_SERVICE } from '../../shared/api/v1alpha1/names.ts'
import { parseAddress } from '../../shared/runtime/address.ts'
import { VERSION } from '../../shared/lib/version.ts'
import { CONFIG_FILE, CONFIG_NAME, STANDARD_NAME } from './configuration.ts'
import { Hole } from './holes.ts'
import { meta, type Manifest } from './manifest.ts'
import { fromValue, valueOf } from './values.ts'

export type Program = 'controller' | 'webhook'

export const NAMES: Readonly<Record<Program, string>> = { controller: CONTROLLER_ACCOUNT, webhook: WEBHOOK_ACCOUNT }
/** What selectors go by. It never changes: a Deployment's cannot. */
export const selecting = (program: Program): Readonly<Record<string, string>> => ({ 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/component': program })

/** Where the API server is told to ask for one (GKE), no pod of a critical class starts outside of kube-system without; more pods than there will ever be. */
export const criticalQuota = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: meta('kubeskippy-critical-pods'),
  spec: {
    hard: { pods: '100' },
    scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical', 'system-cluster-critical'] }] },
  },
}

const CONFIG_DIR = '/etc/kubeskippy'

/** The port of an address option, which may move. */
export const portOf = (path: string): Hole => {
  const { standard } = valueOf(path)
  return new Hole('scalar', `regexFind "[0-9]+$" $.Values.${path}`, typeof standard === 'string' ? parseAddress(standard).port : undefined)
}

/** Seconds, as the programs need at most on SIGTERM, and some to spare. The webhook answers for 25 s at most. */
const GRACE: Readonly<Record<Program, number>> = { controller: 30, webhook: 40 }

const probe = (path: string) => ({ httpGet: { path, port: 'health' } })

const container = (program: Program) => ({
  name: program,
  image: new Hole('scalar', 'include "kubeskippy.image" . | quote', `kubeskippy:${VERSION}`),
  imagePullPolicy: fromValue('image.pullPolicy'),
  args: [program, `--config=${CONFIG_DIR}/${CONFIG_FILE}`],
  ports: [
    { name: 'metrics', containerPort: portOf('config.metricsBindAddress') },
    { name: 'health', containerPort: portOf('config.healthProbeBindAddress') },
    ...(program === 'webhook' ? [{ name: 'https', containerPort: portOf('config.webhook.bindAddress') }] : []),
  ],
  // The first list of a large cluster takes its time.
  startupProbe: { ...probe('/livez'), periodSeconds: 2, failureThreshold: 60 },
  livenessProbe: { ...probe('/livez'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  // What is not ready any more should get no review any more.
  readinessProbe: { ...probe('/readyz'), periodSeconds: program === 'webhook' ? 1 : 5, timeoutSeconds: 5, failureThreshold: program === 'webhook' ? 1 : 3 },
  resources: fromValue(`${program}.resources`),
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  volumeMounts: new Hole('block', `(concat (list (dict "name" "config" "mountPath" "${CONFIG_DIR}" "readOnly" true)) $.Values.${program}.extraVolumeMounts)`, [{ mountPath: CONFIG_DIR, name: 'config', readOnly: true }]),
})

/** Those that an upgrade takes away do not count, or the new ones would end up side by side. */
const amongNew = { matchLabelKeys: ['pod-template-hash'] }

/**
 * Beside each other only where there is no other place: a cluster of one node works too. Of nodes alone: where one of
 * several keys is no label of the nodes, as zones often are not, the scheduler spreads by none of them.
 */
const spread = (program: Program) => ({ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: selecting(program) }, ...amongNew })

/** In zones of their own, where there are zones. */
function apart(program: Program): Hole {
  const preferred = [{ weight: 50, podAffinityTerm: { topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: selecting(program) }, ...amongNew } }]
  const standard = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } }
  return new Hole('block', `(mustMergeOverwrite (fromJson \`${JSON.stringify(standard)}\`) $.Values.${program}.affinity)`, standard)
}

export const deployment = (program: Program): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: meta(NAMES[program], program),
  spec: {
    replicas: fromValue(`${program}.replicas`),
    selector: { matchLabels: selecting(program) },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: {
      metadata: {
        labels: { ...selecting(program), 'app.kubernetes.io/part-of': 'kubeskippy' },
        annotations: fromValue(`${program}.podAnnotations`),
      },
      spec: {
        serviceAccountName: NAMES[program],
        priorityClassName: fromValue(`${program}.priorityClassName`),
        terminationGracePeriodSeconds: GRACE[program],
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, runAsUser: 65_532, runAsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
        imagePullSecrets: fromValue('imagePullSecrets'),
        nodeSelector: fromValue(`${program}.nodeSelector`),
        tolerations: fromValue(`${program}.tolerations`),
        affinity: apart(program),
        topologySpreadConstraints: [spread(program)],
        containers: [container(program)],
        volumes: new Hole('block', `(concat (list (dict "name" "config" "configMap" (dict "name" (${CONFIG_NAME})))) $.Values.${program}.extraVolumes)`, [{ configMap: { name: STANDARD_NAME }, name: 'config' }]),
      },
    },
  },
})

export const disruptionBudget = (program: Program): Manifest => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: meta(NAMES[program], program),
  // A pod that is broken anyway holds up no drain.
  spec: { maxUnavailable: fromValue(`${program}.maxUnavailable`), unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: selecting(program) } },
})

const service = (name: string, component: string | undefined, selector: Readonly<Record<string, string>>, spec: object): Manifest => ({ apiVersion: 'v1', kind: 'Service', metadata: meta(name, component), spec: { ...spec, selector } })

/** API servers call it. */
export const webhookService = service(WEBHOOK_SERVICE, 'webhook', selecting('webhook'), { ports: [{ name: 'https', port: 443, targetPort: 'https', protocol: 'TCP' }] })

export const METRICS_COMPONENT = 'metrics'
/** Of each pod by itself, hence without an address. */
export const metricsService = service('kubeskippy-metrics', METRICS_COMPONENT, { 'app.kubernetes.io/name': 'kubeskippy' }, { clusterIP: 'None', publishNotReadyAddresses: true, ports: [{ name: 'metrics', port: 8080, targetPort: 'metrics', protocol: 'TCP' }] })

/** Alertmanager posts there. */
export const ALERTS_WANTED = '$.Values.config.alerts.bindAddress'
export const alertsPort = new Hole('scalar', `regexFind "[0-9]+$" ${ALERTS_WANTED}`)
export const alertsService = service('kubeskippy-alerts', 'controller', selecting('controller'), { ports: [{ name: 'alerts', port: 9093, targetPort: alertsPort, protocol: 'TCP' }] })

