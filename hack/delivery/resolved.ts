/** What the two programs make of a configuration file: the way from its text to their options is their own. */
import { CONTROLLER_OPTIONS } from '../../controller/options.ts'
import { PROGRAM_SECTIONS } from '../../shared/kube/program-options.ts'
import { readConfig } from '../../shared/kube/program.ts'
import { sameJson } from '../../shared/lib/json.ts'
import { ConfigError } from '../../shared/lib/errors.ts'
import { readFlags, resolveOptions, type OptionSpec } from '../../shared/runtime/options.ts'
import { WEBHOOK_OPTIONS } from '../../webhook/options.ts'

type Options = Readonly<Record<string, unknown>>
export type Resolved = Readonly<Record<keyof typeof SPECS, Options>>

const SPECS = { controller: CONTROLLER_OPTIONS, webhook: WEBHOOK_OPTIONS } as const satisfies Record<keyof typeof PROGRAM_SECTIONS, readonly OptionSpec[]>

/** @throws ConfigError with what a program refuses */
export const resolvedBy = (text: string): Resolved => ({ controller: resolve(CONTROLLER_OPTIONS, text, PROGRAM_SECTIONS.webhook), webhook: resolve(WEBHOOK_OPTIONS, text, PROGRAM_SECTIONS.controller) })

function resolve(specs: readonly OptionSpec[], text: string, foreign: readonly string[]): Options {
  const { config, problems } = readConfig('config.yaml', () => text)
  if (problems.length > 0) throw new ConfigError(problems)
  return resolveOptions(specs, readFlags(specs, []), config, foreign)
}

/** `controller log.level`: each option that is another one. */
export const differences = (before: Resolved, after: Resolved): readonly string[] =>
  (['controller', 'webhook'] as const).flatMap((program) => [...new Set([...Object.keys(before[program]), ...Object.keys(after[program])])].filter((key) => !sameJson(before[program][key], after[program][key])).map((key) => `${program} ${key}`))

/** The options that a key of the file is. */
export const readersOf = (key: string): readonly string[] => (['controller', 'webhook'] as const).flatMap((program) => (SPECS[program].some((spec) => spec.key === key) ? [`${program} ${key}`] : []))
