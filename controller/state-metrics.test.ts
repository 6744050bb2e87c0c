import { expect } from 'chai'
import type { HealingPolicy } from '../shared/api/v1alpha1/types.ts'
import { formatInstant, minutes, seconds } from '../shared/lib/time.ts'
import { METRICS } from '../shared/runtime/metric-table.ts'
import { noMetrics, type Metrics, type Sample } from '../shared/runtime/metrics.ts'
import { buildPolicy } from '../shared/testing/builders/objects.ts'
import { at, T0 } from './healing/testing/builders.ts'
import { SLACK } from './healing/budget.ts'
import { emptyLedger, type Ledger } from './healing/ledger.ts'
import type { SharedBudget } from './healing/shared-budget.ts'
import { declareStateMetrics } from './state-metrics.ts'

const KEY = { namespace: 'shop', name: 'cart' }
const policy = (overrides: Partial<HealingPolicy> = {}): HealingPolicy => ({ ...buildPolicy({ metadata: KEY, status: { budget: { used: 0, limit: 3 } } }), ...overrides })
const entry = (state: Ledger['entries'][number]['state'], ago: number, n = 0): Ledger['entries'][number] => ({ action: `cart-${n}`, incident: 'i', target: 'uid', reservedAt: formatInstant(at(-ago)), state })
const incident = (overrides: Partial<Ledger['incidents'][number]>): Ledger['incidents'][number] => ({
  id: 'i', trigger: 't', ordinal: 0, rung: 0, state: 'Open', openedAt: formatInstant(T0), subject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'cart', uid: 'u' }, ...overrides,
})

interface World {
  readonly policies?: readonly HealingPolicy[]
  readonly ledger?: Partial<Ledger>
  readonly unreadable?: true
  readonly cluster?: Partial<SharedBudget>
  readonly leads?: boolean
  /** Of two. */
  readonly shardsLed?: readonly number[]
}

/** All samples as `name{labels}`. */
function told({ policies = [policy()], ledger = {}, unreadable, cluster = {}, leads = true, shardsLed }: World): Record<string, number> {
  const reads: [string, () => readonly Sample<string>[]][] = []
  const metrics: Metrics = { ...noMetrics, sampled: (definition, read) => void reads.push([definition.name, read]) }
  declareStateMetrics(metrics, {
    policies: () => policies,
    ledgers: { seen: (key) => (unreadable ? undefined : { ...emptyLedger(key), ...ledger }), seenBudget: () => ({ scope: 'Cluster', acts: [], ...cluster }) },
    clock: { now: () => T0 },
    leads: (shard) => leads && (shardsLed === undefined || shardsLed.includes(shard)),
    shards: 2,
  })
  return Object.fromEntries(reads.flatMap(([name, read]) => read().map(({ labels, value }) => [`${name} ${Object.values(labels).join(' ')}`.trim(), value])))
}

