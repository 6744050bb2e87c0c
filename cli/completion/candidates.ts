/** What may come next on a command line. Pure. */
import type { Argument, Command, Option } from 'commander'
import { findOption, optionsOf, readWords } from '../words.ts'

export interface Candidate {
  readonly value: string
  readonly description: string
}

/** What only the cluster knows, and rules: to know them takes a while. */
export type Named = 'namespace' | 'policy' | 'action' | 'rule'

export interface Completion {
  readonly candidates: readonly Candidate[]
  /** Beside them the names of files. */
  readonly files: boolean
  readonly named: readonly Named[]
  /** Flags that say which cluster and which namespace. */
  readonly where: Readonly<Partial<Record<'kubeconfig' | 'context' | 'namespace', string>>>
}

const NOTHING: Completion = { candidates: [], files: false, named: [], where: {} }
const FILES: Completion = { ...NOTHING, files: true }

/** By the placeholder of an option or the name of an argument. */
const NAMED: Readonly<Record<string, readonly Named[]>> = { namespace: ['namespace'], 'consent-to': ['namespace'], policy: ['policy'], action: ['action'], explain: ['rule'], 'explain name': ['policy', 'action'] }
const FILE_NAMES: ReadonlySet<string> = new Set(['file', 'folder', 'targets'])

/** @param words all after the name of the program; the last one is what is being written, perhaps empty */
export function completion(program: Command, words: readonly string[]): Completion {
  const { command, given, positionals, awaiting, onlyArguments } = readWords(program, words.slice(0, -1))
  const options = new Set(given.map(({ option }) => option))
  const where: Completion['where'] = Object.fromEntries(given.flatMap(({ option, value }) => (value === undefined ? [] : [[option.attributeName(), value]])))
  const current = words.at(-1) ?? ''
  const withWhere = (found: Completion): Completion => ({ ...found, where })
  if (awaiting !== undefined) return withWhere(valuesOf(awaiting, current))
  const [, flag, value] = /^(--[^=]+)=(.*)$/.exec(current) ?? []
  const assigned = flag === undefined ? undefined : findOption(command, flag)
  if (assigned !== undefined) return withWhere(valuesOf(assigned, value ?? ''))
  if (current.startsWith('-') && !onlyArguments) return withWhere(starting(current, optionsOf(command).filter((option) => !options.has(option) || option.variadic).map((option) => ({ value: option.long ?? option.short ?? '', description: option.description }))))
  if (command.commands.length > 0 && positionals === 0) return withWhere(starting(current, [...visible(command).map((each) => ({ value: each.name(), description: each.description() })), { value: 'help', description: 'Tells what a command does.' }]))
  const argument = argumentAt(command, positionals)
  return argument === undefined ? NOTHING : withWhere(argumentValues(command, argument, current))
}

const visible = (command: Command): readonly Command[] => command.commands.filter((each) => each.name() !== 'help')

const argumentAt = ({ registeredArguments }: Command, index: number): Argument | undefined => registeredArguments[index] ?? registeredArguments.findLast(({ variadic }) => variadic)

function valuesOf(option: Option, current: string): Completion {
  if (option.argChoices !== undefined) return starting(current, option.argChoices.map((value) => ({ value, description: '' })))
  const placeholder = /<([^>.]+)/.exec(option.flags)?.[1]?.toLowerCase() ?? ''
  const named = NAMED[option.name()]
  if (named !== undefined) return { ...NOTHING, named }
  return FILE_NAMES.has(placeholder) ? FILES : NOTHING
}

function argumentValues(command: Command, argument: Argument, current: string): Completion {
  if (argument.argChoices !== undefined) return starting(current, argument.argChoices.map((value) => ({ value, description: '' })))
  const named = NAMED[argument.name()] ?? NAMED[`${command.name()} ${argument.name()}`]
  if (named !== undefined) return { ...NOTHING, named }
  return FILE_NAMES.has(argument.name()) ? FILES : NOTHING
}

const starting = (current: string, candidates: readonly Candidate[]): Completion => ({ ...NOTHING, candidates: candidates.filter(({ value }) => value.startsWith(current)) })
