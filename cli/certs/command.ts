/** The flags of `kubeskippy certs`. */
import type { Command } from 'commander'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { clusterFlags, namespaceValue, type AddCommand } from '../command.ts'
import { outputOption } from '../output.ts'
import type { CertsFlags } from './certs.ts'

export const addCerts: AddCommand = (program, env, finish) => {
  const certs = program.command('certs').description("The webhook's certificate: looks at it, or does by hand what the webhook does by itself.")
  inNamespace(certs.command('show'))
    .description('Tells whether the API server trusts the certificate that is stored, and until when. Exits with 1 when it does not.')
    .addOption(outputOption())
    .action((flags: CertsFlags) => finish(async () => (await import('./certs.ts')).showCerts(env, flags)))
  inNamespace(certs.command('ensure'))
    .description('Makes the certificate, or renews it when it is time, and publishes its CA; once. For webhooks that run with --certificates=provided.')
    .addOption(outputOption())
    .action((flags: CertsFlags) => finish(async () => (await import('./certs.ts')).ensureCerts(env, flags)))
}

const inNamespace = (command: Command): Command => clusterFlags(command).option('-n, --namespace <name>', 'where KubeSkippy is installed', namespaceValue, OPERATOR_NAMESPACE)
