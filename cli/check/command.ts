/** The flags of `kubeskippy check`. */
import { clusterFlags, namespaceValue, type AddCommand } from '../command.ts'
import { outputOption } from '../output.ts'
import type { CheckFlags } from './check.ts'

export const addCheck: AddCommand = (program, env, finish) => {
  clusterFlags(program.command('check'))
    .description('Looks whether everything is there that healing needs, and says what to do about what is not. Changes nothing.')
    .option('-n, --namespace <name>', 'where the webhook is tried, by dry runs; default: that of the context', namespaceValue)
    .option('--config <file>', "the controller's configuration: its sources of metrics are asked, from here")
    .addOption(outputOption())
    .action((flags: CheckFlags) => finish(async () => (await import('./check.ts')).check(env, flags)))
}
