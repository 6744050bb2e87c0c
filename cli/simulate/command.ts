/** The flags of `kubeskippy simulate`. */
import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../../shared/lib/duration.ts'
import { hours, minutes, type Millis } from '../../shared/lib/time.ts'
import { clusterFlags, namespaceValue, type AddCommand } from '../command.ts'
import { outputOption } from '../output.ts'
import type { SimulateFlags } from './simulate.ts'

export const addSimulate: AddCommand = (program, env, finish) => {
  clusterFlags(program.command('simulate'))
    .description('Tells what the policies of a file would do now, in this cluster. Writes nothing.')
    .usage('FILE [options]')
    .argument('<file>', 'YAML or JSON with one policy or several; - is standard input')
    .option('-n, --namespace <name>', 'for policies that name none; default: that of the context', namespaceValue)
    .option('--config <file>', "the controller's configuration: its sources of metrics, protected namespaces, ceilings")
    .option('--last <duration>', 'replay what Prometheus kept of so long, such as 24h: when it would have fired and acted', lastValue)
    .addOption(outputOption())
    .action((file: string, flags: SimulateFlags) => finish(async () => (await import('./simulate.ts')).simulateFile(env, file, flags)))
}

const LONGEST = hours(7 * 24)

function lastValue(text: string): Millis {
  const span = parseDuration(text)
  if (span === undefined || span < minutes(1) || span > LONGEST) throw new InvalidArgumentError('It must be a duration from 1m to 168h, such as 24h.')
  return span
}
