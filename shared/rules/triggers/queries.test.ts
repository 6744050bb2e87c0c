import { expect } from 'chai'
import { SENSIBLE } from '../../promql/testing/sensible-queries.ts'
import { UNWISE } from '../../promql/testing/unwise-queries.ts'
import { MALFORMED, NEVER_EVALUATED, OTHER_RESULTS } from '../../promql/testing/wrong-queries.ts'
import { seconds } from '../../lib/time.ts'
import { DEFAULT_INSTALLATION, type Finding, type Rule } from '../rule.ts'
import { check, testPolicy, type PolicyOverrides } from '../test-policy.ts'
import { processorTime } from '../../testing/processor-time.ts'
import { ks201 } from './ks201-query-syntax.ts'
import { ks202 } from './ks202-comparison-in-query.ts'
import { ks203 } from './ks203-counters-and-selectors.ts'
import { ks209 } from './ks209-series-about-nothing.ts'

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
  it('an open bracket is told with what stands before it in its line, without the comment above', () => {
    const told = (query: string): string[] => findings(ks201, { query }).map(({ what }) => what.replace(/^line \d+, column \d+: /, ''))
    expect(told('# all\nup{')).to.deep.equal(['the query ends while the "{" after "up" is open'])
    expect(told('up +\n  (up')).to.deep.equal(['the query ends while the "(" at the beginning of a line is open'])
    expect(told('\n (up')).to.deep.equal(['the query ends while the "(" at its beginning is open'])
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

describe('KS202 what it says to write', () => {
  const fix = (query: string, operator: '>' | '==', threshold: number): string | undefined => findings(ks202, { query, operator, threshold })[0]?.fix
  it('is a query, with operator and threshold for it', () => {
    expect(fix('lock_age == 3', '>', 0)).to.equal('leave it out, or write == bool 3 there, with operator == and threshold 1')
  })
})

describe('KS202 what is never below 0', () => {
  const of = (query: string, operator: '<' | '<=' | '>=', threshold: number): string[] => told(findings(ks202, { query, operator, threshold }))
  it('is refused below it, and passes at it', () => {
    expect(of('rate(errors_total[5m])', '<', 0)).to.deep.equal(['E line 1, column 1: rate is at least 0 where there is an answer, and < 0 never holds'])
    expect(of('sum by (namespace, pod) (increase(errors_total[5m]))', '<=', -1)).to.deep.equal(['E line 1, column 26: a sum is at least 0 where there is an answer, and <= -1 never holds'])
    for (const operator of ['<=', '>='] as const) expect(of('rate(errors_total[5m])', operator, 0)).to.deep.equal([])
    for (const query of ['deriv(lock_age[5m])', 'rate(a_total[5m]) - rate(b_total[5m])', 'sum(lock_age)', '-rate(a_total[5m])']) expect(of(query, '<', 0), query).to.deep.equal([])
  })
})

describe('KS202 what is never beyond its bounds', () => {
  const of = (query: string, operator: '<' | '<=' | '>=' | '>' | '==', threshold: number): string[] => told(findings(ks202, { query, operator, threshold }))
  const never = (column: number, what: string): string[] => [`E line 1, column ${column}: ${what} never holds`]
  for (const [query, operator, beyond, at, said] of [
    ['clamp_max(lock_age, 5)', '>', 5, 4.9, 'clamp_max is at most 5 where there is an answer, and > 5'],
    ['clamp_max(lock_age, 5)', '>=', 5.1, 5, 'clamp_max is at most 5 where there is an answer, and >= 5.1'],
    ['clamp_min(lock_age, 5)', '<', 5, 5.1, 'clamp_min is at least 5 where there is an answer, and < 5'],
    ['clamp(lock_age, 1, 5)', '==', 6, 3, 'clamp is from 1 to 5 where there is an answer, and == 6'],
    ['clamp_max(rate(errors_total[5m]), 1)', '<', 0, 0.5, 'clamp_max is from 0 to 1 where there is an answer, and < 0'],
    ['sgn(lock_age)', '>', 1, 0, 'sgn is from -1 to 1 where there is an answer, and > 1'],
    ['-rate(errors_total[5m])', '>', 0, -1, 'rate is at most 0 where there is an answer, and > 0'],
    ['round(clamp_max(lock_age, 5))', '>', 6, 4, 'clamp_max is at most 5 where there is an answer, and > 6'],
    ['sin(lock_age)', '>=', 2, 1, 'sin is from -1 to 1 where there is an answer, and >= 2'],
    ['clamp_max(lock_age, 5) or clamp_max(queue_age, 6)', '>', 10, 5.5, 'clamp_max is at most 6 where there is an answer, and > 10'],
    ['hour()', '>', 23, 22, 'hour is from 0 to 23 where there is an answer, and > 23'],
    ['ceil(clamp_max(lock_age, 4.5))', '>', 5, 4.9, 'clamp_max is at most 5 where there is an answer, and > 5'],
    ['100 - 100 * clamp(lock_age, 0, 1)', '>', 100, 99, 'what is made of it is from 0 to 100 where there is an answer, and > 100'],
    ['rate(errors_total[5m]) * 60', '<', 0, 1, 'what is made of it is at least 0 where there is an answer, and < 0'],
  ] as const) {
    it(`${query} ${operator} ${beyond}: refused, and passes at ${at}`, () => {
      expect(of(query, operator, beyond)).to.deep.equal(never(1, said))
      expect(of(query, operator, at)).to.deep.equal([])
    })
  }
  it('but for what may be anything', () => {
    for (const query of ['1 / rate(errors_total[5m])', 'clamp(lock_age, 5, 1)', 'clamp_max(lock_age, scalar(most))', 'sum(sgn(lock_age))', 'lock_age * 0.5', 'rate(a_total[5m]) - 1', 'sum(clamp_min(lock_age, -1))', '0.5 ^ sgn(lock_age)', 'round(clamp_max(lock_age, 1), 50)', 'clamp_max(lock_age, 1) or queue_age']) {
      for (const [operator, threshold] of [['<', -0.5], ['>', 2]] as const) expect(of(query, operator, threshold).filter((line) => line.startsWith('E')), `${query} ${operator} ${threshold}`).to.deep.equal([])
    }
  })
})

describe('KS203 series without a name, and steps without a sample', () => {
  const of = (query: string): string[] => told(findings(ks203, { query }))
  it('a selector by other labels alone is warned about where its value counts', () => {
    const said = (column: number): string[] => [`W line 1, column ${column}: names no metric, so it takes every series that has these labels`]
    expect(of('{namespace="shop"}')).to.deep.equal(said(1))
    expect(of('max by (namespace, pod) (rate({job="cart"}[5m]))')).to.deep.equal(said(31))
    for (const query of ['{__name__="lock_age_seconds",pod="a"}', '{"lock.age",pod="a"}', '{__name__=~"lock_.+",pod="a"}', 'count by (namespace, pod) ({job="cart"})', 'absent({job="cart"})', 'lock_age_seconds and on (pod) {job="cart"}']) expect(of(query), query).to.deep.equal([])
  })
  it('a subquery is at least as long as its step', () => {
    const said = 'W line 1, column 35: a subquery over less than one step, [1m:5m]'
    expect(of('max_over_time(rate(http_seen[5m])[1m:5m])')).to.deep.equal([said])
    for (const query of ['max_over_time(rate(http_seen[5m])[5m:5m])', 'max_over_time(rate(http_seen[5m])[5m:])']) expect(of(query), query).to.deep.equal([])
    // What needs two of them is refused.
    expect(of('deriv(lock_age[1m:5m])')).to.deep.equal(['E line 1, column 16: deriv over one step of a subquery'])
  })
})

describe('KS203 values of labels', () => {
  const at = 'spec.triggers[0].metricTrigger.query'
  const found = (query: string): string[] => check(ks203, { metric: { query } })
  it('that are nearly those of well-known series are refused, with what was meant', () => {
    const refused: readonly (readonly [string, string, number])[] = [
      ['kube_pod_container_status_waiting_reason{reason="CrashLoopBackoff"}', 'no kube_pod_container_status_waiting_reason has reason "CrashLoopBackoff"', 42],
      ['kube_pod_container_status_last_terminated_reason{reason="OomKilled"}', 'no kube_pod_container_status_last_terminated_reason has reason "OomKilled"', 50],
      ['kube_pod_container_status_waiting_reason{reason=~"CrashLoopBackof|ImagePullBackoff"}', 'no kube_pod_container_status_waiting_reason has reason "CrashLoopBackof|ImagePullBackoff"', 42],
      ['kube_deployment_status_condition{condition="available",status="false"}', 'no kube_deployment_status_condition has condition "available"', 34],
      ['kube_pod_status_phase{phase="running"}', 'no kube_pod_status_phase has phase "running"', 23],
    ]
    for (const [query, what, column] of refused) expect(found(query), query).to.deep.equal([`${at}: line 1, column ${column}: ${what}`])
    const [{ fix } = {}] = ks203.check(testPolicy({ metric: { query: 'kube_pod_container_status_waiting_reason{reason=~"CrashLoopBackof|ImagePullBackoff"}' } }), { installation: DEFAULT_INSTALLATION })
    expect(fix).to.equal('write reason=~"CrashLoopBackOff|ImagePullBackOff": values are compared letter by letter')
  })
  it('of which some are right, or which only exclude, are warned about', () => {
    expect(found('kube_pod_container_status_waiting_reason{reason=~"CrashLoopBackOff|ImagePullBackoff"}')).to.have.length(1).and.satisfy(([one = '']: string[]) => one.startsWith('W '))
    expect(found('kube_pod_status_phase{phase!="running"}')).to.have.length(1).and.satisfy(([one = '']: string[]) => one.startsWith('W '))
  })
  it('that are right, of nobody known, or patterns pass', () => {
    for (const query of ['kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}', 'kube_pod_container_status_waiting_reason{reason="ImageInspectError"}', 'kube_pod_status_phase{phase=~"Fail.*"}', 'kube_node_status_condition{condition="KernelDeadlock",status="true"}', 'carts{phase="running"}', 'kube_pod_status_phase{pod="running"}', '{__name__=~"kube_.+",phase="running"}']) expect(found(query), query).to.deep.equal([])
  })
})

const OF_QUERIES = [ks201, ks202, ks203, ks209]
const API_VERSIONS = { Pod: 'v1', Service: 'v1', PersistentVolumeClaim: 'v1', Deployment: 'apps/v1', StatefulSet: 'apps/v1', DaemonSet: 'apps/v1', Job: 'batch/v1' } as const
interface Asked {
  readonly query: string
  readonly operator?: NonNullable<PolicyOverrides['metric']>['operator']
  readonly threshold?: number
  readonly kind?: keyof typeof API_VERSIONS
  readonly single?: true
}
/** What any of the rules finds, as `severity rule what`. */
function allFound({ query, operator = '>', threshold = 1, kind = 'Pod', single }: Asked): string[] {
  const selector = { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: API_VERSIONS[kind], kind, ...(single === true ? { names: ['cart'] } : {}) }] }
  return OF_QUERIES.flatMap((rule) => findings(rule, { query, operator, threshold }, { mode: 'monitor', selector }).map(({ severity = rule.severity, what }) => `${severity} ${rule.id} ${what}`))
}

