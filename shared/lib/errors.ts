/** Wrong configuration: every problem at once. Programs print one line per problem and exit with 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options)
    this.problems = problems
  }
}

/** Retrying cannot help: the work queue drops the item after counting it. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const UNREADABLE: Readonly<Record<string, string>> = { ENOENT: 'is not there', ENOTDIR: 'is not there', EISDIR: 'is a folder and no file', EACCES: 'may not be read by this user' }

/** What keeps a file from being read, behind its name; undefined: nothing that has words of its own. */
export const unreadable = (error: unknown): string | undefined => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? UNREADABLE[error.code] : undefined)
