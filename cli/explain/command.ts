/** The flags of `kubeskippy explain`. */
import { clusterFlags, namespaceValue, type AddCommand } from '../command.ts'
import { outputOption } from '../output.ts'
import type { ExplainFlags } from './explain.ts'

export const addExplain: AddCommand = (program, env, finish) => {
  clusterFlags(program.command('explain'))
    .description('Tells what a policy sees and does, and why nothing happens; or what became of one action.')
    .usage('NAME | hp/NAME | ha/NAME [options]')
    .argument('<name>', 'a HealingPolicy, or a HealingAction')
    .option('-n, --namespace <name>', 'default: that of the context', namespaceValue)
    .addOption(outputOption())
    .action((name: string, flags: ExplainFlags) => finish(async () => (await import('./explain.ts')).explain(env, name, flags)))
}
