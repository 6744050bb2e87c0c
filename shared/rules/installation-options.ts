/**
 * Options of the installation that rules depend on. The door, the controller and the lint read the same keys from the
 * same file, so that they agree; each program checks this list against its option type.
 */
import { OPERATOR_NAMESPACE } from '../api/v1alpha1/names.ts'
import { formatDuration } from '../lib/duration.ts'
import { HTTP_URL, HTTP_URL_FORMAT, isHttpUrl } from '../lib/http-url.ts'
import { MOST_SOURCES } from '../lib/most-sources.ts'
import { ALLOWED_FIELD } from './patches/paths.ts'
import { MOST_REPLICAS } from './patches/values.ts'
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
    key: 'ceiling.replicas',
    flag: 'max-replicas',
    type: 'integer',
    default: DEFAULT_INSTALLATION.ceiling.replicas,
    min: 1,
    max: MOST_REPLICAS,
    doc: 'The most replicas that an action may ask for, by scale or by a patch.',
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
    key: 'patchAllowList',
    flag: 'patch-allow-list',
    type: 'list',
    default: DEFAULT_INSTALLATION.patchAllowList,
    pattern: ALLOWED_FIELD,
    format: 'a path such as metadata.annotations.*, metadata.annotations[example.com/*], spec.template.spec.containers[].env[SHOP_*].value or spec.template.spec.containers[].resources.**',
    doc: 'Fields that patches may touch: * is any member (of annotations and labels any key without a prefix), [] any item (of env any variable that is known to tune only), ** at the end whatever is below, metadata.annotations[example.com/*] all keys of a prefix, env[SHOP_*] all variables of one. What is privileged stays out.',
  },
  {
    key: 'prometheus.sources',
    flag: 'prometheus-source',
    type: 'records',
    default: [],
    unique: 'name',
    most: MOST_SOURCES,
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
      { name: 'url', type: 'string', required: true, pattern: HTTP_URL, holds: isHttpUrl, format: HTTP_URL_FORMAT, hidden: true, doc: 'its address, without /api/v1' },
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
] as const

export interface InstallationOptions {
  readonly namespace: string
  readonly protectedNamespaces: readonly string[]
  readonly 'ceiling.maxActionsPerHour': number
  readonly 'ceiling.replicas': number
  readonly patchAllowList: readonly string[]
  readonly 'storm.policyPercent': number
  readonly 'prometheus.sources': readonly QuerySource[]
}

export const toInstallation = (options: InstallationOptions): Installation => ({
  operatorNamespace: options.namespace,
  protectedNamespaces: options.protectedNamespaces,
  ceiling: { maxActionsPerHour: options['ceiling.maxActionsPerHour'], replicas: options['ceiling.replicas'] },
  storm: { policyPercent: options['storm.policyPercent'] },
  patchAllowList: options.patchAllowList,
  sources: options['prometheus.sources'].map(({ name, scrapeInterval, trustExportedLabels }) => ({ name, scrapeInterval, trustExportedLabels })),
})
