/**
 * The log as a port. Messages are constant strings, so that they can be counted and searched; whatever varies is a
 * field. An `Error` goes in as the field `error`; adapters write its kind and our own message, never the server's text.
 */
export type Fields = Readonly<Record<string, unknown>>

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/**
 * A literal, or one of several; `never` for any text that is put together. TRAP: of a template the compiler infers a pattern, which is
 * no `string`; both make a record that may be empty, and a literal does not.
 */
export type Constant<S extends string> = {} extends Record<S, 1> ? never : S

/** A message that is put together does not compile. */
export type Say = <S extends string>(message: Constant<S>, fields?: Fields) => void

export interface Logger extends Readonly<Record<LogLevel, Say>> {
  /** A logger whose every entry also has these fields. */
  child(fields: Fields): Logger
}

/** The log of a whole program. */
export interface ProgramLogger extends Logger {
  /** Lowest level that is written, of its children too. */
  level: LogLevel
}

/** Drops every entry: for tests and for tools that print their own output. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
