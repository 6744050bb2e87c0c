/** Writes tar archives (ustar): the same input gives the same bytes. */

export type TarEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly data: Buffer }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }

const BLOCK = 512

export function tar(entries: readonly TarEntry[]): Buffer {
  // Two blocks of zeros end an archive.
  return Buffer.concat([...entries.flatMap(blocks), Buffer.alloc(2 * BLOCK)])
}

function blocks(entry: TarEntry): Buffer[] {
  if (entry.kind !== 'file') return [header(entry, 0)]
  return [header(entry, entry.data.length), entry.data, Buffer.alloc((BLOCK - entry.data.length % BLOCK) % BLOCK)]
}

function header(entry: TarEntry, size: number): Buffer {
  const head = Buffer.alloc(BLOCK)
  const path = entry.kind === 'directory' ? `${entry.path}/` : entry.path
  if (Buffer.byteLength(path) > 100) throw new RangeError(`path longer than 100 bytes: ${path}`)
  const octal = (value: number, offset: number, width: number) => { head.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'latin1') }
  head.write(path, 0, 'utf8')
  octal(entry.kind === 'link' ? 0o777 : entry.mode, 100, 8)
  octal(0, 108, 8) // owner: root
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12) // time: none, for the sake of equal bytes
  head.write({ file: '0', link: '2', directory: '5' }[entry.kind], 156, 'latin1')
  if (entry.kind === 'link') head.write(entry.target, 157, 'utf8')
  head.write('ustar\u000000', 257, 'latin1')
  // The sum is taken with its own field full of blanks.
  head.write('        ', 148, 'latin1')
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return head
}
