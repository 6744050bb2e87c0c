/** The flags of `kubeskippy top`. */
import { clusterFlags, namespaceValue, type AddCommand } from '../command.ts'
import { outputOption } from '../output.ts'
import type { TopFlags } from './top.ts'

export const addTop: AddCommand = (program, env, finish) => {
  clusterFlags(program.command('top'))
    .description('Shows the policies and what they do as it happens, what needs a person first. Ctrl-C ends it.')
    .option('-n, --namespace <name>', 'default: that of the context', namespaceValue)
    .option('-A, --all-namespaces', 'of the whole cluster')
    .option('--once', 'print it and end; so does an output that is no terminal')
    .addOption(outputOption('json and yaml end at once too'))
    .action((flags: TopFlags) => finish(async () => (await import('./top.ts')).top(env, flags)))
}
