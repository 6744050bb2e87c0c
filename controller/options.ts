/** The controller's options: flag, key of the configuration file, type, default and help from one literal each. */
import { CONTROLLER_LEASE, MOST_SHARDS } from '../shared/api/v1alpha1/names.ts'
import { PROGRAM_OPTIONS } from '../shared/kube/program-options.ts'
import { HTTP_URL, HTTP_URL_FORMAT, isHttpUrl } from '../shared/lib/http-url.ts'
import { INSTALLATION_OPTIONS } from '../shared/rules/installation-options.ts'
import { ADDRESS, ADDRESS_FORMAT } from '../shared/runtime/address.ts'
import type { OptionSpec } from '../shared/runtime/options.ts'
import { LIMIT_OPTIONS } from './limit-options.ts'

export const CONTROLLER_OPTIONS = [
  ...PROGRAM_OPTIONS,
  ...INSTALLATION_OPTIONS,
  ...LIMIT_OPTIONS,
  {
    key: 'controller.leaderElect',
    flag: 'leader-elect',
    type: 'boolean',
    default: true,
    doc: `Act only while holding the Lease ${CONTROLLER_LEASE} in the operator's namespace. Without it several controllers at once do no harm, but do everything twice.`,
  },
  {
    key: 'controller.shards',
    flag: 'shards',
    type: 'integer',
    default: 1,
    min: 1,
    max: MOST_SHARDS,
    doc: 'Parts into which the work is cut, by namespaces: each has a Lease of its own, and the replicas share them. A replica with another number waits until those with the old one are gone.',
  },
  {
    key: 'controller.concurrency',
    flag: 'concurrency',
    type: 'integer',
    default: 8,
    min: 1,
    max: 64,
    doc: 'Policies, and apart from them actions, worked on at the same time, of each shard.',
  },
  {
    key: 'alerts.bindAddress',
    flag: 'alerts-bind-address',
    type: 'string',
    pattern: ADDRESS,
    format: ADDRESS_FORMAT,
    placeholder: 'HOST:PORT',
    doc: "Where Alertmanager's webhook may post to (/alerts). Default: alerts are not received.",
  },
  { key: 'alerts.tokenFile', flag: 'alerts-token-file', type: 'string', placeholder: 'FILE', doc: 'The bearer token that Alertmanager has to send, 16 characters at least. Read anew for each message.' },
  { key: 'alerts.tlsCertFile', flag: 'alerts-tls-cert-file', type: 'string', placeholder: 'FILE', doc: 'Certificate (PEM) for HTTPS; with alerts.tlsKeyFile. Without them it is HTTP.' },
  { key: 'alerts.tlsKeyFile', flag: 'alerts-tls-key-file', type: 'string', placeholder: 'FILE', doc: 'Its key.' },
  {
    key: 'alerts.staleAfter',
    flag: 'alerts-stale-after',
    type: 'duration',
    default: '5h',
    min: '1m',
    max: '168h',
    doc: "After how long without repetition an alert counts as ended. Longer than Alertmanager's repeat_interval.",
  },
  {
    key: 'tracing.endpoint',
    flag: 'tracing-endpoint',
    type: 'string',
    pattern: HTTP_URL,
    holds: isHttpUrl,
    hidden: true,
    format: `${HTTP_URL_FORMAT} (OTEL_EXPORTER_OTLP_HEADERS has those), such as http://otel-collector.monitoring:4318`,
    placeholder: 'URL',
    doc: 'Of an OpenTelemetry collector, to which traces are sent by OTLP over HTTP in JSON (/v1/traces). Default: that of OTEL_EXPORTER_OTLP_ENDPOINT; without it no traces are made.',
  },
] as const satisfies readonly OptionSpec[]
