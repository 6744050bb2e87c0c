/** The two Deployments, and what stands around them. */
import { createHash } from 'node:crypto'
import { CONTROLLER_ACCOUNT, OPERATOR_NAMESPACE, WEBHOOK_ACCOUNT, WEBHOOK_SERVICE } from '../../shared/api/v1alpha1/names.ts'
import { parseAddress } from '../../shared/runtime/address.ts'
import { VERSION } from '../../shared/lib/version.ts'
import { toYaml } from '../generators/generator.ts'
import { Hole } from './holes.ts'
import { CONFIG_OPTIONS, fromValue, treeOf, valueOf } from './values.ts'

export type Program = 'controller' | 'webhook'
export type Manifest = Readonly<Record<string, unknown>> & { readonly kind: string; readonly metadata: Readonly<Record<string, unknown>> }

export const NAMES: Readonly<Record<Program, string>> = { controller: CONTROLLER_ACCOUNT, webhook: WEBHOOK_ACCOUNT }
const COMMON = { 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/part-of': 'kubeskippy' } as const
/** What selectors go by. It never changes: a Deployment's cannot. */
export const selecting = (program: Program): Readonly<Record<string, string>> => ({ 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/component': program })
export const meta = (name: string, component?: string) => ({ name, namespace: OPERATOR_NAMESPACE, labels: { ...COMMON, ...(component === undefined ? {} : { 'app.kubernetes.io/component': component }) } })

const CONFIG = 'kubeskippy-config'
const CONFIG_DIR = '/etc/kubeskippy'
const CONFIG_FILE = 'config.yaml'

/** The port of an address option, which may move. */
export const portOf = (path: string): Hole => {
  const { standard } = valueOf(path)
  return new Hole('scalar', `regexFind "[0-9]+$" $.Values.${path}`, typeof standard === 'string' ? parseAddress(standard).port : undefined)
}

/** The file of an installation that has the defaults. Both programs read it, so that they agree. */
const standardConfig = (): string => toYaml(treeOf([...CONFIG_OPTIONS.filter((spec) => spec.default !== undefined).map(({ key, default: leaf }) => ({ path: key, leaf })), { path: 'webhook.certificates', leaf: 'own' }])).trimEnd()

export const configMap: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta(CONFIG), data: { [CONFIG_FILE]: new Hole('text', 'include "kubeskippy.config" .', standardConfig()) } }

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

/** Beside each other only where there is no other place: a cluster of one node works too. */
const spread = (program: Program, topologyKey: string) => ({ maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: selecting(program) } })

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
        // The file is read when a program starts.
        annotations: new Hole('block', `(merge (dict "checksum/config" (include "kubeskippy.config" . | sha256sum)) $.Values.${program}.podAnnotations)`, {
          'checksum/config': createHash('sha256').update(standardConfig()).digest('hex'),
        }),
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
        affinity: fromValue(`${program}.affinity`),
        topologySpreadConstraints: [spread(program, 'kubernetes.io/hostname'), spread(program, 'topology.kubernetes.io/zone')],
        containers: [container(program)],
        volumes: new Hole('block', `(concat (list (dict "name" "config" "configMap" (dict "name" "${CONFIG}"))) $.Values.${program}.extraVolumes)`, [{ configMap: { name: CONFIG }, name: 'config' }]),
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

