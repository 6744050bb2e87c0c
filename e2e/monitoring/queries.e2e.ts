/** What is said of queries without a server, against what a real Prometheus says of them. */
import { expect } from 'chai'
import * as fc from 'fast-check'
import { positionIn } from '../../shared/lib/text-position.ts'
import { problemsOf, typeOf } from '../../shared/promql/check.ts'
import { AGGREGATIONS, FUNCTIONS, type Signature, type ValueType } from '../../shared/promql/functions.ts'
import { parsePromql } from '../../shared/promql/parse.ts'
import { labelsOf, mayHave } from '../../shared/promql/labels.ts'
import { arbitraryLabels } from '../../shared/promql/testing/arbitrary-labels.ts'
import { arbitraryQuery, known, NEWER } from '../../shared/promql/testing/arbitrary-query.ts'
import { SENSIBLE } from '../../shared/promql/testing/sensible-queries.ts'
import { UNWISE } from '../../shared/promql/testing/unwise-queries.ts'
import { MALFORMED, NEVER_EVALUATED, OTHER_RESULTS } from '../../shared/promql/testing/wrong-queries.ts'
import { seconds } from '../../shared/lib/time.ts'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import { Prometheus as PrometheusSource } from '../../controller/adapters/metrics/prometheus.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startPrometheus, type Prometheus } from './prometheus.ts'

/** `at`: line and column of what it does not understand. */
type Verdict = { readonly type: string } | { readonly at: string | undefined; readonly why: string } | { readonly failed: string }

const TYPES: Readonly<Record<ValueType, string>> = { 'instant vector': 'vector', 'range vector': 'matrix', scalar: 'scalar', string: 'string' }

const QUERIES = Number(process.env['QUERIES'] ?? 1000)

