/** The flags of `kubeskippy uninstall`. */
import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../../shared/lib/duration.ts'
import { quoted } from '../../shared/lib/text.ts'
import { seconds, type Millis } from '../../shared/lib/time.ts'
import { clusterFlags, type AddCommand } from '../command.ts'
import { outputOption } from '../output.ts'
import type { UninstallFlags } from './uninstall.ts'

export const addUninstall: AddCommand = (program, env, finish) => {
  clusterFlags(program.command('uninstall'))
    .description('Removes KubeSkippy from the cluster, however it was installed and however much of it is left: rights first, then the programs, the door, accounts and healers. Policies, actions and ledgers are kept.')
    .option('--delete-policies', 'the CRDs too, with every policy, action and ledger, and the namespace kubeskippy-system with all that is in it')
    .option('--yes', 'do not ask whether this cluster is meant; --delete-policies needs it where nobody can be asked')
    .addOption(new Option('--timeout <duration>', 'how long the CRDs and the namespace may take to be gone').argParser(duration).default(seconds(120), '2m'))
    .option('--dry-run', 'say what would be removed, and let the API server judge it; remove nothing')
    .addOption(outputOption())
    .action((flags: UninstallFlags) => finish(async () => (await import('./uninstall.ts')).uninstall(env, flags)))
}

function duration(text: string): Millis {
  const span = parseDuration(text)
  if (span === undefined) throw new InvalidArgumentError(`${quoted(text)} is no duration: write it as 90s or 2m.`)
  return span
}