describe('the state of policies in metrics', () => {
  it('is told by who leads, and by nobody else', () => {
    expect(told({ leads: false })).to.deep.equal({})
    expect(Object.keys(told({})).map((key) => key.split(' ')[0])).to.include.members([METRICS.policies, METRICS.budget, METRICS.breaker, METRICS.storms, METRICS.waiting, METRICS.longestWait, METRICS.escalated].map(({ name }) => name))
  })

  it('is told of the cluster by who leads for its first shard', () => {
    const storms = (shardsLed: readonly number[]): readonly string[] => Object.keys(told({ shardsLed })).filter((key) => key.startsWith(METRICS.storms.name))
    expect(storms([0])).to.deep.equal([`${METRICS.storms.name} Cluster`, `${METRICS.storms.name} Policy`])
    expect(storms([1])).to.deep.equal([`${METRICS.storms.name} Policy`])
  })

  it('counts policies by mode and acceptance, each from zero', () => {
    const accepted = (status: 'True' | 'False') => policy({ status: { conditions: [{ type: 'Accepted', status, reason: 'x', message: '', lastTransitionTime: formatInstant(T0), observedGeneration: 1 }] } })
    const of = (mode: HealingPolicy['spec']['mode'], from: HealingPolicy) => ({ ...from, spec: { ...from.spec, mode } })
    const all = told({ policies: [of('automatic', accepted('True')), of('automatic', accepted('True')), of('automatic', accepted('False')), of('dryrun', policy())] })
    const name = METRICS.policies.name
    expect([all[`${name} automatic True`], all[`${name} automatic False`], all[`${name} dryrun Unknown`], all[`${name} monitor True`]]).to.deep.equal([2, 1, 1, 0])
  })

  it('tells of each policy with an objective how much of it is used, and of the others nothing', () => {
    const name = METRICS.objectiveUsed.name
    const promising = policy({ spec: { ...policy().spec, objectives: { timeToHeal: '5m' } } })
    const open = { incidents: [incident({ since: formatInstant(at(0 - minutes(10))) })] }
    expect(told({ policies: [promising], ledger: open })[`${name} shop cart`]).to.equal(2)
    expect(told({ ledger: open })).to.not.have.property(`${name} shop cart`)
  })

  it('tells of the hundred policies that have used most of it', () => {
    const name = METRICS.objectiveUsed.name
    const policies = Array.from({ length: 101 }, (_, n) => buildPolicy({ metadata: { namespace: 'shop', name: `cart-${n}` }, spec: { objectives: { timeToHeal: `${n + 1}m` } } }))
    const all = told({ policies, ledger: { incidents: [incident({ since: formatInstant(at(0 - minutes(10))) })] } })
    expect(Object.keys(all).filter((key) => key.startsWith(name))).to.have.length(100).and.to.include(`${name} shop cart-0`).and.not.to.include(`${name} shop cart-100`)
  })

  const remaining: readonly [string, Ledger['entries'], number][] = [
    ['nothing was done', [], 3],
    ['one was done just within the hour', [entry('Settled', minutes(60) - 1)], 2],
    ['one was done an hour ago, and the slack of the limit', [entry('Settled', minutes(60) + SLACK)], 3],
    ['as many as allowed are done', [1, 2, 3].map((n) => entry('Settled', 1, n)), 0],
    ['the limit was lowered meanwhile', [1, 2, 3, 4].map((n) => entry('Settled', 1, n)), 0],
    ['one waits for approval', [entry('Waiting', 1)], 3],
  ]
  for (const [title, entries, expected] of remaining) it(`has ${expected} of 3 left when ${title}`, () => expect(told({ ledger: { entries } })[`${METRICS.budget.name} shop cart`]).to.equal(expected))

  it('says nothing of budgets that were never judged, nor of what cannot be read', () => {
    expect(told({ policies: [{ ...policy(), status: {} }] })).to.not.have.property(`${METRICS.budget.name} shop cart`)
    const unreadable = told({ unreadable: true })
    expect(unreadable).to.not.have.property(`${METRICS.budget.name} shop cart`)
    expect(unreadable).to.not.have.property(`${METRICS.breaker.name} shop cart`)
  })

  const open = (until: number): Ledger['breaker'] => ({ state: 'Open', failures: 3, recent: [], openings: 1, openUntil: formatInstant(at(until)) })
  const breakers: readonly [string, Ledger['breaker'], number][] = [
    ['closed', { state: 'Closed', failures: 2, recent: [], openings: 0 }, 0],
    ['open', open(seconds(1)), 2],
    ['open until now, so that a probe may be tried', open(0), 1],
    ['half-open with its probe under way', { state: 'HalfOpen', failures: 3, recent: [], openings: 1, probe: 'a' }, 1],
  ]
  for (const [title, breaker, expected] of breakers) it(`has ${expected} for a breaker that is ${title}`, () => expect(told({ ledger: { breaker } })[`${METRICS.breaker.name} shop cart`]).to.equal(expected))

  it('counts storm gates that are shut, and not those that ease', () => {
    const storm = { since: formatInstant(T0) }
    const easing = { ...storm, easingSince: formatInstant(T0) }
    const of = (world: World) => ['Cluster', 'Policy'].map((scope) => told(world)[`${METRICS.storms.name} ${scope}`])
    expect(of({})).to.deep.equal([0, 0])
    expect(of({ ledger: { storm }, policies: [policy(), policy()], cluster: { storm } })).to.deep.equal([1, 2])
    expect(of({ ledger: { storm: easing }, cluster: { storm: easing } })).to.deep.equal([0, 0])
  })

  it('tells how many wait for approval, and the longest wait', () => {
    const of = (world: World) => [METRICS.waiting, METRICS.longestWait].map(({ name }) => told(world)[name])
    expect(of({})).to.deep.equal([0, 0])
    expect(of({ ledger: { entries: [entry('Waiting', minutes(20), 1), entry('Waiting', minutes(5), 2), entry('Reserved', minutes(50), 3)] } })).to.deep.equal([2, 1200])
  })

  it('counts incidents that wait for a person, by why', () => {
    const all = told({ ledger: { incidents: [incident({ state: 'Escalated', escalatedFor: 'Recurring' }), incident({ state: 'Escalated' }), incident({}), incident({ state: 'Ended' })] } })
    expect(METRICS.escalated.labels.reason.map((reason) => all[`${METRICS.escalated.name} ${reason}`])).to.deep.equal([1, 1, 0, 0])
  })
})
