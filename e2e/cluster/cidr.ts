/** Just enough of IPv4 ranges to see whether two of them meet. */
export interface Cidr {
  /** Network address as an unsigned 32-bit number. */
  readonly address: number
  readonly prefix: number
}

/** `10.0.0.0/8` or a bare address; undefined for anything else (`default`, IPv6). */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text)
  if (match === null) return undefined
  const address = match.slice(1, 5).reduce((sum, byte) => sum * 256 + Number(byte), 0)
  return { address, prefix: match[5] === undefined ? 32 : Number(match[5]) }
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  const size = 2 ** (32 - Math.min(a.prefix, b.prefix))
  return Math.floor(a.address / size) === Math.floor(b.address / size)
}
