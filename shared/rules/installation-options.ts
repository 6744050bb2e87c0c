/**
 * Options of the installation that rules depend on. The door, the controller and the lint read the same keys from the
 * same file, so that they agree; each program checks this list against its option type.
 */
import { OPERATOR_NAMESPACE } from '../api/v1alpha1/names.ts'
import { formatDuration } from '../lib/duration.ts'
import { ALLOWED_FIELD } from './patches/paths.ts'
import { DEFAULT_INSTALLATION, UNKNOWN_SOURCE, type Installation, type QuerySource } from './rule.ts'

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const FORMAT = 'a name that a namespace can have, such as shop'

type SourceFields = Readonly<Record<string, unknown>>

export const INSTALLATION_OPTIONS = [
  {
    key: 'namespace',
    flag: 'namespace',
    type: 'string',
    default: OPERATOR_NAMESPACE,
    pattern: NAMESPACE,
    format: FORMAT,
    placeholder: 'NAME',
    doc: 'Namespace of the operator.',
  },
  {
    key: 'protectedNamespaces',
    flag: 'protected-namespaces',
    type: 'list',
    default: DEFAULT_INSTALLATION.protectedNamespaces,
    // A name with a mistake would protect nothing, and say nothing.
    pattern: NAMESPACE,
    format: FORMAT,
    doc: "Namespaces in which no policy acts by itself, beside kube-system, kube-public, kube-node-lease and the operator's own.",
  },
  {
    key: 'ceiling.maxActionsPerHour',
    flag: 'max-actions-per-hour',
    type: 'integer',
    default: DEFAULT_INSTALLATION.ceiling.maxActionsPerHour,
    min: 1,
    max: 200,
    doc: 'The most that a policy may ask for as maxActionsPerHour.',
  },
  {
    key: 'budgets.namespace',
    flag: 'namespace-actions-per-hour',
    type: 'integer',
    default: DEFAULT_INSTALLATION.budgets.namespace,
    min: 1,
    max: 200,
    doc: 'Actions in every sliding hour that all policies of one namespace share.',
  },
  {
    key: 'budgets.cluster',
    flag: 'cluster-actions-per-hour',
    type: 'integer',
    default: DEFAULT_INSTALLATION.budgets.cluster,
    min: 1,
    max: 200,
    doc: 'Actions in every sliding hour that all policies share.',
  },
  {
    key: 'storm.policyPercent',
    flag: 'storm-policy-percent',
    type: 'integer',
    default: DEFAULT_INSTALLATION.storm.policyPercent,
    min: 1,
    max: 100,
    doc: 'How much of what a policy selects may be unhealthy at once, in percent, where the policy does not say (maxUnhealthy).',
  },
  {
    key: 'storm.clusterPercent',
    flag: 'storm-cluster-percent',
    type: 'integer',
    default: DEFAULT_INSTALLATION.storm.clusterPercent,
    min: 1,
    max: 100,
    doc: 'How much of what all automatic policies select may be unhealthy at once, in percent. When more is, no policy acts.',
  },
  {
    key: 'storm.minimum',
    flag: 'storm-minimum',
    type: 'integer',
    default: DEFAULT_INSTALLATION.storm.minimum,
    min: 1,
    max: 100_000,
    doc: 'How many objects all automatic policies must select before their share counts.',
  },
  {
    key: 'patchAllowList',
    flag: 'patch-allow-list',
    type: 'list',
    default: DEFAULT_INSTALLATION.patchAllowList,
    pattern: ALLOWED_FIELD,
    format: 'a path such as metadata.annotations.*, metadata.annotations[example.com/*] or spec.template.spec.containers[].resources.**',
    doc: 'Fields that patches may touch: * is any member (of annotations and labels any key without a prefix), [] any item, ** at the end whatever is below, metadata.annotations[example.com/*] all keys of a prefix. What is privileged stays out.',
  },
  {
    key: 'syncInterval',
    flag: 'sync-interval',
    type: 'duration',
    default: '30s',
    min: '1s',
    max: '10m',
    doc: 'How often metric triggers are read. Equal questions of all policies are asked once.',
  },
  {
    key: 'prometheus.sources',
    flag: 'prometheus-source',
    type: 'records',
    default: [],
    unique: 'name',
    check: ({ url, tokenFile, username, passwordFile, caFile }: SourceFields): string | undefined => {
      if (tokenFile !== undefined && username !== undefined) return 'tokenFile and username exclude each other'
      if ((username === undefined) !== (passwordFile === undefined)) return 'username and passwordFile belong together'
      return caFile !== undefined && typeof url === 'string' && url.startsWith('http:') ? 'caFile needs an https url' : undefined
    },
    placeholder: 'name=NAME,url=URL,...',
    doc: 'A Prometheus, or what speaks its query API, that metric triggers may ask by its name. The only one, or the one called default, is asked when a trigger names none.',
    fields: [
      { name: 'name', type: 'string', required: true, pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, format: 'a name such as main (small letters, digits, -)', doc: 'what triggers call it' },
      // Credentials in a URL end up in logs and errors.
      { name: 'url', type: 'string', required: true, pattern: /^https?:\/\/[^\s@?#/]+(\/[^\s@?#]*)?$/, holds: (text: string) => URL.canParse(text), format: 'an http or https URL without credentials, query or fragment', hidden: true, doc: 'its address, without /api/v1' },
      { name: 'timeout', type: 'duration', default: '10s', min: '1s', max: '2m', doc: 'for a whole answer, default 10s' },
      { name: 'tokenFile', type: 'string', doc: 'file with a bearer token' },
      { name: 'username', type: 'string', doc: 'for basic authentication' },
      { name: 'passwordFile', type: 'string', doc: 'file with its password' },
      { name: 'caFile', type: 'string', doc: 'PEM file of the CA that signed its certificate' },
      { name: 'headers', type: 'list', pattern: /^[A-Za-z0-9-]+: *[\x20-\x7e]+$/, format: 'of the form Name: value', hidden: true, doc: 'more headers (Name: value), such as X-Scope-OrgID; no secrets' },
      { name: 'scrapeInterval', type: 'duration', default: formatDuration(UNKNOWN_SOURCE.scrapeInterval), min: '1s', max: '10m', doc: 'how often it scrapes, default 30s: rates over less than two scrapes are warned about' },
      { name: 'trustExportedLabels', type: 'boolean', default: 'false', doc: 'believe labels that begin with exported_: what a scraped process says of itself, so that it may name any object of any namespace' },
    ],
  },
  {
    key: 'metrics.kubelet.enabled',
    flag: 'kubelet-metrics',
    type: 'boolean',
    default: false,
    doc: 'Ask the kubelets of the nodes themselves for cpu_throttled_percent, where a trigger names no Prometheus source. Needs config/rbac/optional/kubelet-metrics.yaml, and a way to the nodes.',
  },
  {
    key: 'metrics.kubelet.timeout',
    flag: 'kubelet-timeout',
    type: 'duration',
    default: '10s',
    min: '1s',
    max: '2m',
    doc: 'For a whole answer of one kubelet.',
  },
  {
    key: 'metrics.kubelet.caFile',
    flag: 'kubelet-ca-file',
    type: 'string',
    placeholder: 'FILE',
    doc: 'CA (PEM) that signed the serving certificates of the kubelets. Default: the one of the API server.',
  },
  {
    key: 'metrics.kubelet.insecureSkipVerify',
    flag: 'kubelet-insecure-skip-verify',
    type: 'boolean',
    default: false,
    doc: "Do not verify the kubelets' certificates. Whoever stands in their place gets the controller's token, and with it may act as every healer: for clusters that are thrown away.",
  },
] as const

export interface InstallationOptions {
  readonly namespace: string
  readonly protectedNamespaces: readonly string[]
  readonly 'ceiling.maxActionsPerHour': number
  readonly patchAllowList: readonly string[]
  readonly 'budgets.namespace': number
  readonly 'budgets.cluster': number
  readonly 'storm.policyPercent': number
  readonly 'storm.clusterPercent': number
  readonly 'storm.minimum': number
  readonly 'prometheus.sources': readonly QuerySource[]
}

export const toInstallation = (options: InstallationOptions): Installation => ({
  operatorNamespace: options.namespace,
  protectedNamespaces: options.protectedNamespaces,
  ceiling: { maxActionsPerHour: options['ceiling.maxActionsPerHour'] },
  budgets: { namespace: options['budgets.namespace'], cluster: options['budgets.cluster'] },
  storm: { policyPercent: options['storm.policyPercent'], clusterPercent: options['storm.clusterPercent'], minimum: options['storm.minimum'] },
  patchAllowList: options.patchAllowList,
  sources: options['prometheus.sources'].map(({ name, scrapeInterval, trustExportedLabels }) => ({ name, scrapeInterval, trustExportedLabels })),
})
