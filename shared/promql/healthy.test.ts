import { expect } from 'chai'
import { HEALTHY_NAMES, healthySeries } from './healthy-series.ts'
import { whatever, whenHealthy, whenIdle, whenOld } from './healthy.ts'
import { HEALTHY_WORLDS } from './healthy-worlds.ts'
import { parsePromql } from './parse.ts'
import { ANSWERED_WHEN_HEALTHY, NAMED_BY_CONVENTION } from './testing/healthy-queries.ts'

const read = (query: string) => {
  const parsed = parsePromql(query)
  if (!('expr' in parsed)) throw new Error(parsed.problem.what)
  return parsed.expr
}

describe('what a query answers while nothing is wrong', () => {
  for (const query of ANSWERED_WHEN_HEALTHY) it(`is known of ${query}`, () => expect(whenHealthy(read(query))).to.have.length(HEALTHY_WORLDS.length))

  const unknown = [
    'lock_age_seconds', 'rate(a[5m]) / rate(b[5m])', 'container_memory_rss / container_memory_working_set_bytes', 'count(rate(a[5m]))', 'sum(up) or vector(0)', 'sum by (job) (up) or vector(0)', 'sum(up or vector(1))', 'up or on (job) vector(1)', 'up or kube_pod_info', 'rate(a[5m]) or vector(1)', 'kube_pod_info{node=""}', 'argocd_app_info{health_status="Degraded"}', 'kube_pod_owner{owner_kind="<none>"}', 'kube_node_status_condition{condition="NetworkUnavailable"}', 'go_goroutines - process_open_fds', 'count(go_goroutines)', 'up and up', 'up == 1 unless heartbeat', 'time()', 'scalar(up)', 'topk(x, up)', 'histogram_quantile(0.9, a)', 'deriv(go_goroutines[5m])', 'delta(container_memory_rss[5m])', 'round(up, up)', 'scalar(kube_pod_info)', 'predict_linear(up[5m], 60)', '1 + 1', '"x"',
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
  it('what is old differs in its age alone, what is idle in what there is to do', () => {
    expect(whenOld(read('time() - kube_pod_start_time > 1e8'))).to.satisfy((worlds: readonly (readonly number[])[]) => worlds.every(([age]) => age === 1e9))
    expect(whenHealthy(read('time() - kube_pod_start_time > 1e8'))).to.satisfy((worlds: readonly (readonly number[])[]) => worlds.every((ages) => ages.length === 0))
    for (const query of ['up', 'rate(http_requests_total[5m])', 'time() - kube_cronjob_status_last_schedule_time']) expect(whenOld(read(query)), query).to.deep.equal(whenHealthy(read(query)))
    expect(whenIdle(read('rate(http_requests_total[5m])'))).to.deep.equal([[0], [0], [0], [0]])
    expect(whenIdle(read('up'))).to.deep.equal(whenHealthy(read('up')))
  })
  it('a flag is 0 or 1 while nothing is wrong', () => {
    for (const name of [...HEALTHY_NAMES, ...NAMED_BY_CONVENTION]) {
      const { flag, constant, samples } = healthySeries(name) ?? expect.fail(`${name} is not known`)
      if (flag === true) for (const { value } of samples) expect([0, 1], name).to.include(value)
      if (constant === true) expect(samples, name).to.deep.equal([{ labels: {}, value: 1 }])
    }
  })
  it('what tells by its labels is 1, whatever is wrong', () => {
    for (const query of ['go_info', 'kube_pod_info{namespace="shop"}', 'kube_pod_labels{label_app="cart"}']) expect(whatever(read(query)), query).to.deep.equal([[1], [1]])
    expect(whatever(read('go_info == 0'))).to.deep.equal([[], []])
    for (const query of ['kube_pod_info{node=""}', 'kube_pod_created', 'infos']) expect(whatever(read(query)), query).to.equal(undefined)
  })
})
