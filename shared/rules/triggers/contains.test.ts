import { expect } from 'chai'
import * as fc from 'fast-check'
import type { Trigger } from '../../api/v1alpha1/types.ts'
import { check, testPolicy, type PolicyOverrides } from '../test-policy.ts'
import { contains } from './contains.ts'
import { canMeet, within, type Domain } from './domains.ts'
import { ks205 } from './ks205-never-together.ts'
import { breaches, type Operator } from './thresholds.ts'

const OPERATORS: readonly Operator[] = ['>', '<', '>=', '<=', '==', '!=']
const condition = (name: string, duration = '2m', type = 'Ready', status = 'False'): object => ({ name, type: 'condition', conditionTrigger: { type, status, duration } })
const metric = (name: string, operator: Operator, threshold: number, more: object = {}): object => ({ name, type: 'metric', metricTrigger: { query: 'memory_usage_percent', operator, threshold, duration: '2m', ...more } })
const event = (name: string, more: object = {}): object => ({ name, type: 'event', eventTrigger: { reason: 'BackOff', count: 3, window: '10m', ...more } })
const alert = (name: string, more: object = {}): object => ({ name, type: 'alert', alertTrigger: { alertname: 'Broken', ...more } })
const found = (triggers: readonly object[], overrides: PolicyOverrides = {}): string[] => check(ks205, { triggers, ...overrides })

describe('thresholds over what a metric can be', () => {
  // One step finer and further than the thresholds: what differs, differs there.
  const values = Array.from({ length: 49 }, (_, index) => (index - 24) / 4)
  const side = fc.record({ operator: fc.constantFrom(...OPERATORS), threshold: fc.integer({ min: -6, max: 6 }).map((n) => n / 2) })
  const domains: readonly Domain[] = [Number.NEGATIVE_INFINITY, 0, -1.5].flatMap((lowest) => [Number.POSITIVE_INFINITY, 2, 2.5].flatMap((highest) => [true, false].map((whole) => ({ lowest, highest, whole }))))
  const domain = fc.constantFrom(...domains)
  const valuesOf = ({ lowest, highest, whole }: Domain): readonly number[] => values.filter((value) => value >= lowest && value <= highest && (!whole || Number.isInteger(value)))

  it('lie within each other when every value that is beyond the one is beyond the other', () => {
    fc.assert(fc.property(side, side, domain, (inner, outer, of) => within(inner, outer, of) === valuesOf(of).every((value) => !breaches(inner, value) || breaches(outer, value))), { numRuns: 5000 })
  })
  it('can be met together when some value is beyond all of them', () => {
    fc.assert(fc.property(fc.array(side, { minLength: 1, maxLength: 5 }), domain, (sides, of) => canMeet(sides, of) === valuesOf(of).some((value) => sides.every((one) => breaches(one, value)))), { numRuns: 5000 })
  })
  it('are as exact at the bounds of the schema', () => {
    for (const threshold of [1e15, -1e15]) {
      expect(canMeet([{ operator: '>', threshold }], domains[0] ?? expect.fail()), `${threshold}`).to.equal(true)
      expect(canMeet([{ operator: '>=', threshold }, { operator: '<=', threshold }, { operator: '!=', threshold }], domains[0] ?? expect.fail()), `${threshold}`).to.equal(false)
    }
  })
})

