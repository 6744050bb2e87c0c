/** The flags of `kubeskippy lint`. */
import { Option } from 'commander'
import { clusterFlags, namespaceValue, type AddCommand } from '../command.ts'
import { LEVELS } from './finding.ts'
import { FORMAT_NAMES } from './formats/names.ts'
import type { LintFlags } from './lint.ts'

export const addLint: AddCommand = (program, env, finish) => {
  clusterFlags(program.command('lint'))
    .description('Tells what the front door would say of the policies in files. Exits with 1 when it would refuse one.')
    .usage('[FILE|FOLDER|PATTERN|-]... [options]')
    .argument('[targets...]', 'YAML or JSON; of folders all below them; - is standard input; default: the working folder')
    .option('-n, --namespace <name>', 'for objects that name none', namespaceValue)
    .option('--config <file>', 'severities, facts of the installation, what is left out; default: .kubeskippy-lint.yaml, here or further up')
    .addOption(new Option('-f, --format <format>').choices(FORMAT_NAMES).default('text'))
    .option('-o, --output <file>', 'write the report there')
    .addOption(new Option('--fail-on <level>', 'exit with 1 from which level on').choices(LEVELS).default('error'))
    .option('--server', 'ask the API server too, by dry runs: for what only it knows')
    .option('--fix', 'correct what has one right answer, in the files')
    .option('--dry-run', 'with --fix: show the changes, and write nothing')
    .option('--explain <rule>', 'tell about a rule, such as KS303, and end')
    .action((targets: string[], flags: LintFlags) => finish(async () => (await import('./lint.ts')).lint(env, targets, flags)))
}
