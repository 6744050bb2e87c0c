/** Everything that is wrong with the flags of a command line, and what it lacks: the parser would stop at the first of them. Pure. */
import { InvalidArgumentError, type Argument, type Command, type Option } from 'commander'
import { nearest, quoted } from '../shared/lib/text.ts'
import { optionsOf, readWords, type Given } from './words.ts'

/** A sentence for each. None: the parser may have something to say all the same, of arguments and commands. */
export function misuses(program: Command, argv: readonly string[]): readonly string[] {
  const { command, given, unknown, awaiting, positionals } = readWords(program, argv)
  if (command.commands.length > 0 || given.some(({ option }) => option.long === '--help' || option.long === '--version')) return []
  const flags = optionsOf(command).map((option) => option.name())
  const found = [
    ...unknown.map((flag) => `unknown flag ${quoted(flag)}${didYouMean(', did you mean --', flag.replace(/^-+/, ''), flags)}`),
    ...given.flatMap((each) => problemOf(each) ?? []),
    ...(awaiting === undefined ? [] : [`${nameOf(awaiting)} needs a value`]),
    ...command.registeredArguments.slice(positionals).flatMap((argument) => (argument.required ? [`${quoted(argument.name())} is missing${whatIs(argument)}: ${pathOf(command)} ${command.usage()}`] : [])),
  ]
  return [...new Set(found)]
}

function problemOf({ option, value }: Given): string | undefined {
  if (value === undefined) return undefined
  if (!option.required) return `${nameOf(option)} takes no value`
  try {
    option.parseArg?.(value, undefined)
    return undefined
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    const { argChoices: choices } = option
    return `${nameOf(option)}: ${choices === undefined ? error.message : `must be one of ${choices.join(', ')}, not ${quoted(value)}${didYouMean('; did you mean ', value, choices)}`}`
  }
}

function whatIs({ argChoices, description }: Argument): string {
  const what = argChoices === undefined ? description : `one of ${argChoices.join(', ')}`
  return what === '' ? '' : `, ${what}`
}

/** `kubeskippy certs show` */
const pathOf = (command: Command): string => (command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`)

const nameOf = (option: Option): string => `--${option.name()}`

function didYouMean(words: string, word: string, known: readonly string[]): string {
  const [near] = nearest(word, known)
  return near === undefined ? '' : `${words}${near}?`
}