describe('KS205 triggers that say nothing beyond another', () => {
  const pair = (wide: object, narrow: object): [Trigger, Trigger] => {
    const [a, b] = testPolicy({ triggers: [wide, narrow] }).spec.triggers
    if (a === undefined || b === undefined) throw new Error('two triggers')
    return [a, b]
  }
  const cases: readonly [title: string, wide: object, narrow: object, contained: boolean][] = [
    ['a condition for as long', condition('a'), condition('b'), true],
    ['a condition for longer', condition('a'), condition('b', '120001ms'), true],
    ['a condition for less long', condition('a'), condition('b', '119999ms'), false],
    ['another status', condition('a'), condition('b', '2m', 'Ready', 'Unknown'), false],
    ['another condition', condition('a'), condition('b', '2m', 'ContainersReady'), false],
    ['a higher threshold', metric('a', '>', 80), metric('b', '>', 80.1), true],
    ['a lower threshold', metric('a', '>', 80), metric('b', '>', 79.9), false],
    ['a higher threshold for less long', metric('a', '>', 80), metric('b', '>', 90, { duration: '1m' }), false],
    ['another source', metric('a', '>', 80), metric('b', '>', 90, { source: 'main' }), false],
    ['restarts that are as few, whole numbers being between', metric('a', '>=', 3, { query: 'restart_count' }), metric('b', '>', 2, { query: 'restart_count' }), true],
    ['a percentage that is not the highest', metric('a', '<', 100, { query: 'ready_percent' }), metric('b', '!=', 100, { query: 'ready_percent' }), true],
    ['the same of what has no highest', metric('a', '<', 100), metric('b', '!=', 100), false],
    ['another metric', metric('a', '>', 80), metric('b', '>', 90, { query: 'cpu_usage_percent' }), false],
    ['more restarts in a shorter window', metric('a', '>=', 3, { query: 'restart_count', window: '1h' }), metric('b', '>=', 3, { query: 'restart_count', window: '5m' }), true],
    ['as many restarts in a longer window', metric('a', '>=', 3, { query: 'restart_count', window: '5m' }), metric('b', '>=', 3, { query: 'restart_count', window: '1h' }), false],
    ['a rate over another window', metric('a', '>', 5, { query: 'error_rate_percent', window: '1h' }), metric('b', '>', 5, { query: 'error_rate_percent', window: '5m' }), false],
    ['more events', event('a'), event('b', { count: 4 }), true],
    ['fewer events', event('a'), event('b', { count: 2 }), false],
    ['events in a shorter window', event('a'), event('b', { window: '5m' }), true],
    ['events in a longer window', event('a'), event('b', { window: '11m' }), false],
    ['events of one type', event('a'), event('b', { type: 'Warning' }), true],
    ['events of any type', event('a', { type: 'Warning' }), event('b'), false],
    ['events with a pattern', event('a'), event('b', { messagePattern: 'x' }), true],
    ['events with another pattern', event('a', { messagePattern: 'y' }), event('b', { messagePattern: 'x' }), false],
    ['alerts with one more matcher', alert('a', { matchers: [{ name: 'x', value: '1' }] }), alert('b', { matchers: [{ name: 'y', value: '2' }, { name: 'x', value: '1' }] }), true],
    ['alerts with another value', alert('a', { matchers: [{ name: 'x', value: '1' }] }), alert('b', { matchers: [{ name: 'x', value: '2' }] }), false],
    ['alerts of one of several values', alert('a', { matchers: [{ name: 'x', operator: '=~', value: '1|2' }] }), alert('b', { matchers: [{ name: 'x', value: '1' }] }), true],
    ['alerts of a value that a pattern takes', alert('a', { matchers: [{ name: 'x', operator: '=~', value: 'cart-.*' }] }), alert('b', { matchers: [{ name: 'x', value: 'cart-1' }] }), true],
    ['alerts of a value that a pattern does not take', alert('a', { matchers: [{ name: 'x', operator: '=~', value: 'cart-.*' }] }), alert('b', { matchers: [{ name: 'x', value: 'bank-1' }] }), false],
    ['an alert by its name in a matcher', { name: 'a', type: 'alert', alertTrigger: { matchers: [{ name: 'alertname', operator: '=~', value: 'Bro.*' }] } }, alert('b'), true],
    ['alerts that are not excluded', alert('a', { matchers: [{ name: 'x', operator: '!=', value: '1' }] }), alert('b', { matchers: [{ name: 'x', operator: '!~', value: '1|2' }] }), true],
    ['alerts for less long', alert('a', { duration: '1m' }), alert('b'), false],
    ['another alert', alert('a'), alert('b', { alertname: 'Other' }), false],
    ['a trigger of another type', condition('a'), event('b'), false],
  ]
  for (const [title, wide, narrow, contained] of cases) it(`${title}: ${contained ? 'contained' : 'not contained'}`, () => expect(contains(...pair(wide, narrow))).to.equal(contained))

  it('under Any the narrow one is named, wherever it stands, and of two that are equal the second', () => {
    const named = (first: object, second: object): string[] => found([first, second]).map((line) => line.slice(0, line.indexOf(':')))
    expect(named(condition('a', '2m'), condition('b', '3m'))).to.deep.equal(['W spec.triggers[1]'])
    expect(named(condition('a', '3m'), condition('b', '2m'))).to.deep.equal(['W spec.triggers[0]'])
    expect(named(condition('a'), condition('b'))).to.deep.equal(['W spec.triggers[1]'])
  })
  it('under Any it has a sense when it leads to something of its own', () => {
    const triggers = [metric('much', '>', 80), metric('more', '>', 95)]
    expect(found(triggers)).to.deep.equal(['W spec.triggers[1]: fires only when "much" does, which leads to the same actions'])
    expect(found(triggers, { action: { triggers: ['more'] } })).to.deep.equal([])
    expect(found(triggers, { action: { triggers: ['much'] } })).to.have.length(1)
  })
  it('under All the wide one adds nothing', () =>
    expect(found([metric('much', '>', 80), metric('more', '>', 95)], { triggerMatch: 'All' })).to.deep.equal(['W spec.triggers[0]: "much" holds whenever "more" does']))
})
