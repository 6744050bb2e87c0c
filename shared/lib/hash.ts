import { createHash } from 'node:crypto'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * 16 base32 characters (80 bits) of SHA-256 over the parts. Parts are length-prefixed, so ("a","bc") and ("ab","c")
 * differ. 80 bits: a collision would read as "already decided" and lose an act in silence.
 */
export function shortHash(parts: readonly string[]): string {
  let bits = 0n
  for (const byte of digest(parts).subarray(0, 10)) bits = (bits << 8n) | BigInt(byte)
  let text = ''
  for (let i = 0; i < 16; i++) {
    text = (ALPHABET[Number(bits & 31n)] ?? '') + text
    bits >>= 5n
  }
  return text
}

/** `length` hexadecimal digits of the same, 64 at most. */
export const hexHash = (parts: readonly string[], length: number): string => digest(parts).toString('hex').slice(0, length)

function digest(parts: readonly string[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest()
}
