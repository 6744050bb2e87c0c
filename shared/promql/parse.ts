/**
 * PromQL to a tree, by the grammar that Prometheus keeps for its editor. Total, and bounded in time and depth: what is
 * too long or too deep for anybody to have written it is a problem of its own.
 */
import type { Tree } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { nearest, quoted } from '../lib/text.ts'
import type { Expr, Problem } from './ast.ts'
import { build } from './build.ts'
import { FUNCTIONS } from './functions.ts'
import { tokensOf, type Token, type Tokens } from './tokens.ts'

export type Parsed = { readonly expr: Expr } | { readonly problem: Problem }

/** Words, operators and brackets of one query. The longest of published alert rules have a tenth of them. */
export const MOST_TOKENS = 1500
/** Levels of the grammar; a pair of brackets takes two at most. */
export const DEEPEST = 400
/** Brackets within brackets. */
export const DEEPEST_BRACKETS = 150

const strict = parser.configure({ strict: true })

export function parsePromql(text: string): Parsed {
  const words = tokensOf(text)
  const { tokens, problem, depth } = words
  if (tokens.length === 0 && problem === undefined) return { problem: { from: 0, what: 'there is no query', fix: 'write one' } }
  if (tokens.length > MOST_TOKENS) return { problem: { from: tokens[MOST_TOKENS]?.from ?? 0, what: `has more than ${MOST_TOKENS} words and signs`, fix: 'record parts of it by rules of the source, and ask for these' } }
  if (depth > DEEPEST_BRACKETS) return tooDeep
  const tree = treeOf(masked(text, tokens))
  // Whatever comes first: the grammar reads beyond what is no word at all.
  if (typeof tree === 'number') return { problem: problem !== undefined && problem.from <= tree ? problem : unexpected(text, tree, words) }
  if (problem !== undefined) return { problem }
  if (isDeep(tree)) return tooDeep
  const top = tree.topNode.firstChild
  return top === null ? { problem: unexpected(text, 0, words) } : { expr: build(top, text) }
}

const tooDeep: Parsed = { problem: { from: 0, what: 'is nested too deep', fix: `keep to ${DEEPEST_BRACKETS} brackets within each other, and to sums of fewer parts` } }

/** Or where the grammar does not go on. */
function treeOf(text: string): Tree | number {
  try {
    return strict.parse(text)
  } catch (error) {
    const at = error instanceof SyntaxError ? /^No parse at ([0-9]+)$/.exec(error.message)?.[1] : undefined
    if (at === undefined) throw error
    return Number(at)
  }
}

/** Functions that the grammar does not know, under the name of one of the same length that it does: the tree is all that is wanted of it. */
const STAND_INS: Readonly<Record<string, string>> = { holt_winters: 'day_of_month', integral: 'increase' }

/** What the grammar takes for the same query, with everything at the same place. */
function masked(text: string, tokens: readonly Token[]): string {
  const parts: string[] = []
  let at = 0
  for (const { kind, from, text: word } of tokens) {
    // Comments are nodes of the grammar, and a number does not end in a point there.
    const known = kind === 'word' && Object.hasOwn(STAND_INS, word) ? STAND_INS[word] : kind === 'number' && word.endsWith('.') ? `${word.slice(0, -1)} ` : word
    parts.push(' '.repeat(from - at), known ?? word)
    at = from + word.length
  }
  return parts.join('').padEnd(text.length)
}

function isDeep(tree: Tree): boolean {
  let depth = 0
  let deepest = 0
  tree.iterate({
    enter: () => void (deepest = Math.max(deepest, ++depth)),
    leave: () => void depth--,
  })
  return deepest > DEEPEST
}

function unexpected(text: string, at: number, { tokens, open }: Tokens): Problem {
  const index = tokens.findIndex(({ from, text: { length } }) => from + length > at)
  const token = tokens[index]
  const before = tokens[(index < 0 ? tokens.length : index) - 1]
  if (token === undefined) return ends(text, before, open)
  if (token.text === '(' && before?.kind === 'word') return noFunction(before)
  // Prometheus points at the beginning of a word of which the grammar took a part.
  const from = token.from
  const what = `unexpected ${quoted(token.text)}`
  const fix = hint(token, before, open.at(-1))
  return fix === undefined ? { from, what } : { from, what, fix }
}

function ends(text: string, before: Token | undefined, open: readonly Token[]): Problem {
  const inner = open.at(-1)
  const from = text.length
  if (inner === undefined) return { from, what: `the query ends after ${quoted(before?.text ?? '')}`, fix: 'write what follows, or leave that out' }
  const closer = { '(': ')', '[': ']', '{': '}' }[inner.text] ?? ''
  // A line above may be a comment.
  const beside = text.slice(Math.max(0, inner.from - 20, text.lastIndexOf('\n', inner.from) + 1), inner.from).trimStart()
  const where = beside !== '' ? `after ${quoted(beside, 24)}` : text.slice(0, inner.from).trim() === '' ? 'at its beginning' : 'at the beginning of a line'
  return { from, what: `the query ends while the "${inner.text}" ${where} is open`, fix: `close it with "${closer}"` }
}

function noFunction({ from, text }: Token): Problem {
  const lower = text.toLowerCase()
  const names = Object.keys(FUNCTIONS)
  const [near] = FUNCTIONS[lower] === undefined ? lower.length < 4 ? [] : nearest(lower, names) : [lower]
  return { from, what: `there is no function ${quoted(text)}`, fix: near === undefined ? 'see the functions of Prometheus; those of others that speak its query API are not known here' : `did you mean ${near}?` }
}

function hint(token: Token, before: Token | undefined, open: Token | undefined): string | undefined {
  if (token.text === '{' && before?.text === '{') return 'there are no templates here: write the value itself'
  if (open?.text !== '{' && token.text === '=') return 'a comparison is written =='
  if (token.text === '=~' || token.text === '!~') return 'patterns of labels go into braces: {pod=~"cart-.*"}'
  if (before !== undefined && /^(=|!=|=~|!~)$/.test(before.text) && token.kind !== 'string') return `write ${quoted(token.text)} in quotes`
  if (before !== undefined && /^(by|without|on|ignoring|group_left|group_right)$/i.test(before.text)) return `the labels of ${before.text.toLowerCase()} go into parentheses`
  if (/^(by|without)$/i.test(token.text)) return `${token.text.toLowerCase()} belongs to an aggregation: sum ${token.text.toLowerCase()} (pod) (...)`
  if (token.text === 'bool') return 'bool follows a comparison: x > bool 5'
  return undefined
}