describe('queries are judged as Prometheus judges them', function () {
  this.timeout(480_000)
  let cluster: Cluster
  let prometheus: Prometheus
  before(async function () {
    this.timeout(900_000)
    cluster = await startCluster({ node: false })
    prometheus = await startPrometheus(cluster, { scrapeInterval: '1s' })
    await prometheus.reload({ targets: [{ address: new URL(prometheus.url).host, job: 'itself' }] })
  })
  after(async () => {
    await prometheus?.stop()
    await cluster?.stop()
  })

  async function verdict(query: string): Promise<Verdict> {
    const response = await fetch(`${prometheus.url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query }) })
    const { data, error = '', errorType } = (await response.json()) as { data?: { resultType: string }; error?: string; errorType?: string }
    if (data !== undefined) return { type: data.resultType }
    if (errorType !== 'bad_data') return { failed: error }
    return { at: /([0-9]+:[0-9]+): parse error/.exec(error)?.[1], why: error }
  }

  /** Undefined: nothing is wrong with it. */
  function ours(query: string): { readonly type: string } | { readonly at: string; readonly what: string } {
    const parsed = parsePromql(query)
    const [first] = 'expr' in parsed ? problemsOf(parsed.expr) : [parsed.problem]
    if (first !== undefined || !('expr' in parsed)) return { at: placeOf(query, first?.from ?? 0), what: first?.what ?? '' }
    return { type: TYPES[typeOf(parsed.expr)] }
  }
  const placeOf = (query: string, from: number): string => {
    const { line, column } = positionIn(query, from)
    return `${line}:${column}`
  }

  for (const { query } of [...SENSIBLE, ...UNWISE]) it(`answers ${query.replaceAll('\n', ' ')}`, async () => expect(await verdict(query)).to.deep.equal({ type: 'vector' }))

  for (const { query, at, prometheusAt = at } of MALFORMED) {
    it(`refuses ${JSON.stringify(query)} at ${prometheusAt}`, async () => {
      const said = await verdict(query)
      expect(said, JSON.stringify(said)).to.include({ at: prometheusAt })
    })
  }

  for (const { query } of OTHER_RESULTS) it(`answers ${query} with no instant vector`, async () => expect(await verdict(query)).to.deep.equal(ours(query)).and.not.to.deep.equal({ type: 'vector' }))

  for (const { query } of NEVER_EVALUATED) it(`cannot evaluate ${query}`, async () => expect(await verdict(query)).to.have.property('failed'))

  it('knows every function with as many arguments of the same types', async () => {
    const arg: Readonly<Record<ValueType, string>> = { scalar: '1', string: '"x"', 'instant vector': 'a', 'range vector': 'a[5m]' }
    const other: Readonly<Record<ValueType, string>> = { scalar: 'a', string: '1', 'instant vector': 'a[5m]', 'range vector': 'a' }
    const wrong: string[] = []
    const told = async (query: string, taken: boolean): Promise<void> => {
      const said = await verdict(query)
      if ('why' in said === taken) wrong.push(`${query}: ${JSON.stringify(said)}`)
    }
    const call = (name: string, args: readonly string[]): string => `${name}(${args.join(', ')})`
    const check = async (name: string, { args, least, repeats }: Signature): Promise<void> => {
      const given = args.map((type) => arg[type])
      await told(call(name, given), true)
      await told(call(name, given.slice(0, least)), true)
      if (least > 0) await told(call(name, given.slice(0, least - 1)), false)
      await told(call(name, [...given, given.at(-1) ?? '1']), repeats)
      for (const [index, type] of args.entries()) await told(call(name, given.map((one, at) => (at === index ? other[type] : one))), false)
    }
    for (const [table, names] of [[FUNCTIONS, known(FUNCTIONS)], [AGGREGATIONS, known(AGGREGATIONS)]] as const) {
      for (const name of names) await check(name, table[name] as Signature)
    }
    expect(wrong).to.deep.equal([])
    expect(await verdict('holt_winters(a[5m], 0.5, 0.5)')).to.have.property('type')
    for (const name of NEWER) expect(await verdict(`${name}(a)`), 'known by now: it may leave the list').to.have.property('why')
  })

  it(`takes and refuses the same of ${QUERIES} queries of chance, and says the same type`, async () => {
    let [taken, refused] = [0, 0]
    await fc.assert(
      fc.asyncProperty(arbitraryQuery, async (query) => {
        const [said, mine] = [await verdict(query), ours(query)]
        if ('at' in mine) refused++
        else taken++
        if ('type' in said) expect(mine, query).to.deep.equal(said)
        // What fails when it is evaluated is understood.
        else if ('failed' in said) expect(mine, `${query}: ${said.failed}`).to.have.property('type')
        else expect(mine, `${query}: ${said.why}`).to.have.property('what')
      }),
      { numRuns: QUERIES },
    )
    expect(Math.min(taken, refused), `${taken} taken, ${refused} refused`).to.be.greaterThan(QUERIES / 10)
  })

  it('has no answer, or no other one, where that is what is said of it', async () => {
    const counter = 'prometheus_http_requests_total{handler="/api/v1/query"}'
    await eventually(async () => expect(await prometheus.query(`count_over_time(${counter}[1m]) > 12`)).to.not.have.lengthOf(0), seconds(120))
    /** Beside each one its neighbour that has an answer. */
    const pairs: readonly [string, string][] = [
      [`rate(${counter}[1m:1m])`, `rate(${counter}[10s:2s])`],
      ['topk(0, up)', 'topk(1, up)'],
      ['topk(0.9, up)', 'bottomk(1, up)'],
      ['clamp(up, 10, 5)', 'clamp(up, 5, 5)'],
      ['up offset -5m', 'up'],
      ['max_over_time(up[10m] offset -10m)', 'max_over_time(up[10m] offset -9m)'],
      ['count(up{job="nobody"})', 'count(up{job="nobody"}) or vector(0)'],
      ['up{job=~"its.*",job=~"pro.*"}', 'up{job=~"its.*",job=~".*self"}'],
      ['up{job=~"its.+",job!~"its.*"}', 'up{job=~"its.+",job!~"itz.*"}'],
    ]
    // What is scraped between the question and its answer is in the future of the question.
    const told = (query: string, some: boolean): Promise<unknown> => eventually(async () => expect((await prometheus.query(query)).length > 0, query).to.equal(some), seconds(30))
    for (const [never, always] of pairs) {
      await told(never, false)
      await told(always, true)
    }
    // What is no number is not itself.
    const known = ['quantile(99, up) == Inf', 'quantile_over_time(-0.1, up[1m]) == -Inf', 'histogram_quantile(95, sum by (le) (prometheus_http_request_duration_seconds_bucket)) == Inf', 'round(up, 0) != round(up, 0)']
    for (const query of [...known, 'absent(up{job="nobody"}) == 1', 'group(up) == 1', 'count(up) >= 1', 'vector(3 - 2) == 1']) await told(query, true)
  })

  it('tells of what type its metrics are', async () => {
    const source = new PrometheusSource({ name: 'main', url: prometheus.url, timeout: seconds(5), tokenFile: undefined, username: undefined, passwordFile: undefined, caFile: undefined, headers: undefined }, systemTimers)
    const types = { prometheus_http_requests_total: 'counter', go_goroutines: 'gauge', prometheus_http_request_duration_seconds: 'histogram', prometheus_target_interval_length_seconds: 'summary', unheard_total: undefined }
    try {
      await eventually(async () => {
        for (const [metric, type] of Object.entries(types)) expect(await source.typeOf(metric), metric).to.equal(type)
      }, seconds(60))
    } finally {
      await source.close()
    }
  })

  it(`follows the labels of ${QUERIES} queries of chance`, async () => {
    // Rates of what was scraped once are none.
    await eventually(async () => expect(await prometheus.query('count_over_time(prometheus_http_requests_total{handler="/api/v1/query"}[1m]) > 3')).to.not.have.lengthOf(0), seconds(120))
    let some = 0
    await fc.assert(
      fc.asyncProperty(arbitraryLabels, async (query) => {
        const parsed = parsePromql(query)
        if (!('expr' in parsed)) throw new Error(`${query}: ${parsed.problem.what}`)
        const labels = labelsOf(parsed.expr)
        // Many with many, and the same labels twice, are known when the series are.
        const series = await prometheus.query(query).catch((cause: unknown) => (/found duplicate series|many-to-many|multiple matches|same labelset/.test(String(cause)) ? [] : Promise.reject(cause)))
        if (series.length > 0) some++
        for (const { metric } of series) {
          for (const [name, value] of Object.entries(metric)) {
            if (name === '__name__') continue
            expect(mayHave(labels, name), `${name} of ${query}`).to.equal(true)
            expect(labels.fixed.get(name) ?? value, `${name} of ${query}`).to.equal(value)
          }
        }
      }),
      { numRuns: QUERIES },
    )
    expect(some, 'queries with an answer').to.be.greaterThan(QUERIES / 4)
  })
})
