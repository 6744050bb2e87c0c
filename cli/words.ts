/** What the words of a command line are to the command that they choose. Pure. */
import type { Command, Option } from 'commander'

export interface Given {
  readonly option: Option
  /** Whether the option wants one or not. */
  readonly value?: string
}

export interface Words {
  readonly command: Command
  readonly given: readonly Given[]
  /** Flags that nobody knows. */
  readonly unknown: readonly string[]
  readonly positionals: number
  /** The option whose value is next. */
  readonly awaiting: Option | undefined
  /** Behind `--`. */
  readonly onlyArguments: boolean
}

export function readWords(program: Command, words: readonly string[]): Words {
  let command = program
  let positionals = 0
  let awaiting: Option | undefined
  let onlyArguments = false
  const given: Given[] = []
  const unknown: string[] = []
  // Those of the program go with every command.
  const optionOf = (flag: string): Option | undefined => findOption(command, flag) ?? findOption(program, flag)

  const takeLong = (word: string): void => {
    const [, flag = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? []
    const option = optionOf(flag)
    if (option === undefined) unknown.push(flag)
    else if (value !== undefined) given.push({ option, value })
    else if (option.required) awaiting = option
    else given.push({ option })
  }
  /** `-A`, `-n`, `-nshop`, `-Anshop`. */
  const takeShort = (word: string): void => {
    for (let rest = word.slice(1); rest !== ''; rest = rest.slice(1)) {
      const option = optionOf(`-${rest[0]}`)
      if (option === undefined) return void unknown.push(word)
      if (!option.required) given.push({ option })
      else if (rest.length > 1) return void given.push({ option, value: rest.slice(1) })
      else awaiting = option
    }
  }

  for (const word of words) {
    if (awaiting !== undefined) {
      given.push({ option: awaiting, value: word })
      awaiting = undefined
    } else if (word === '--' && !onlyArguments) onlyArguments = true
    else if (word.startsWith('--') && !onlyArguments) takeLong(word)
    else if (word.startsWith('-') && word !== '-' && !onlyArguments) takeShort(word)
    else {
      const sub = positionals === 0 ? command.commands.find((each) => each.name() === word) : undefined
      if (sub === undefined) positionals++
      else command = sub
    }
  }
  return { command, given, unknown, positionals, awaiting, onlyArguments }
}

const HELP = 'print what the command does'

/** Its own, and the help. */
export function optionsOf(command: Command): readonly Option[] {
  const help = command.createOption('-h, --help', HELP)
  return [...command.options, help]
}

export const findOption = (command: Command, flag: string): Option | undefined => optionsOf(command).find(({ short, long }) => flag === short || flag === long)
