/** The flags of `kubeskippy bundle`. */
import { clusterFlags, namespaceValue, type AddCommand } from '../command.ts'
import { outputOption } from '../output.ts'
import type { BundleFlags } from './bundle.ts'

export const addBundle: AddCommand = (program, env, finish) => {
  clusterFlags(program.command('bundle'))
    .description('Writes an archive for whoever helps: policies, actions, ledgers, events, what the programs log and answer, and what check finds. Secrets are taken out; look through it before you hand it on.')
    .option('-n, --namespace <name>', 'only policies, actions and events of this one; default: all', namespaceValue)
    .option('-f, --file <file>', 'a new one; default: kubeskippy-bundle-TIME.tar.gz in the working folder')
    .addOption(outputOption('what is told of the archive; not what is in it'))
    .action((flags: BundleFlags) => finish(async () => (await import('./bundle.ts')).bundle(env, flags)))
}