describe('queries as people write them', () => {
  it('are many', () => expect(new Set(SENSIBLE.map(({ query }) => query)).size).to.be.at.least(60).and.to.equal(SENSIBLE.length))
  for (const asked of SENSIBLE) it(asked.query.replaceAll('\n', ' '), () => expect(allFound(asked)).to.deep.equal([]))
})

describe('queries that nobody should act by', () => {
  it('are many', () => expect(new Set([...MALFORMED, ...OTHER_RESULTS, ...UNWISE].map((one) => JSON.stringify(one))).size).to.be.at.least(60))
  for (const { rule, severity, at, says, ...asked } of UNWISE) {
    it(`${severity} ${rule} ${asked.query} ${asked.operator ?? '>'} ${asked.threshold ?? 1}`, () => {
      const mine = allFound(asked).filter((line) => line.slice(2).startsWith(rule))
      expect(mine[0]?.startsWith(`${severity} ${rule} ${place(at)}`), mine.join('; ')).to.equal(true)
      expect(mine[0]).to.contain(says)
      // Others may warn beside it, but none refuses for a wrong reason.
      expect(allFound(asked).filter((line) => line.startsWith('E') && !line.slice(2).startsWith(rule))).to.deep.equal([])
    })
  }
})

describe('KS203 ranges and scrapes', () => {
  const warned = (query: string, sources: { name: string; every: number }[], source?: string): number =>
    ks203.check(testPolicy({ metric: { query, ...(source === undefined ? {} : { source }) } }), {
      installation: { ...DEFAULT_INSTALLATION, sources: sources.map(({ name, every }) => ({ name, scrapeInterval: seconds(every), trustExportedLabels: false })) },
    }).length
  const cases: readonly [string, string, { name: string; every: number }[], string | undefined, number][] = [
    ['half a minute is taken where no source is known', 'rate(x_total[59999ms])', [], undefined, 1],
    ['and two of them suffice', 'rate(x_total[1m])', [], undefined, 0],
    ['the only source counts', 'rate(x_total[20s])', [{ name: 'main', every: 10 }], undefined, 0],
    ['just below its two scrapes', 'rate(x_total[19s])', [{ name: 'main', every: 10 }], undefined, 1],
    ['the named source counts', 'rate(x_total[1m])', [{ name: 'main', every: 10 }, { name: 'slow', every: 60 }], 'slow', 1],
    ['and so does its neighbour when it is named', 'rate(x_total[1m])', [{ name: 'main', every: 10 }, { name: 'slow', every: 60 }], 'main', 0],
    ['of several the default one counts', 'rate(x_total[1m])', [{ name: 'main', every: 10 }, { name: 'default', every: 60 }], undefined, 1],
    ['a single sample is enough for a maximum', 'max_over_time(lock_age[10s])', [], undefined, 0],
  ]
  for (const [title, query, sources, source, expected] of cases) it(title, () => expect(warned(query, sources, source)).to.equal(expected))
})

