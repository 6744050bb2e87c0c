/** The words of a query, and what is wrong with them one by one. Linear in the length of the text. */
import { printable, quoted } from '../lib/text.ts'
import type { Problem } from './ast.ts'
import { readNumber, unquote } from './literals.ts'

export interface Token {
  readonly kind: 'string' | 'number' | 'word' | 'mark'
  readonly from: number
  readonly text: string
}

export interface Tokens {
  readonly tokens: readonly Token[]
  /** The first one. What comes after it was not looked at. */
  readonly problem: Problem | undefined
  /** Brackets that are open at the end, innermost last. */
  readonly open: readonly Token[]
  /** Of brackets. */
  readonly depth: number
}

const BLANK = /(?:[ \t\r\n]+|#[^\n]*)+/y
const STRING = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`/y
/** Rather more than a number, so that all of it is shown when it is none. */
const NUMBER = /0[xX][0-9a-zA-Z]*|(?:[0-9]|\.[0-9])(?:[0-9a-zA-Z_.]*[eE][+-](?=[0-9]))?[0-9a-zA-Z_.]*/y
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const MARK = /==|!=|=~|!~|<=|>=|<\/|>\/|[-+*/%^<>=@,()[\]{}]/y
const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

export function tokensOf(text: string): Tokens {
  const tokens: Token[] = []
  const open: Token[] = []
  let depth = 0
  let at = 0
  const ended = (problem?: Problem): Tokens => ({ tokens, problem, open, depth })
  const next = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }
  for (;;) {
    at += next(BLANK)?.length ?? 0
    if (at >= text.length) return ended()
    // Between square brackets a colon parts range and step, and a range may begin with anything but a name.
    const kind = open.at(-1)?.text === '[' && text[at] === ':' ? 'mark' : undefined
    const [is, found] = kind === 'mark' ? (['mark', ':'] as const) : read(next)
    if (found === undefined) return ended(strange(text, at))
    const token: Token = { kind: is, from: at, text: found }
    const wrong = wrongIn(token) ?? misplaced(token, open)
    if (wrong !== undefined) return ended(wrong)
    if (found in CLOSERS) depth = Math.max(depth, open.push(token))
    else if (is === 'mark' && /^[)\]}]$/.test(found)) open.pop()
    tokens.push(token)
    at += found.length
  }
}

function read(next: (pattern: RegExp) => string | undefined): readonly [Token['kind'], string | undefined] {
  const string = next(STRING)
  if (string !== undefined) return ['string', string]
  const number = next(NUMBER)
  if (number !== undefined) return ['number', number]
  const word = next(WORD)
  return word === undefined ? ['mark', next(MARK)] : ['word', word]
}

function wrongIn({ kind, from, text }: Token): Problem | undefined {
  if (kind === 'number' && readNumber(text) === undefined) {
    return { from, what: `${quoted(text)} is neither a number nor a duration`, fix: 'durations are whole numbers with units, the largest first: 90s, 1h30m' }
  }
  if (kind !== 'string') return undefined
  const read = unquote(text)
  if (!('problemAt' in read)) return undefined
  const [escape = ''] = /^\\.?/su.exec(text.slice(read.problemAt)) ?? []
  // Where the string begins: that is where Prometheus says it.
  return { from, what: `the string has an escape ${quoted(escape)} that does not exist`, fix: `a backslash is written twice, or the string between backquotes` }
}

function misplaced({ kind, from, text }: Token, open: readonly Token[]): Problem | undefined {
  if (kind !== 'mark' || !/^[)\]}]$/.test(text)) return undefined
  const opener = open.at(-1)
  if (opener === undefined) return { from, what: `"${text}" closes nothing`, fix: `leave it out, or open it where it belongs` }
  const wanted = CLOSERS[opener.text] ?? ''
  return wanted === text ? undefined : { from, what: `"${text}" where "${opener.text}" has to be closed first`, fix: `write "${wanted}" before it` }
}

function strange(text: string, from: number): Problem {
  const [character = ''] = Array.from(text.slice(from, from + 2))
  if (/["'`]/.test(character)) return { from, what: 'the string does not end', fix: `close it with ${character}` }
  const what = `unexpected character ${quoted(character)}`
  const fix = hint(text.slice(from, from + 40))
  return fix === undefined ? { from, what } : { from, what, fix }
}

function hint(rest: string): string | undefined {
  if (rest.startsWith('$') || rest.startsWith('{{')) return `there are no variables here: write ${/rate_interval|interval|range/.test(rest) ? 'the time itself, such as 5m' : 'the value itself'}`
  if (rest.startsWith('&&')) return 'write and'
  if (rest.startsWith('||')) return 'write or'
  if (rest.startsWith('~')) return 'write =~ or !~'
  if (rest.startsWith('!')) return 'write unless, or compare with == 0'
  if (/^[\u2018\u2019\u201c\u201d]/u.test(rest)) return `write a plain quote instead of ${printable(rest, 2).slice(0, 1)}`
  if (rest.startsWith('.')) return 'names have no dots: Prometheus writes them with _'
  return undefined
}
