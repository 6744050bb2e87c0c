/** What links and commands a Markdown file has, as GitHub reads it. Pure. */

export interface Block {
  /** First word after the fence: what it is. */
  readonly language: string
  /** The words after it. */
  readonly marks: readonly string[]
  readonly text: string
  /** Of the fence, from 1. */
  readonly line: number
}

export interface Markdown {
  /** What `#...` may name. */
  readonly anchors: ReadonlySet<string>
  /** Targets of links and pictures, in their order. */
  readonly links: readonly string[]
  readonly blocks: readonly Block[]
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*(.*)$/

export function readMarkdown(source: string): Markdown {
  const blocks: Block[] = []
  const prose: string[] = []
  let open: { readonly fence: string; readonly indent: number; readonly info: string; readonly line: number; readonly lines: string[] } | undefined
  for (const [index, line] of source.split('\n').entries()) {
    const [, indent = '', fence = '', info = ''] = FENCE.exec(line) ?? []
    if (open === undefined) {
      if (fence === '') prose.push(line)
      else open = { fence, indent: indent.length, info: info.trim(), line: index + 1, lines: [] }
    } else if (fence.startsWith(open.fence) && info === '') {
      const [language = '', ...marks] = open.info.split(/\s+/)
      blocks.push({ language, marks, text: `${open.lines.join('\n')}\n`, line: open.line })
      open = undefined
    } else open.lines.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)))
  }
  if (open !== undefined) throw new Error(`the block of line ${open.line} has no end`)
  const text = prose.join('\n')
  return { anchors: anchorsOf(prose), links: linksOf(text), blocks }
}

/** One that was there already gets a number. */
function anchorsOf(lines: readonly string[]): ReadonlySet<string> {
  const anchors = new Set<string>()
  const counts = new Map<string, number>()
  for (const line of lines) {
    const [, title] = /^#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? []
    for (const [, id = ''] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id)
    if (title === undefined) continue
    const slug = slugOf(title)
    const before = counts.get(slug) ?? 0
    counts.set(slug, before + 1)
    anchors.add(before === 0 ? slug : `${slug}-${before}`)
  }
  return anchors
}

/** Of a link only its words are seen, and of punctuation only `-` and `_` stay. */
const slugOf = (title: string): string =>
  title.replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, '').replaceAll(' ', '-')

function linksOf(text: string): readonly string[] {
  // What stands in backquotes is no link.
  const plain = text.replaceAll(/(`+)[^]*?[^`]\1(?!`)/g, '``')
  const inline = [...plain.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)]
  const defined = [...plain.matchAll(/^\s{0,3}\[[^\]]+\]:\s*(\S+)/gm)]
  const bare = [...plain.matchAll(/<(https?:[^>\s]+)>/g)]
  return [...inline, ...defined, ...bare].map(([, target = '']) => target)
}
