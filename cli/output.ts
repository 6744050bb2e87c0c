/** `-o` of every command that shows something: a table for people, the same data as JSON or YAML for programs. */
import { Option } from 'commander'
import { stringify } from 'yaml'

export const OUTPUTS = ['table', 'json', 'yaml'] as const
export type Output = (typeof OUTPUTS)[number]
/** What programs read. */
export type DataFormat = Exclude<Output, 'table'>

/** @param note what else it brings about */
export const outputOption = (note = ''): Option => new Option('-o, --output <format>', note).choices(OUTPUTS).default('table')

/** The data are made only when they are asked for, and so is the table. */
export const inFormat = (output: Output, data: () => unknown, table: () => string): string => (output === 'table' ? table() : asData(output, data()))

/** One document. What has no value is left out of both. */
export const asData = (format: DataFormat, data: unknown): string => (format === 'json' ? `${JSON.stringify(data, null, 2)}\n` : asYaml(data))

/** As kubectl and the API server read it: a word that YAML 1.1 takes for something else is quoted. */
export const asYaml = (data: unknown): string => stringify(data, { version: '1.1', aliasDuplicateObjects: false, keepUndefined: false })
