/**
 * Labels that tools put on nearly all that there is, with who does it. They tell how an object came to be, by what or where, never which
 * application it is: to ask for one is to ask for nothing.
 */
import { CONTROLLERS_LABELS } from '../../api/v1alpha1/controllers-labels.ts'
import type { ValueSet } from '../../lib/selector-sets.ts'

interface ToolLabel {
  /** Who sets it: part of a sentence. */
  readonly by: string
  readonly isOn: (kind: string) => boolean
  /** A value that says nothing either, since all that the tool makes have it. Absent: one value tells things apart, such as the name of a release. */
  readonly isUsual?: (value: string) => boolean
}

const MADE_BY_CONTROLLERS: ReadonlySet<string> = new Set(['v1 Pod', 'apps/v1 ReplicaSet'])
const everywhere = (): boolean => true
/** On what is applied, not on what a controller makes of its template. */
const applied = (kind: string): boolean => !MADE_BY_CONTROLLERS.has(kind)
const onPods = (kind: string): boolean => kind === 'v1 Pod'
const anyValue = (): boolean => true
const named = (...values: readonly string[]): ((value: string) => boolean) => (value) => values.includes(value)

/** Those that deploy whatever they are given. An operator's name says which application: it makes only its own. */
const DEPLOYERS = new RegExp(
  `^(${[
    ['helm', 'helmfile', 'helm-controller', 'tiller', 'kustomize(-v?[0-9].*|-unknown)?', 'argo-?cd', 'flux(cd)?', 'fleet', 'rancher', 'kluctl', 'carvel', 'kapp', 'kapp-controller', 'timoni', 'werf', 'kubectl', 'kpt', 'configmanagement\\.gke\\.io'],
    ['skaffold', 'tilt', 'devspace', 'garden', 'okteto', 'odo', 'kompose'],
    ['pulumi', 'terraform', 'opentofu', 'cdk8s', 'cdktf', 'ansible', 'ksonnet', 'jsonnet', '(grafana-)?tanka', 'kubevela', 'portainer'],
    ['spinnaker', 'google-cloud-deploy', 'cloud-?build', 'octopus(-deploy)?', 'harness', 'codefresh', 'jenkins-x', 'gitlab(-ci)?', 'github-actions', 'azure-devops', 'azd', 'garden\\.io'],
  ]
    .flat()
    .join('|')})$`,
  'i',
)

/** What nearly everybody labels what he deploys with. Somebody may mean all that has such a label, and it is nearly everything all the same. */
const CUSTOMARY: ReadonlySet<string> = new Set([
  'app', 'k8s-app', 'run', 'name', 'release', 'application', 'component', 'tier', 'version', 'env', 'environment', 'team', 'owner', 'service',
  'app.kubernetes.io/component', 'app.kubernetes.io/part-of', 'app.kubernetes.io/created-by', 'app.kubernetes.io/environment',
  'istio.io/rev', 'sidecar.istio.io/inject', 'tags.datadoghq.com/env', 'tags.datadoghq.com/service', 'tags.datadoghq.com/version',
])

/** Whether it asks for such a label, and for no value of it. */
export const isCustomary = (key: string, { absent, allBut }: ValueSet): boolean => CUSTOMARY.has(key) && !absent && allBut

const CHARTS = 'Helm charts put on all that they deploy'
const FLUX = 'Flux puts on all that it applies'
const ISTIO = 'Istio puts on every pod that it has given a proxy'
const LINKERD = 'Linkerd puts on every pod that it has given a proxy'
const SCHEDULING = 'the API server puts on every pod that is on a node'

/** https://helm.sh/docs/chart_best_practices/labels/, https://kubernetes.io/docs/reference/labels-annotations-taints/, the documentation of each tool. */
const TOOL_LABELS: ReadonlyMap<string, ToolLabel> = new Map<string, ToolLabel>([
  ...[...CONTROLLERS_LABELS].map(([key, kinds]): [string, ToolLabel] => [key, { by: 'controllers put on all that they make', isOn: (kind) => kinds.has(kind) }]),
  ['app.kubernetes.io/managed-by', { by: 'deployment tools put on all that they deploy', isOn: everywhere, isUsual: (value) => DEPLOYERS.test(value) }],
  ['heritage', { by: CHARTS, isOn: everywhere, isUsual: named('Helm', 'Tiller') }],
  ['helm.sh/chart', { by: CHARTS, isOn: everywhere }],
  ['chart', { by: CHARTS, isOn: everywhere }],
  ['app.kubernetes.io/instance', { by: CHARTS, isOn: everywhere }],
  ['app.kubernetes.io/name', { by: CHARTS, isOn: everywhere }],
  ['app.kubernetes.io/version', { by: CHARTS, isOn: everywhere }],
  ['argocd.argoproj.io/instance', { by: 'Argo CD puts on all that it applies', isOn: applied }],
  ['kustomize.toolkit.fluxcd.io/name', { by: FLUX, isOn: applied }],
  ['kustomize.toolkit.fluxcd.io/namespace', { by: FLUX, isOn: applied, isUsual: anyValue }],
  ['helm.toolkit.fluxcd.io/name', { by: FLUX, isOn: applied }],
  ['helm.toolkit.fluxcd.io/namespace', { by: FLUX, isOn: applied, isUsual: anyValue }],
  ['objectset.rio.cattle.io/hash', { by: 'Fleet and Rancher put on all that they apply', isOn: applied }],
  ['workload.user.cattle.io/workloadselector', { by: 'Rancher puts on all that is made in it', isOn: everywhere }],
  ['kapp.k14s.io/app', { by: 'kapp puts on all that it deploys', isOn: everywhere }],
  ['kapp.k14s.io/association', { by: 'kapp puts on all that it deploys', isOn: everywhere }],
  ['app.oam.dev/name', { by: 'KubeVela puts on all that it deploys', isOn: everywhere }],
  ['dev.okteto.com/deployed-by', { by: 'Okteto puts on all that it deploys', isOn: everywhere }],
  ['skaffold.dev/run-id', { by: 'Skaffold puts on all that it deploys', isOn: everywhere, isUsual: anyValue }],
  ['security.istio.io/tlsMode', { by: ISTIO, isOn: onPods, isUsual: anyValue }],
  ['service.istio.io/canonical-name', { by: ISTIO, isOn: onPods }],
  ['service.istio.io/canonical-revision', { by: ISTIO, isOn: onPods, isUsual: named('latest') }],
  ['linkerd.io/control-plane-ns', { by: LINKERD, isOn: onPods, isUsual: anyValue }],
  ['linkerd.io/workload-ns', { by: LINKERD, isOn: onPods, isUsual: anyValue }],
  ['topology.kubernetes.io/zone', { by: SCHEDULING, isOn: onPods }],
  ['topology.kubernetes.io/region', { by: SCHEDULING, isOn: onPods, isUsual: anyValue }],
])

export const TOOL_LABEL_KEYS: readonly string[] = [...TOOL_LABELS.keys()]

/** Who gives nearly every object of the kind a label of this key with one of these values; undefined: nobody does. Absence is asked for elsewhere. */
export function giverOf(key: string, { absent, allBut, listed }: ValueSet, kind: string): string | undefined {
  const label = TOOL_LABELS.get(key)
  if (absent || label?.isOn(kind) !== true) return undefined
  return allBut || [...listed].some((value) => label.isUsual?.(value) === true) ? label.by : undefined
}