describe('KS209 and what the installation trusts', () => {
  const query = 'sum by (exported_namespace, exported_pod) (queue_length)'
  const left = (trustExportedLabels: boolean): number => ks209.check(testPolicy({ metric: { query } }), { installation: { ...DEFAULT_INSTALLATION, sources: [{ name: 'main', scrapeInterval: seconds(30), trustExportedLabels }] } }).length
  it('exported labels lead somewhere where they are believed', () => expect([left(true), left(false)]).to.deep.equal([0, 1]))
  it('and so do those that a query makes of them, or writes itself', () => {
    const of = (made: string, trustExportedLabels: boolean): number => ks209.check(testPolicy({ metric: { query: made } }), { installation: { ...DEFAULT_INSTALLATION, sources: [{ name: 'main', scrapeInterval: seconds(30), trustExportedLabels }] } }).length
    const queries = ['label_replace(queue_length, "pod", "$1", "exported_pod", "(.*)")', 'label_replace(queue_length, "namespace", "shop", "", "")', 'count_values by (namespace) ("pod", queue_owner)']
    expect(queries.map((made) => [of(made, true), of(made, false)])).to.deep.equal(queries.map(() => [0, 1]))
  })
  it('where they are believed, another label says the namespace', () => {
    const of = (trustExportedLabels: boolean): number => ks209.check(testPolicy({ metric: { query: 'up{namespace="monitoring"}' } }), { installation: { ...DEFAULT_INSTALLATION, sources: [{ name: 'main', scrapeInterval: seconds(30), trustExportedLabels }] } }).length
    expect([of(true), of(false)]).to.deep.equal([0, 1])
  })
})

