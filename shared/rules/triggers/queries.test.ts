import { expect } from 'chai'
import { MALFORMED, NEVER_EVALUATED, OTHER_RESULTS } from '../../promql/testing/wrong-queries.ts'
import { DEFAULT_INSTALLATION, type Finding, type Rule } from '../rule.ts'
import { testPolicy, type PolicyOverrides } from '../test-policy.ts'
import { ks201 } from './ks201-query-syntax.ts'

const path = 'spec.triggers[0].metricTrigger.query'
const findings = (rule: Rule, metric: NonNullable<PolicyOverrides['metric']>, more: PolicyOverrides = {}): readonly Finding[] => rule.check(testPolicy({ ...more, metric }), { installation: DEFAULT_INSTALLATION })
const told = (all: readonly Finding[]): string[] => all.map(({ severity = 'E', what }) => `${severity} ${what}`)
const place = (at: string): string => `line ${at.replace(':', ', column ')}: `

describe('KS201 what is no PromQL', () => {
  for (const { query, at, says } of [...MALFORMED, ...NEVER_EVALUATED, ...OTHER_RESULTS]) {
    it(JSON.stringify(query), () => {
      const [first] = findings(ks201, { query })
      expect(first?.path).to.equal(path)
      expect(first?.what).to.satisfy((what: string) => what.startsWith(place(at)) && what.includes(says), first?.what)
      expect(first?.severity ?? ks201.severity).to.equal('E')
    })
  }
  it('is told with its offset too, for whoever shows the text', () => {
    const query = 'sum by (pod) (\n  rate(errors_total)\n)'
    const [first] = findings(ks201, { query })
    expect(first?.at).to.deep.equal({ offset: query.indexOf('errors_total'), line: 2, column: 8 })
  })
  it('is told at most eight times', () => expect(findings(ks201, { query: Array.from({ length: 20 }, () => 'abs(1)').join(' + ') })).to.have.lengthOf(8))
  it('is told of each trigger', () => {
    const trigger = (name: string, query: string): object => ({ name, type: 'metric', metricTrigger: { query, threshold: 1 } })
    const all = ks201.check(testPolicy({ triggers: [trigger('a', 'up'), trigger('b', 'up)'), trigger('c', '(up')] }), { installation: DEFAULT_INSTALLATION })
    expect(all.map((one) => `${one.path} ${one.what}`)).to.deep.equal(['spec.triggers[1].metricTrigger.query line 1, column 3: ")" closes nothing', 'spec.triggers[2].metricTrigger.query line 1, column 4: the query ends while the "(" at its beginning is open'])
  })

  const passing: readonly [string, NonNullable<PolicyOverrides['metric']>][] = [
    ['a built-in metric', { query: ' memory_usage_percent\n' }],
    ['a metric of an adapter', { query: 'queue length', source: 'external.metrics.k8s.io' }],
    ['a custom metric', { query: 'a)', source: 'custom.metrics.k8s.io' }],
    ['a series', { query: 'lock_age_seconds' }],
    ['a query of several lines with a comment', { query: '# how long\nmax by (namespace, pod) (\n  lock_age_seconds\n)\n' }],
    ['a number as a vector', { query: 'vector(1)' }],
    ['a calculation with a number', { query: 'time() - lock_taken_timestamp_seconds' }],
  ]
  for (const [title, metric] of passing) it(`${title} is none of it`, () => expect(findings(ks201, metric)).to.deep.equal([]))

  const reserved: readonly [string, string][] = [
    ['max by (pod) (mad_over_time(lock_age[5m]))', '1, column 15: mad_over_time is known only to servers with --enable-feature=promql-experimental-functions'],
    ['limitk(2, lock_age)', '1, column 1: limitk is known only to servers with --enable-feature=promql-experimental-functions'],
    ['holt_winters(lock_age[1h], 0.5, 0.5)', '1, column 1: holt_winters is known only to Prometheus 2 (in 3 it is double_exponential_smoothing)'],
    ['rate(errors_total[step() * 5])', '1, column 19: a duration that is calculated is known only to servers with --enable-feature=promql-duration-expr'],
    ['rate(errors_total[5m] smoothed)', '1, column 6: smoothed is known only to servers with --enable-feature=promql-extended-range-selectors'],
    ['lock_age + on (pod) fill (0) up', '1, column 10: fill is known only to servers with --enable-feature=promql-binop-fill-modifiers'],
  ]
  for (const [query, expected] of reserved) it(`${query} is warned about`, () => expect(told(findings(ks201, { query }))).to.deep.equal([`W line ${expected}`]))
})
