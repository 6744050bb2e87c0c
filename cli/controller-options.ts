/** The configuration of the controller, for what a person asks about it. */
import { CONTROLLER_OPTIONS } from '../controller/options.ts'
import { readConfig } from '../shared/kube/program.ts'
import { ConfigError, messageOf, unreadable } from '../shared/lib/errors.ts'
import { printable } from '../shared/lib/text.ts'
import { readFlags, resolveOptions, type OptionsOf } from '../shared/runtime/options.ts'
import type { CliEnvironment } from './environment.ts'

/** As the controller reads them; without a file its defaults, and nothing of its flags. @throws ConfigError */
export async function readControllerOptions(env: CliEnvironment, file: string | undefined): Promise<OptionsOf<typeof CONTROLLER_OPTIONS>> {
  let text = ''
  try {
    text = file === undefined ? '' : await env.readFile(file)
  } catch (error) {
    throw new ConfigError([`--config ${printable(file ?? '', 300)} ${unreadable(error) ?? `cannot be read: ${messageOf(error)}`}; give the file that the controller has, or leave it out`], { cause: error })
  }
  const { config, problems } = readConfig(file, () => text)
  if (problems.length > 0) throw new ConfigError(problems)
  return resolveOptions(CONTROLLER_OPTIONS, readFlags(CONTROLLER_OPTIONS, []), config, ['webhook'])
}
