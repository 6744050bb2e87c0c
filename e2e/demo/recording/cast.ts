/** A recording in the format of asciinema, version 2: a line with what it is, then a line for each output. Pure. */

/** What came out, and when, in seconds from the beginning. */
export interface Output {
  readonly at: number
  /** With SGR codes for colours and no others. */
  readonly text: string
}

export interface Cast {
  readonly title: string
  /** Columns and rows of the terminal that it is made for. */
  readonly width: number
  readonly height: number
  readonly outputs: readonly Output[]
}

export const writeCast = ({ outputs, ...header }: Cast): string =>
  [JSON.stringify({ version: 2, ...header }), ...outputs.map(({ at, text }) => JSON.stringify([Number(at.toFixed(3)), 'o', text]))].join('\n').concat('\n')

/** @throws for another version or an event that is no output */
export function readCast(text: string): Cast {
  const [first = '{}', ...rest] = text.trimEnd().split('\n')
  const { version, title = '', width, height } = JSON.parse(first) as { version?: number; title?: string; width?: number; height?: number }
  if (version !== 2 || width === undefined || height === undefined) throw new Error('This is no recording of version 2.')
  const outputs = rest.map((line) => {
    const [at, kind, out] = JSON.parse(line) as [number, string, string]
    if (kind !== 'o') throw new Error(`An event is of the kind ${kind}; only output is known.`)
    return { at, text: out }
  })
  return { title, width, height, outputs }
}

/** The same with no pause longer than `most` seconds. */
export function withoutIdling({ outputs, ...rest }: Cast, most: number): Cast {
  let [last, shown] = [0, 0]
  const shorter = outputs.map(({ at, text }) => {
    shown += Math.min(at - last, most)
    last = at
    return { at: shown, text }
  })
  return { ...rest, outputs: shorter }
}
