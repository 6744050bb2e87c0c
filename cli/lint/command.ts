/** The flags of `kubeskippy lint`. */
import { InvalidArgumentError, Option } from 'commander'
import { quoted } from '../../shared/lib/text.ts'
import { clusterFlags, namespaceValue, type AddCommand } from '../command.ts'
import { OUTPUTS } from '../output.ts'
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
    .option('-o, --output <file>', 'write the report there', reportFile)
    .addOption(new Option('--fail-on <level>', 'exit with 1 from which level on').choices(LEVELS).default('error'))
    .option('--allow-empty', 'exit with 0 also where there is no object at all')
    .option('--server', 'ask the API server too, by dry runs: for what only it knows')
    .option('--fix', 'correct what has one right answer, in the files')
    .option('--dry-run', 'with --fix: show the changes, and write nothing')
    .option('--explain <rule>', 'tell about a rule, such as KS303, and end')
    .action((targets: string[], flags: LintFlags) => finish(async () => (await import('./lint.ts')).lint(env, targets, flags)))
}

const FORMATS: readonly string[] = FORMAT_NAMES

/** Of other commands `-o` is the format: a file that is called so is nobody's wish. */
function reportFile(path: string): string {
  if (!FORMATS.includes(path) && !OUTPUTS.some((each) => each === path)) return path
  throw new InvalidArgumentError(`${quoted(path)} is a format and no file: ${FORMATS.includes(path) ? `write --format ${path}` : `--format is one of ${FORMATS.join(', ')}`}, or ./${path} where a file is meant.`)
}
