/** A recording as a picture that moves: lines come in at the bottom and go out at the top. Styles alone, so that a page may show it as an image. Pure. */
import { readCast, withoutIdling, type Cast } from './cast.ts'

const [CHARACTER, LINE, MARGIN] = [7.25, 17, 12]
/** Seconds that the end stays before it begins anew. */
const END = 12

const COLOURS: Readonly<Record<string, string>> = { '1': 'b', '2': 'd', '31': 'r', '32': 'g', '33': 'y', '36': 'c' }
const STYLE = `text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#d0d7de;white-space:pre}
.b{font-weight:bold;fill:#fff}.d{fill:#8b949e}.r{fill:#ff7b72}.g{fill:#56d364}.y{fill:#e3b341}.c{fill:#76e3ea}`

/** Seconds. The times within the lines stay what they are. */
const LONGEST_PAUSE = 1.2

/** Of a recording as it is kept. */
export const pictureOf = (recording: string): string => castToSvg(withoutIdling(readCast(recording), LONGEST_PAUSE))

export function castToSvg({ title, width: columns, height: rows, outputs }: Cast): string {
  // A blank line before a title is one of its own.
  const lines = outputs.flatMap(({ at, text }) => text.replace(/\r?\n$/, '').split(/\r?\n/).map((line) => ({ at, line })))
  const total = (lines.at(-1)?.at ?? 0) + END
  const [width, height] = [Math.round(columns * CHARACTER + 2 * MARGIN), rows * LINE + 2 * MARGIN]
  const frames = lines.map(({ at }, index) => `${percent(at / total)}{transform:translateY(${-LINE * Math.max(0, index + 1 - rows)}px)}`)
  const shown = lines.map(({ line }, index) => `<text x="${MARGIN}" y="${MARGIN + LINE * index + 13}"${index < rows ? ` style="animation:l${index} ${total.toFixed(2)}s step-end infinite"` : ''}>${spans(line, columns)}</text>`)
  // What comes in while there is room does not move: it appears.
  const appear = lines.slice(0, rows).map(({ at }, index) => `@keyframes l${index}{0%{opacity:0}${percent(at / total)}{opacity:1}}`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">
<style>${STYLE}
@keyframes s{${[...new Map(frames.map((frame) => [frame.split('{')[0], frame])).values()].join('')}}
#s{animation:s ${total.toFixed(2)}s step-end infinite}
${appear.join('\n')}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<svg x="0" y="${MARGIN / 2}" width="${width}" height="${height - MARGIN}"><g id="s">
${shown.join('\n')}
</g></svg>
</svg>
`
}

const percent = (share: number): string => `${(100 * share).toFixed(3)}%`

/** A line in its colours, cut where the terminal ends. */
function spans(line: string, columns: number): string {
  let [style, room, made] = ['', columns, '']
  // oxlint-disable-next-line no-control-regex
  for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
    // oxlint-disable-next-line no-control-regex
    const code = /^\u001b\[([\d;]*)m$/.exec(part)?.[1]
    if (code !== undefined) {
      style = COLOURS[code] ?? ''
      continue
    }
    const text = part.length > room ? `${part.slice(0, Math.max(0, room - 1))}…` : part
    if (room > 0 && part !== '') made += style === '' ? escape(text) : `<tspan class="${style}">${escape(text)}</tspan>`
    room -= part.length
  }
  return made
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
