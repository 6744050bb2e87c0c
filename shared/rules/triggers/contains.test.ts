import { expect } from 'chai'
import * as fc from 'fast-check'
import type { Trigger } from '../../api/v1alpha1/types.ts'
import { check, testPolicy, type PolicyOverrides } from '../test-policy.ts'
import { contains, within } from './contains.ts'
import { ks205 } from './ks205-never-together.ts'
import { breaches, type Operator } from './thresholds.ts'

const OPERATORS: readonly Operator[] = ['>', '<', '>=', '<=', '==', '!=']
const condition = (name: string, duration = '2m', type = 'Ready', status = 'False'): object => ({ name, type: 'condition', conditionTrigger: { type, status, duration } })
const metric = (name: string, operator: Operator, threshold: number, more: object = {}): object => ({ name, type: 'metric', metricTrigger: { query: 'memory_usage_percent', operator, threshold, duration: '2m', ...more } })
const event = (name: string, more: object = {}): object => ({ name, type: 'event', eventTrigger: { reason: 'BackOff', count: 3, window: '10m', ...more } })
const alert = (name: string, more: object = {}): object => ({ name, type: 'alert', alertTrigger: { alertname: 'Broken', ...more } })
const found = (triggers: readonly object[], overrides: PolicyOverrides = {}): string[] => check(ks205, { triggers, ...overrides })

describe('thresholds within each other', () => {
  it('are those of which every value that is beyond the one is beyond the other', () => {
    // One step finer and further than the thresholds: what differs, differs there.
    const values = Array.from({ length: 33 }, (_, index) => (index - 16) / 4)
    const side = fc.record({ operator: fc.constantFrom(...OPERATORS), threshold: fc.integer({ min: -6, max: 6 }).map((n) => n / 2) })
    fc.assert(fc.property(side, side, (inner, outer) => within(inner, outer) === values.every((value) => !breaches(inner, value) || breaches(outer, value))), { numRuns: 2000 })
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
