import { expect } from 'chai'
import { HEALTHY_SERIES } from './healthy-series.ts'
import { HEALTHY_WORLDS, whatever, whenHealthy } from './healthy.ts'
import { parsePromql } from './parse.ts'
import { ANSWERED_WHEN_HEALTHY } from './testing/healthy-queries.ts'

const read = (query: string) => {
  const parsed = parsePromql(query)
  if (!('expr' in parsed)) throw new Error(parsed.problem.what)
  return parsed.expr
}

describe('what a query answers while nothing is wrong', () => {
  for (const query of ANSWERED_WHEN_HEALTHY) it(`is known of ${query}`, () => expect(whenHealthy(read(query))).to.have.length(HEALTHY_WORLDS.length))

  const unknown = [
    'lock_age_seconds', 'rate(a[5m]) / rate(b[5m])', 'container_memory_rss / container_memory_working_set_bytes', 'count(rate(a[5m]))', 'up or vector(0)', 'up and up', 'up == 1 unless heartbeat', 'time()', 'scalar(up)', 'topk(x, up)', 'histogram_quantile(0.9, a)', 'deriv(up[5m])', 'sum_over_time(up[5m])', '1 + 1', '"x"',
    'kube_deployment_status_condition{condition="ReplicaFailure"}', 'kube_pod_status_ready + kube_pod_status_ready', 'up * on (instance) kube_deployment_spec_replicas', 'absent(lock_age_seconds)', 'kube_pod_status_phase{phase=~"(.?){600}"}', 'kube_pod_container_status_restarts_total', 'toString', 'stddev(up)', 'up ^ 2',
  ]
  for (const query of unknown) it(`is not known of ${query}`, () => expect(whenHealthy(read(query))).to.equal(undefined))

  it('all that a flag can answer is known, and no more than that', () => {
    expect(whatever(read('up'))).to.deep.equal([[0], [1]])
    expect(whatever(read('up == 0'))).to.deep.equal([[0], []])
    expect(whatever(read('1 - max(up)'))).to.deep.equal([[1], [0]])
    expect(whatever(read('absent(lock_age_seconds)'))).to.deep.equal([[1], [1]])
    for (const query of ['up + up', 'avg(up)', 'avg_over_time(up[5m])', 'changes(up[5m])', 'sum(up)', 'kube_deployment_spec_replicas', 'up * lock_age_seconds', '1']) expect(whatever(read(query)), query).to.equal(undefined)
  })
  it('a flag is 0 or 1 while nothing is wrong', () => {
    for (const [name, { flag, samples }] of HEALTHY_SERIES) if (flag === true) for (const { value } of samples) expect([0, 1], name).to.include(value)
  })
})
