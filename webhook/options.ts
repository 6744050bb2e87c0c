import { DNS_LABEL_PATTERN } from '../shared/api/v1alpha1/fields.ts'
import { isObject } from '../shared/lib/json.ts'
import { quoted } from '../shared/lib/text.ts'
import { INSTALLATION_OPTIONS } from '../shared/rules/installation-options.ts'
import { ADDRESS } from '../shared/runtime/address.ts'
import { resolveOptions, type Flags, type OptionsOf, type OptionSpec } from '../shared/runtime/options.ts'

export const WEBHOOK_OPTIONS = [
  { key: 'config', flag: 'config', type: 'string', flagOnly: true, placeholder: 'FILE', doc: 'Configuration file (YAML); flags win over it.' },
  { key: 'kubeconfig', flag: 'kubeconfig', type: 'string', flagOnly: true, placeholder: 'FILE', doc: "Kubeconfig; without it the pod's service account." },
  { key: 'context', flag: 'context', type: 'string', flagOnly: true, placeholder: 'NAME', doc: 'Context of the kubeconfig.' },
  ...INSTALLATION_OPTIONS,
  { key: 'webhook.bindAddress', flag: 'bind-address', type: 'string', default: ':9443', pattern: ADDRESS, doc: 'Where admission is served, by HTTPS.' },
  {
    key: 'healthProbeBindAddress',
    flag: 'health-probe-bind-address',
    type: 'string',
    default: ':8081',
    pattern: ADDRESS,
    doc: 'Where /livez, /readyz and /metrics are served, by HTTP.',
  },
  { key: 'webhook.quietPeriod', flag: 'quiet-period', type: 'duration', default: '3s', max: '20s', doc: 'On SIGTERM reviews are answered until none has come for so long.' },
  { key: 'log.level', flag: 'log-level', type: 'choice', default: 'info', choices: ['debug', 'info', 'warn', 'error'], doc: 'Lowest level that is logged.' },
] as const satisfies readonly OptionSpec[]

export type WebhookOptions = OptionsOf<typeof WEBHOOK_OPTIONS>

/** @throws ConfigError with every problem */
export function webhookOptions(flags: Flags, config?: unknown): WebhookOptions {
  const problems = [...flags.problems, ...wrongNamespaces(flags, config)]
  return resolveOptions(WEBHOOK_OPTIONS, { ...flags, problems }, config)
}

/** A name with a mistake would protect nothing, and say nothing. */
function wrongNamespaces(flags: Flags, config: unknown): string[] {
  const fromFile = isObject(config) && Array.isArray(config['protectedNamespaces']) ? config['protectedNamespaces'] : []
  const names = [...(flags.values.get('protectedNamespaces') ?? []).flatMap((text) => text.split(',')), ...fromFile.map(String)]
  const label = new RegExp(DNS_LABEL_PATTERN)
  return names
    .map((name) => name.trim())
    .filter((name) => name !== '' && (name.length > 63 || !label.test(name)))
    .map((name) => `protectedNamespaces: ${quoted(name)} is no name of a namespace`)
}
