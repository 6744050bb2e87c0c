/** What queries are said to answer while nothing is wrong, against a real Prometheus that scrapes a cluster in which nothing is. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { HEALTHY_NAMES, healthySeries, STILL_COUNTERS, type HealthySeries } from '../../shared/promql/healthy-series.ts'
import { whenHealthy } from '../../shared/promql/healthy.ts'
import { HEALTHY_WORLDS, numberOf } from '../../shared/promql/healthy-worlds.ts'
import { parsePromql } from '../../shared/promql/parse.ts'
import { ANSWERED_WHEN_HEALTHY, NAMED_BY_CONVENTION } from '../../shared/promql/testing/healthy-queries.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { startPrometheus, type Prometheus } from './prometheus.ts'

/** The world with two of everything. */
const PLACE = 1
const WORLD = HEALTHY_WORLDS[PLACE] ?? expect.fail('no such world')

/** What one of the two objects shows; `up` and `instance` come of being scraped. */
function exposition(object: string): string {
  const counter: HealthySeries = { each: 'container', samples: [{ labels: {}, value: 3 }] }
  const series = [...[...HEALTHY_NAMES, ...NAMED_BY_CONVENTION].map((name) => [name, healthySeries(name) ?? expect.fail(`${name} is not known`)] as const), ...[...STILL_COUNTERS].map((name) => [name, counter] as const)]
  return series
    .filter(([name]) => name !== 'up')
    .flatMap(([name, { each, samples }]) =>
      samples.map(({ labels, value }) => {
        const all = Object.entries({ ...(each === 'instance' ? {} : { [each]: object }), ...labels }).map(([label, text]) => `${label}="${text}"`)
        return `${name}{${all.join(',')}} ${numberOf(value, WORLD)}`
      }),
    )
    .join('\n')
    .concat('\n')
}

describe('a healthy cluster answers as the rules believe', function () {
  this.timeout(120_000)
  let cluster: Cluster
  let prometheus: Prometheus
  const servers: Server[] = []

  before(async function () {
    this.timeout(900_000)
    cluster = await startCluster({ node: false })
    prometheus = await startPrometheus(cluster, { scrapeInterval: '1s' })
    const addresses = await Promise.all(
      Array.from({ length: WORLD.replicas }, async (_, index) => {
        const server = createServer((_request, response) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(exposition(`object-${index}`)))
        servers.push(server)
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        return `127.0.0.1:${(server.address() as AddressInfo).port}`
      }),
    )
    await prometheus.reload({ targets: addresses.map((address) => ({ address, job: 'cart' })) })
    // Changes need several samples, and what was there before the first scrape has to leave the ranges.
    await eventually(async () => expect(await prometheus.query('count_over_time(kube_pod_container_status_restarts_total[10s]) > 8')).to.have.length(WORLD.replicas), seconds(180))
  })
  after(async () => {
    await prometheus?.stop()
    for (const server of servers) server.close()
    await cluster?.stop()
  })

  /** Of each value one: there are as many series as objects. */
  const distinct = (values: readonly number[]): readonly number[] => [...new Set(values)].sort((a, b) => a - b)

  for (const query of ANSWERED_WHEN_HEALTHY) {
    it(query, async () => {
      const parsed = parsePromql(query)
      if (!('expr' in parsed)) throw new Error(parsed.problem.what)
      const believed = distinct(whenHealthy(parsed.expr)?.[PLACE] ?? expect.fail('not known'))
      // A scrape that comes too late is trouble, for as long as the ranges look back.
      await eventually(async () => expect(distinct((await prometheus.query(query)).map(({ value }) => value))).to.deep.equal(believed), seconds(60))
    })
  }
})
