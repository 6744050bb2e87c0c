/** How selectors name their metric. */
import type { Selector } from './ast.ts'

const NAME = '__name__'

export const metricOf = ({ name, matchers }: Selector): string | undefined => name ?? matchers.find(({ label, operator }) => label === NAME && operator === '=')?.value

export interface Names {
  /** All that are written out, alternatives of a pattern too. */
  readonly names: readonly string[]
  /** Of a pattern that is no list: the ending of counters that all of its names have. */
  readonly ending?: string
}

export function namesOf(selector: Selector): Names {
  const name = metricOf(selector)
  if (name !== undefined) return { names: [name] }
  const pattern = selector.matchers.find(({ label, operator }) => label === NAME && operator === '=~')?.value
  if (pattern === undefined) return { names: [] }
  const list = /^\^?(?:\(([\w:|]+)\)|([\w:|]+))\$?$/.exec(pattern)
  if (list !== null) return { names: (list[1] ?? list[2] ?? '').split('|') }
  const ending = pattern.includes('|') ? undefined : /(_total|_bucket)\$?$/.exec(pattern)?.[1]
  return ending === undefined ? { names: [] } : { names: [], ending }
}
