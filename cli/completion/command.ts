/** The flags of `kubeskippy completion`. */
import { Argument } from 'commander'
import { DONE, type AddCommand } from '../command.ts'
import type { Shell } from './scripts.ts'

/** Written out: the scripts are loaded when they are asked for. */
const SHELLS = ['bash', 'zsh', 'fish', 'kubectl'] as const satisfies readonly Shell[]

export const addCompletion: AddCommand = (program, env, finish) => {
  program
    .command('completion')
    .description('Prints what makes a shell complete commands, flags and names. For kubectl: the program kubectl_complete-kubeskippy.')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => finish(async () => {
      env.stdout((await import('./scripts.ts')).SCRIPTS[shell])
      return DONE
    }))
}
