/** The webhook's options: flag, key of the configuration file, type, default and help from one literal each. */
import { PROGRAM_OPTIONS } from '../shared/kube/program-options.ts'
import { INSTALLATION_OPTIONS } from '../shared/rules/installation-options.ts'
import { ADDRESS, ADDRESS_FORMAT } from '../shared/runtime/address.ts'
import type { OptionsOf, OptionSpec } from '../shared/runtime/options.ts'

export const WEBHOOK_OPTIONS = [
  ...PROGRAM_OPTIONS,
  ...INSTALLATION_OPTIONS,
  {
    key: 'webhook.bindAddress',
    flag: 'bind-address',
    type: 'string',
    default: ':9443',
    pattern: ADDRESS,
    format: ADDRESS_FORMAT,
    placeholder: 'HOST:PORT',
    doc: 'Where admission is served, by HTTPS.',
  },
  {
    key: 'webhook.certificates',
    flag: 'certificates',
    type: 'choice',
    default: 'own',
    choices: ['own', 'provided'],
    doc: 'own: the webhook makes its certificate and CA, and writes the CA into the webhook configurations. provided: somebody else does, such as cert-manager; the webhook serves what is in the Secret and writes nothing.',
  },
  {
    key: 'webhook.quietPeriod',
    flag: 'quiet-period',
    type: 'duration',
    default: '5s',
    max: '20s',
    doc: 'On SIGTERM reviews are answered until none has come for so long.',
  },
] as const satisfies readonly OptionSpec[]

export type WebhookOptions = OptionsOf<typeof WEBHOOK_OPTIONS>
