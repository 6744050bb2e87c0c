/**
 * What the `yaml` package reads and kubectl does not, or reads otherwise. kubectl cuts a file into documents before it
 * parses any of them, and its parser is one of YAML 1.1 (goyaml.v2). Of JSON nothing of this holds. Pure.
 */
import { isAlias, isCollection, isNode, isScalar, visit, type Document, type Node } from 'yaml'
import { quoted } from '../../shared/lib/text.ts'

/** Why a document cannot be read. */
export interface Unreadable {
  readonly offset: number
  readonly what: string
}

/** Of YAML 1.1 the end of a line, in comments as well. */
const BREAKS = /[\u0085\u2028\u2029]/

/** Of the text as lines. What follows the first one may be about something that nobody has read. */
export function refusedLine(text: string): Unreadable | undefined {
  const other = text.search(BREAKS)
  if (other >= 0) return { offset: other, what: `the character U+${text.charCodeAt(other).toString(16).padStart(4, '0').toUpperCase()} ends a line for kubectl: write it as an escape in double quotes` }
  /** Nothing of the document has been met, or its end has. */
  let at: 'begin' | 'within' | 'end' = 'begin'
  let offset = 0
  for (const line of text.split('\n')) {
    const content = line.replace(/^\ufeff/, '').trim()
    if (line.startsWith('---')) {
      const rest = line.slice(3).trim()
      if (rest !== '' && !rest.startsWith('#')) return { offset: offset + 3, what: 'kubectl takes nothing but a comment behind ---: begin the document in the next line' }
      at = 'begin'
    } else if (content !== '' && !content.startsWith('#')) {
      if (at === 'end') return { offset, what: 'kubectl reads nothing between ... and the next ---' }
      if (at === 'begin' && line.startsWith('%')) return { offset, what: 'kubectl takes no line that begins with % (a directive): leave it out' }
      at = /^\.\.\.(?:\s|$)/.test(line) ? 'end' : 'within'
    }
    offset += line.length + 1
  }
  return undefined
}

/** Of what has been parsed. */
export function refusedNodes(document: Document.Parsed, text: string): readonly Unreadable[] {
  const found: Unreadable[] = []
  visit(document, (_key, node, path) => {
    if (!isNode(node)) return
    const [start, end] = [node.range?.[0] ?? 0, node.range?.[1] ?? 0]
    const tell = (what: string | undefined): void => { if (what !== undefined) found.push({ offset: start, what }) }
    // What is within brackets has brackets itself, or none at all.
    const inFlow = path.findLast(isCollection)?.flow === true
    tell(propertyProblem(node, inFlow))
    if (!isScalar(node)) return
    if (node.type === 'QUOTE_DOUBLE') tell(escapeProblem(text.slice(start, end)))
    if (node.type === 'PLAIN' && inFlow) tell(flowProblem(text.slice(start, end), text.slice(end)))
  })
  return found
}

/** Of all documents of a text: in quotes, in blocks of text and within brackets a line may begin as it likes. */
export function refusedTabs(documents: readonly Document.Parsed[], text: string): readonly Unreadable[] {
  const tabs = Array.from(text.matchAll(/^ *\t/gm), ({ 0: { length }, index }) => index + length - 1)
  if (tabs.length === 0) return []
  /** In the order of their beginnings. */
  const free: (readonly [start: number, end: number])[] = []
  for (const document of documents) {
    visit(document, (_key, node) => {
      if (!isNode(node)) return
      if (isCollection(node) ? node.flow === true : isScalar(node) && node.type !== 'PLAIN') free.push([node.range?.[0] ?? 0, node.range?.[1] ?? 0])
    })
  }
  let [next, reach] = [0, 0]
  const first = tabs.find((tab) => {
    for (; (free[next]?.[0] ?? Infinity) <= tab; next++) reach = Math.max(reach, free[next]?.[1] ?? 0)
    return tab >= reach
  })
  return first === undefined ? [] : [{ offset: first, what: 'kubectl takes no tab where a line begins, not even of an empty one: write blanks' }]
}

/** What goyaml takes for the name of an anchor, and for a tag that it may meet in a manifest. */
const ANCHOR = /^[A-Za-z0-9_-]+$/
const TAG = /^(?:!|![A-Za-z0-9-]+|tag:yaml\.org,2002:[a-z]+)$/

/** Of its tag and its anchor. */
function propertyProblem(node: Node, inFlow: boolean): string | undefined {
  if (isAlias(node)) return undefined
  const { anchor, tag } = node as { anchor?: string; tag?: string }
  if (anchor !== undefined && !ANCHOR.test(anchor)) return `the anchor ${quoted(anchor, 60)} may have letters, digits, - and _ alone`
  if (tag !== undefined && (!TAG.test(tag) || (inFlow && (tag === '!' || (isScalar(node) && node.source === ''))))) return `kubectl may not read the tag ${quoted(tag, 60)}: leave it out`
  return undefined
}

function escapeProblem(source: string): string | undefined {
  for (const [escape] of source.matchAll(/\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^])/g)) {
    const code = /^\\[uU]/.test(escape) ? Number.parseInt(escape.slice(2), 16) : undefined
    if (escape === '\\/') return `the escape ${quoted(escape)} is one of JSON, and none to kubectl: write /`
    if (code !== undefined && ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)) return `the escape ${quoted(escape)} is no character to kubectl: write the character itself, or \\U and eight digits`
  }
  return undefined
}

/** Of a text without quotes within brackets. */
function flowProblem(source: string, after: string): string | undefined {
  if (source.includes('?')) return 'within brackets kubectl takes ? for the beginning of a key: put the text in quotes'
  if (source.startsWith(':')) return 'within brackets kubectl takes a colon for the end of a key: put the text in quotes'
  if (/^[ \t]*:[^ \t\r\n]/.test(after)) return 'within brackets the colon after a key needs a blank: kubectl takes it for a part of the key'
  return /\n[ \t]*\t/.test(source) || /^\s*\n *\t/.test(after) ? 'kubectl takes no tab where a line goes on: write blanks' : undefined
}
