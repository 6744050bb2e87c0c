/** The chart's values: path, default, meaning and schema from one literal each; those of `config` from the options. */
import { CONTROLLER_OPTIONS } from '../../controller/options.ts'
import { dnsLabel } from '../../shared/api/v1alpha1/fields.ts'
import { isObject } from '../../shared/lib/json.ts'
import type { OptionSpec } from '../../shared/runtime/options.ts'
import { WEBHOOK_OPTIONS } from '../../webhook/options.ts'
import { Hole } from './holes.ts'
import { optionSchema, optionStandard } from './option-schema.ts'

export type Schema = Readonly<Record<string, unknown>>

export interface Value {
  /** Dots for nesting. */
  readonly path: string
  /** Undefined: the key is not in values.yaml. */
  readonly standard: unknown
  readonly doc: string
  readonly schema: Schema
  /** Another value that the schema takes: what it changes is tested. */
  readonly other: unknown
}

const string = (pattern?: string): Schema => ({ type: 'string', ...(pattern === undefined ? {} : { pattern }) })
const boolean: Schema = { type: 'boolean' }
const count = (minimum: number): Schema => ({ type: 'integer', minimum, maximum: 9 })
const map: Schema = { type: 'object', additionalProperties: { type: 'string' } }
const anything: Schema = { type: 'object' }
const objects: Schema = { type: 'array', items: anything }

type Program = 'controller' | 'webhook'

const ofProgram = (program: Program): readonly Value[] => {
  const it = program === 'controller' ? 'controller' : 'webhook'
  const all: readonly Value[] = [
    { path: 'replicas', standard: 2, doc: program === 'controller' ? 'One acts, the others stand by.' : 'Less than two: while it restarts no policy can be written.', schema: count(1), other: 3 },
    { path: 'resources', standard: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } }, doc: `Of the ${it}'s container.`, schema: anything, other: { requests: { cpu: '1' } } },
    { path: 'maxUnavailable', standard: 1, doc: 'Pods that a drain of nodes may take at once (PodDisruptionBudget).', schema: { type: 'integer', minimum: 0, maximum: 9 }, other: 2 },
    { path: 'priorityClassName', standard: 'system-cluster-critical', doc: 'So that it is not the first to go when a node is full.', schema: string(), other: 'high' },
    { path: 'nodeSelector', standard: {}, doc: 'Nodes to run on.', schema: map, other: { disk: 'ssd' } },
    { path: 'tolerations', standard: [], doc: 'Taints to bear.', schema: objects, other: [{ operator: 'Exists' }] },
    { path: 'affinity', standard: {}, doc: 'Beside the spreading over nodes, which is always there, and over zones, which `podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution` replaces.', schema: anything, other: { nodeAffinity: {} } },
    { path: 'podAnnotations', standard: {}, doc: 'On its pods.', schema: map, other: { team: 'platform' } },
    { path: 'extraVolumes', standard: [], doc: 'Such as a Secret with the token that `config.prometheus.sources[].tokenFile` names.', schema: objects, other: [{ name: 'token', secret: { secretName: 'prometheus' } }] },
    { path: 'extraVolumeMounts', standard: [], doc: 'Where they are.', schema: objects, other: [{ name: 'token', mountPath: '/token' }] },
  ]
  return all.map((value) => ({ ...value, path: `${program}.${value.path}` }))
}

/** The chart decides these by itself: the names in it are those of one namespace, and who makes certificates is `certificates`. */
const FIXED = new Set(['namespace', 'webhook.certificates'])

const options: readonly OptionSpec[] = [...CONTROLLER_OPTIONS, ...WEBHOOK_OPTIONS]
export const CONFIG_OPTIONS: readonly OptionSpec[] = options.filter(({ key, flagOnly }, index) => flagOnly !== true && !FIXED.has(key) && options.findIndex((each) => each.key === key) === index)

const ofConfig: readonly Value[] = CONFIG_OPTIONS.map((spec) => ({ path: `config.${spec.key}`, standard: optionStandard(spec), doc: spec.doc, ...optionSchema(spec) }))

