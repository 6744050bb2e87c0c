/**
 * The log as a port. Messages are constant strings, so that they can be counted and searched; whatever varies is a
 * field. An `Error` goes in as the field `error`; adapters write its kind and our own message, never the server's text.
 */
export type Fields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** A logger whose every entry also has these fields. */
  child(fields: Fields): Logger
}

/** Drops every entry: for tests and for tools that print their own output. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