describe('hostile queries, as long as the schema lets them be', () => {
  const MOST = 4096
  const filled = (head: string, part: string, tail = ''): string => head + part.repeat(Math.floor((MOST - head.length - tail.length) / part.length)) + tail
  const texts: readonly [string, string][] = [
    ['a long sum', filled('a_total', '+a_total')],
    ['a long difference', filled('a_total', '-a_total')],
    ['nested quantiles', `${'histogram_quantile(1,'.repeat(140)}a_bucket${')'.repeat(140)}`],
    ['nested aggregations', `${'sum by(a,b,c,d,e,f)('.repeat(140)}a${')'.repeat(140)}`],
    ['many matchers of one label', filled('a{b="x"', ',b=~"x.*"', '}')],
    ['many values', filled('a{b=~"x', '|y', '",b!~"[xy]"}')],
    ['heavy patterns', filled('a{b="x"', ',b=~"(?:x{0,99}y{0,9}){9}"', '}')],
    ['a heavy pattern of a long value', `a{b="${'x'.repeat(2000)}",b=~"(?:(?:x{0,9}){0,9}){0,9}"}`],
    ['patterns of a thousand', filled('a{b=~"x"', ',b=~"x{1000}"', '}')],
    ['many labels', filled('sum by(a', ',b', ')(a) / sum by (c)(a)')],
    ['many functions', filled('', 'abs(1)+', '1')],
  ]
  for (const [title, query] of texts) {
    it(`${title}: all rules together take bounded time`, async () => {
      expect(query.length).to.be.at.most(MOST)
      expect(await processorTime(() => allFound({ query }))).to.be.below(1000)
    })
  }
})
