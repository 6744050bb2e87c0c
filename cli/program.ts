/** The command line. Everything of the process comes in; the exit code goes out. */
import { Command, CommanderError } from 'commander'
import { addBundle } from './bundle/command.ts'
import { addCerts } from './certs/command.ts'
import { addCheck } from './check/command.ts'
import { DONE, MISUSED, type AddCommand, type Finish } from './command.ts'
import { addCompletion } from './completion/command.ts'
import { COMPLETE } from './completion/name.ts'
import { addConsent } from './consent.ts'
import { addDecide } from './decide.ts'
import { misuses } from './misuse.ts'
import { inFormat, outputOption, type Output } from './output.ts'
import { addPause } from './pause.ts'
import { addLint } from './lint/command.ts'
import { addExplain } from './explain/command.ts'
import { addTop } from './top/command.ts'
import { addSimulate } from './simulate/command.ts'
import { addUninstall } from './uninstall/command.ts'
import { PROGRAMS, type CliEnvironment, type ProgramName } from './environment.ts'

/** In the order of the help. */
const COMMANDS: readonly AddCommand[] = [addCheck, addLint, addExplain, addSimulate, addTop, addConsent, addPause, addDecide, addCerts, addUninstall, addBundle, addCompletion]

/** 0: done; 1: it failed, with one line for each reason; 2: no such command or flag, each named, or a file of configuration that cannot be used. */
export async function runCli(argv: readonly string[], env: CliEnvironment): Promise<number> {
  const [first = 'help', ...rest] = argv
  if (isProgram(first)) return env.programs[first](rest)
  // Its words are those of another command line, flags and all.
  if (first === COMPLETE) return (await import('./completion/complete.ts')).complete(env, commands(env, () => Promise.resolve()), rest)
  let code = DONE
  const program = commands(env, async (run) => {
    code = await run()
  })
  const wrong = misuses(program, argv)
  if (wrong.length > 0) {
    for (const each of wrong) env.stderr(`error: ${each}\n`)
    return MISUSED
  }
  try {
    await program.parseAsync([...(argv.length === 0 ? ['help'] : argv)], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : MISUSED
    throw error
  }
}

const isProgram = (name: string): name is ProgramName => Object.hasOwn(PROGRAMS, name)

function commands(env: CliEnvironment, finish: Finish): Command {
  const program = new Command('kubeskippy')
    .description('Heals Kubernetes workloads by policy.')
    .version(env.version, '--version', 'print the version')
    .exitOverride()
    .configureOutput({ writeOut: env.stdout, writeErr: env.stderr })
  // Shown in the help; `runCli` hands their flags on as they are.
  for (const [name, description] of Object.entries(PROGRAMS)) program.command(name).description(description).argument('[flags...]')
  for (const add of COMMANDS) add(program, env, finish)
  program
    .command('version')
    .description('Prints the version.')
    .addOption(outputOption())
    .action(({ output }: { readonly output: Output }) => env.stdout(inFormat(output, () => ({ version: env.version }), () => `${env.version}\n`)))
  return program
}
