/**
 * When a policy does no more than another: member by member, each in the direction in which it does less. One table, read here and, as an
 * expression, by the API server (webhook/policy-less.ts). What is not in it has to be equal.
 */
import type { HealingPolicySpec, Mode } from '../api/v1alpha1/types.ts'
import { parseDuration } from '../lib/duration.ts'
import { isObject, sameJson } from '../lib/json.ts'

export const MODES_BY_RISK: readonly Mode[] = ['monitor', 'dryrun', 'manual', 'automatic']

/** How two values that differ are compared. */
export type Direction = 'either' | 'lowerMode' | 'lower' | 'lowerAmount' | 'longer' | 'on' | 'fewer' | 'narrower' | 'fewerNames' | 'more' | 'tighter' | 'rarer'
/** `items`: of each item of a list, in the same order. */
export type Less = Direction | { readonly members: Members } | { readonly items: Members }
export type Members = { readonly [name: string]: Less }

export const LESS = {
  mode: 'lowerMode',
  // Going on is judged in full, before this is asked.
  suspend: 'either',
  selector: { members: { namespaces: 'fewer', labelSelector: 'narrower', resources: 'fewerNames' } },
  triggers: { items: { cooldownPeriod: 'longer' } },
  actions: { items: { requiresApproval: 'on' } },
  safetyRules: {
    members: {
      maxActionsPerHour: 'lower',
      maxConcurrent: 'lower',
      budgets: 'tighter',
      schedules: 'rarer',
      maxUnhealthy: 'lowerAmount',
      protectedResources: 'more',
      requireHealthCheck: 'on',
      stabilizationWindow: 'longer',
      circuitBreaker: { members: { failureThreshold: 'lower', openDuration: 'longer' } },
    },
  },
} as const satisfies Members

/** Counts, and percentages that are some. In RE2, for the expression. */
export const AMOUNT = '^([0-9]{1,5}|(0?[0-9]?[0-9]|100)%)$'
/** Of longer lists an expression has no time to compare the names. */
export const MOST_NAMES = 16

/** Both have all defaults. */
export const doesNoMore = (now: HealingPolicySpec, old: HealingPolicySpec): boolean => membersNoMore(LESS, now, old)

function membersNoMore(less: Members, now: unknown, old: unknown): boolean {
  if (!isObject(now) || !isObject(old)) return sameJson(now, old)
  return [...new Set([...Object.keys(now), ...Object.keys(old)])].every((name) => noMore(Object.hasOwn(less, name) ? less[name] : undefined, now[name], old[name]))
}

function noMore(less: Less | undefined, now: unknown, old: unknown): boolean {
  if (sameJson(now, old)) return true
  if (less === undefined) return false
  if (typeof less === 'string') return DIRECTIONS[less](now, old)
  if ('members' in less) return membersNoMore(less.members, now, old)
  const [items, before] = [listOf(now), listOf(old)]
  return items.length === before.length && items.every((item, index) => membersNoMore(less.items, item, before[index]))
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const has = (list: readonly unknown[], item: unknown): boolean => list.some((other) => sameJson(other, item))
const isWithin = (some: readonly unknown[], all: readonly unknown[]): boolean => some.every((item) => has(all, item))

const DIRECTIONS: Readonly<Record<Direction, (now: unknown, old: unknown) => boolean>> = {
  either: () => true,
  lowerMode: (now, old) => rankOf(now) <= rankOf(old),
  lower: (now, old) => typeof now === 'number' && typeof old === 'number' && now >= 1 && now <= old,
  lowerAmount: (now, old) => {
    const [amount, before] = [String(now), String(old)]
    if (![amount, before].every((text) => COMPARABLE.test(text)) || amount.endsWith('%') !== before.endsWith('%')) return false
    return Number.parseInt(amount, 10) <= Number.parseInt(before, 10)
  },
  longer: (now, old) => {
    const [time, before] = [now, old].map((text) => (typeof text === 'string' ? parseDuration(text) : undefined))
    return time !== undefined && before !== undefined && time >= before
  },
  on: (now) => now === true,
  fewer: (now, old) => listOf(now).length > 0 && isWithin(listOf(now), listOf(old)),
  // An empty one selects by name alone: with labels, entries without names select something for the first time.
  narrower: (now, old) => isObject(now) && isObject(old) && !isEmpty(old) && keepsLabels(now['matchLabels'], old['matchLabels']) && isWithin(listOf(old['matchExpressions']), listOf(now['matchExpressions'])),
  fewerNames: (now, old) => sameJson(listOf(now).map(kindOf), listOf(old).map(kindOf)) && listOf(now).every((one) => listOf(old).some((other) => namesNoMore(one, other))) && listOf(old).every((other) => staysExcluded(other, listOf(now))),
  more: (now, old) => listOf(old).every((other) => listOf(now).some((one) => protectsAsMuch(one, other))),
  tighter: (now, old) => listOf(old).every((other) => listOf(now).some((one) => membersNoMore({ actions: 'lower' }, one, other))),
  rarer: (now, old) => {
    const [allowing, before] = [now, old].map((list) => listOf(list).filter(allows))
    const forbidding = listOf(old).filter((window) => !allows(window))
    return isWithin(forbidding, listOf(now)) && (before?.length === 0 || (allowing !== undefined && allowing.length > 0 && isWithin(allowing, before ?? [])))
  },
}

const COMPARABLE = new RegExp(AMOUNT)
const rankOf = (mode: unknown): number => MODES_BY_RISK.findIndex((each) => each === mode)
const allows = (window: unknown): boolean => isObject(window) && window['allow'] === true
const kindOf = (entry: unknown): unknown => (isObject(entry) ? [entry['apiVersion'], entry['kind']] : entry)

const keepsLabels = (now: unknown, old: unknown): boolean => Object.entries(isObject(old) ? old : {}).every(([key, value]) => isObject(now) && Object.hasOwn(now, key) && now[key] === value)

const isEmpty = (selector: Record<string, unknown>): boolean => Object.keys(isObject(selector['matchLabels']) ? selector['matchLabels'] : {}).length === 0 && listOf(selector['matchExpressions']).length === 0

/** What an entry excludes, some entry of its kind excludes still: none of the others brings it back. */
const staysExcluded = (old: unknown, now: readonly unknown[]): boolean =>
  has(now, old) || (isObject(old) && isShort(old) && listOf(old['excludeNames']).every((name) => now.some((one) => isObject(one) && isShort(one) && sameJson(kindOf(one), kindOf(old)) && listOf(one['excludeNames']).includes(name))))

/** One that names no more objects of its kind. */
function namesNoMore(now: unknown, old: unknown): boolean {
  if (sameJson(now, old)) return true
  if (!isObject(now) || !isObject(old) || !sameJson(kindOf(now), kindOf(old)) || !isShort(now) || !isShort(old)) return false
  return old['names'] === undefined || (now['names'] !== undefined && isWithin(listOf(now['names']), listOf(old['names'])))
}

/** The same entry, or one with more names in it. */
function protectsAsMuch(now: unknown, old: unknown): boolean {
  if (sameJson(now, old)) return true
  if (!isObject(now) || !isObject(old) || !isShort(now) || !isShort(old)) return false
  return sameJson({ ...now, names: null }, { ...old, names: null }) && now['names'] !== undefined && old['names'] !== undefined && isWithin(listOf(old['names']), listOf(now['names']))
}

const isShort = (entry: Record<string, unknown>): boolean => ['names', 'excludeNames'].every((name) => listOf(entry[name]).length <= MOST_NAMES)
