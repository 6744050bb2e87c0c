/** Where a server listens: `:9443`, `127.0.0.1:9443`, `[::1]:9443`. */
export const ADDRESS = /^([a-zA-Z0-9.-]*|\[[0-9a-fA-F:]+\]):([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$/

/** What {@link ADDRESS} asks for, for people. */
export const ADDRESS_FORMAT = 'HOST:PORT, such as 127.0.0.1:8080'

export interface Address {
  /** Empty: all interfaces. */
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

/** @param text has passed {@link ADDRESS} */
export function parseAddress(text: string): Address {
  const [, host = '', port = ''] = ADDRESS.exec(text) ?? []
  return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port) }
}

const EVERYWHERE: ReadonlySet<string> = new Set(['', '0.0.0.0', '::'])

/** Whether only one of them can be listened to. */
const isOneOfBoth = (a: Address, b: Address): boolean => a.port !== 0 && a.port === b.port && (a.host === b.host || EVERYWHERE.has(a.host) || EVERYWHERE.has(b.host))

/** What is wrong with addresses of one program, by the flags that say them. */
export function addressProblems(said: readonly { readonly flag: string; readonly text: string }[]): readonly string[] {
  return said.flatMap((one, n) =>
    said.slice(0, n).flatMap((other) => (isOneOfBoth(parseAddress(other.text), parseAddress(one.text)) ? [`--${other.flag} ${other.text} and --${one.flag} ${one.text} cannot both be listened to: choose another port for one of them`] : [])),
  )
}