export const VALUES: readonly Value[] = [
  { path: 'image.repository', standard: 'kubeskippy', doc: 'Where your registry has the image; none is published yet.', schema: string('^[^@\\s]+$'), other: 'registry.example.com/kubeskippy' },
  { path: 'image.tag', standard: '', doc: "Default: the chart's appVersion.", schema: string('^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$'), other: 'v9' },
  { path: 'image.digest', standard: '', doc: 'sha256:...; it wins over the tag.', schema: string('^(sha256:[0-9a-f]{64})?$'), other: `sha256:${'0'.repeat(64)}` },
  { path: 'image.pullPolicy', standard: 'IfNotPresent', doc: 'When it is pulled.', schema: { enum: ['Always', 'IfNotPresent', 'Never'] }, other: 'Never' },
  { path: 'imagePullSecrets', standard: [], doc: 'Secrets with the credentials of the registry: `[{name: ...}]`.', schema: objects, other: [{ name: 'pull' }] },
  { path: 'crds.install', standard: true, doc: 'The CRDs belong to the release: upgraded with it, kept when it is uninstalled. false: they are applied by other means.', schema: boolean, other: false },
  ...ofProgram('controller'),
  ...ofProgram('webhook'),
  { path: 'networkPolicy.enabled', standard: true, doc: 'Only the ports that serve something can be reached. What the programs reach is not limited.', schema: boolean, other: false },
  { path: 'networkPolicy.metricsFrom', standard: [], doc: 'NetworkPolicyPeers that may read metrics. Empty: everybody in the cluster.', schema: objects, other: [{ namespaceSelector: {} }] },
  { path: 'certificates.certManager.enabled', standard: false, doc: "cert-manager makes the webhook's certificate. false: the webhook does, and needs nobody.", schema: boolean, other: true },
  { path: 'certificates.certManager.issuerRef', standard: {}, doc: 'The issuer, which has to be a CA. Empty: one of the chart itself.', schema: map, other: { kind: 'ClusterIssuer', name: 'own' } },
  { path: 'monitoring.serviceMonitor.enabled', standard: false, doc: "A ServiceMonitor for Prometheus Operator, whose CRDs have to be there.", schema: boolean, other: true },
  { path: 'monitoring.serviceMonitor.interval', standard: '30s', doc: 'How often metrics are read.', schema: string('^[0-9]+(ms|s|m|h)$'), other: '10s' },
  { path: 'monitoring.serviceMonitor.labels', standard: {}, doc: 'By which your Prometheus selects it.', schema: map, other: { release: 'prometheus' } },
  { path: 'monitoring.prometheusRule.enabled', standard: false, doc: 'Alerts about KubeSkippy itself, for Prometheus Operator.', schema: boolean, other: true },
  { path: 'monitoring.prometheusRule.labels', standard: {}, doc: 'By which your Prometheus selects it.', schema: map, other: { release: 'prometheus' } },
  { path: 'monitoring.prometheusRule.runbookUrl', standard: 'docs/runbooks', doc: 'Where the runbooks are served; each alert has its own there as `runbook_url`. Default: their folder in the repository.', schema: string('^\\S+$'), other: 'https://wiki.example.com/runbooks/' },
  { path: 'monitoring.dashboards.enabled', standard: false, doc: 'Grafana dashboards as ConfigMaps.', schema: boolean, other: true },
  { path: 'monitoring.dashboards.labels', standard: { grafana_dashboard: '1' }, doc: "By which Grafana's sidecar finds them.", schema: map, other: { grafana_dashboard: '2' } },
  { path: 'rbac.aggregateToDefaultRoles', standard: true, doc: 'view, edit and admin of a namespace may see, write and approve what is in it. false: bind kubeskippy-viewer, -author and -approver yourself.', schema: boolean, other: false },
  { path: 'rbac.impersonation', standard: 'auto', doc: 'How the controller acts as a healer: constrained (Kubernetes 1.36 and later), legacy (before), or auto: by the version that Helm is told of. Name it where you render without a cluster.', schema: { enum: ['auto', 'constrained', 'legacy'] }, other: 'legacy' },
  { path: 'rbac.metricsApis.custom', standard: [], doc: 'What the controller may read of the custom metrics API, such as `pods/queue_length`; `*`: all of it. Empty: nothing.', schema: { type: 'array', uniqueItems: true, items: string('^(\\*|[a-z0-9.-]+/[^\\s/]+)$') }, other: ['pods/queue_length'] },
  { path: 'rbac.metricsApis.external', standard: [], doc: 'What it may read of the external metrics API, by name; `*`: all of it. Empty: nothing.', schema: { type: 'array', uniqueItems: true, items: string('^[^\\s/]+$') }, other: ['queue_length'] },
  { path: 'healers.namespaces', standard: [], doc: 'Namespaces that consent to being healed: each gets a kubeskippy-healer and its Role, as by `kubeskippy enable -n`. They have to exist.', schema: { type: 'array', uniqueItems: true, items: dnsLabel }, other: ['shop', 'bank'] },
  { path: 'policies.recommended.enabled', standard: false, doc: 'Policies of `config/policies` that need nothing but Kubernetes, in each of `healers.namespaces`, from the upgrade on that finds the CRDs there.', schema: boolean, other: true },
  { path: 'policies.recommended.mode', standard: 'dryrun', doc: 'Of those that can act; others only watch. Look at what they would do first.', schema: { enum: ['monitor', 'dryrun', 'manual', 'automatic'] }, other: 'automatic' },
  { path: 'policies.recommended.matchLabels', standard: {}, doc: 'Pods, Deployments, Jobs and volume claims that they are about. Empty: those with `kubeskippy.io/heal: "true"`.', schema: map, other: { app: 'cart' } },
  ...ofConfig,
]

const byPath = new Map(VALUES.map((value) => [value.path, value]))

export function valueOf(path: string): Value {
  const value = byPath.get(path)
  if (value === undefined) throw new Error(`the chart has no value ${path}`)
  return value
}

/** A hole for one value. Strings are quoted; whatever is empty is left out. */
export function fromValue(path: string): Hole {
  const { standard } = valueOf(path)
  const expression = `$.Values.${path}`
  if (typeof standard === 'string') return new Hole('scalar', `${expression} | quote`, standard)
  if (typeof standard === 'number') return new Hole('scalar', `int64 ${expression}`, standard)
  if (typeof standard === 'boolean') return new Hole('scalar', expression, standard)
  const empty = Array.isArray(standard) ? standard.length === 0 : isObject(standard) && Object.keys(standard).length === 0
  return new Hole('with', expression, empty ? undefined : standard)
}

/** The tree of values.yaml, or of what else has a path. */
export function treeOf(entries: readonly { readonly path: string; readonly leaf: unknown }[]): Record<string, unknown> {
  const tree: Record<string, unknown> = {}
  for (const { path, leaf } of entries) {
    const parts = path.split('.')
    let at = tree
    for (const part of parts.slice(0, -1)) {
      const next = (at[part] ??= {})
      if (!isObject(next)) throw new Error(`${path} is below a value`)
      at = next
    }
    at[parts.at(-1) ?? path] = leaf
  }
  return tree
}

export const standardValues = (): Record<string, unknown> => treeOf(VALUES.filter(({ standard }) => standard !== undefined).map(({ path, standard }) => ({ path, leaf: standard })))
