/** `doesNoMore` of the rules as an expression of the API server, made of the same table. */
import { healingPolicy } from '../shared/api/v1alpha1/healing-policy.schema.ts'
import { AMOUNT, LESS, MODES_BY_RISK, MOST_NAMES, type Direction, type Less, type Members } from '../shared/rules/less.ts'
import type { StructuralSchema } from '../shared/schema/structural.ts'
import { literals, sameMember, sameMembers } from './expressions.ts'

interface Sides {
  /** Expressions of the two specs, or of parts of them. */
  readonly now: string
  readonly old: string
  /** What the mutating webhook adds to what was stored without it is no change: by path, whether it is that. */
  readonly added: Readonly<Record<string, string>>
  readonly path?: string
}

export const doesNoMore = (sides: Sides): string => membersNoMore(LESS, healingPolicy.spec, sides)

function membersNoMore(less: Members, schema: StructuralSchema, { now, old, added, path }: Sides): string {
  return Object.entries('properties' in schema ? schema.properties : {})
    .flatMap(([name, member]): string[] => {
      const [how, at] = [less[name], path === undefined ? name : `${path}.${name}`]
      if (how === 'either') return []
      const addition = added[at] === undefined ? [] : [`(!has(${old}.${name}) && ${added[at]})`]
      const ways = [`(${sameMember(now, old, name)})`, ...addition, ...(how === undefined ? [] : [`(${noMore(how, member, { now, old, added, path: at }, name)})`])]
      return [`(${ways.join(' || ')})`]
    })
    .join(' && ')
}

function noMore(how: Less, schema: StructuralSchema, { now, old, added, path = '' }: Sides, name: string): string {
  if (typeof how === 'string') return DIRECTIONS[how](now, old, name)
  const [here, before] = [`${now}.${name}`, `${old}.${name}`]
  const there = `has(${here}) && has(${before})`
  if ('members' in how) return `${there} && ${membersNoMore(how.members, schema, { now: here, old: before, added, path })}`
  const item = 'items' in schema ? schema.items : schema
  // Lists of ours are keyed by name, and the name has to be equal like all else.
  return `${there} && ${here}.map(a, a.name) == ${before}.map(o, o.name) && ${here}.all(a, ${before}.exists(o, ${membersNoMore(how.items, item, { now: 'a', old: 'o', added, path: `${path}[]` })}))`
}

const list = (side: string, name: string): string => `${side}.?${name}.orValue([])`
const both = (now: string, old: string, name: string): string => `has(${now}.${name}) && has(${old}.${name})`
const kinds = (side: string, name: string): string => `${list(side, name)}.map(r, r.apiVersion + ' ' + r.kind)`
const isShort = (entry: string): string => ['names', 'excludeNames'].map((name) => `${list(entry, name)}.size() <= ${MOST_NAMES}`).join(' && ')

type Expression = (now: string, old: string, name: string) => string

const DIRECTIONS: Readonly<Record<Direction, Expression>> = {
  either: () => 'true',
  lowerMode: (now, old, name) => `${literals(MODES_BY_RISK)}.indexOf(${now}.${name}) <= ${literals(MODES_BY_RISK)}.indexOf(${old}.${name})`,
  lower: (now, old, name) => `${both(now, old, name)} && ${now}.${name} >= 1 && ${now}.${name} <= ${old}.${name}`,
  lowerAmount: (now, old, name) => {
    const [amount, before] = [`string(${now}.${name})`, `string(${old}.${name})`]
    const number = (text: string): string => `int(${text}.replace('%', ''))`
    return `${both(now, old, name)} && [${amount}, ${before}].all(t, t.matches('${AMOUNT}')) && ${amount}.endsWith('%') == ${before}.endsWith('%') && ${number(amount)} <= ${number(before)}`
  },
  longer: (now, old, name) => `${both(now, old, name)} && duration(${now}.${name}) >= duration(${old}.${name})`,
  on: (now, _old, name) => `${now}.?${name}.orValue(false)`,
  fewer: (now, old, name) => `${now}.?${name}.orValue([request.namespace]).all(n, n in ${old}.?${name}.orValue([request.namespace])) && ${now}.?${name}.orValue([request.namespace]).size() > 0`,
  narrower: (now, old, name) => {
    const labels = (side: string): string => `${side}.?${name}.?matchLabels.orValue({})`
    const expressions = (side: string): string => `${side}.?${name}.?matchExpressions.orValue([])`
    return `has(${now}.${name}) && (${labels(old)}.size() > 0 || ${expressions(old)}.size() > 0) && ${labels(old)}.all(k, k in ${labels(now)} && ${labels(now)}[k] == ${labels(old)}[k]) && ${expressions(old)}.all(e, e in ${expressions(now)})`
  },
  fewerNames: (now, old, name) => {
    const named = `(!has(o.names) || (has(a.names) && a.names.all(n, n in o.names)))`
    const ofKind = sameMembers('a', 'o', ['apiVersion', 'kind'])
    const excluded = `${list(old, name)}.all(o, o in ${list(now, name)} || (${isShort('o')} && ${list('o', 'excludeNames')}.all(n, ${list(now, name)}.exists(a, ${ofKind} && ${isShort('a')} && n in ${list('a', 'excludeNames')}))))`
    return `${both(now, old, name)} && ${kinds(now, name)} == ${kinds(old, name)} && ${list(now, name)}.all(a, ${list(old, name)}.exists(o, a == o || (${ofKind} && ${isShort('a')} && ${isShort('o')} && ${named}))) && ${excluded}`
  },
  more: (now, old, name) =>
    `${list(old, name)}.all(o, ${list(now, name)}.exists(a, a == o || (${sameMembers('a', 'o', ['apiVersion', 'kind', 'labelSelector'])} && has(a.names) && has(o.names) && ${isShort('a')} && ${isShort('o')} && o.names.all(n, n in a.names))))`,
  tighter: (now, old, name) => `${list(old, name)}.all(o, ${list(now, name)}.exists(a, ${sameMembers('a', 'o', ['per', 'during'])} && a.actions >= 1 && a.actions <= o.actions))`,
  rarer: (now, old, name) => {
    const [windows, before] = [list(now, name), list(old, name)]
    const allowing = (all: string): string => `${all}.filter(w, w.allow)`
    return `${before}.all(w, w.allow || w in ${windows}) && (${allowing(before)}.size() == 0 || (${allowing(windows)}.size() > 0 && ${allowing(windows)}.all(w, w in ${before})))`
  },
}
