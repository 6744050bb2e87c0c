import { expect } from 'chai'
import { millis, minutes } from '../../../shared/lib/time.ts'
import { errorRate, latency, throttling } from './expressions.ts'

/** What they answer is shown on a real Prometheus, in e2e/triggers. */
describe('expressions of built-in metrics', () => {
  const istioPods = 'sum by (namespace, pod) (rate(istio_requests_total{reporter="destination", namespace="shop", pod!=""}[300s]))'

  it('count errors among all requests, and none as zero', () => {
    expect(errorRate('shop', 'Pod', minutes(5))).to.include(`or 0 * ${istioPods}) / ${istioPods}`)
  })
  it('ask both meshes at once', () => {
    for (const expression of [errorRate('shop', 'Pod', minutes(5)), errorRate('shop', 'Workload', minutes(5))]) expect(expression).to.include('istio_requests_total').and.to.include('response_total')
    for (const expression of [latency('shop', 'Pod', minutes(5)), latency('shop', 'Workload', minutes(5))]) expect(expression).to.include('istio_request_duration_milliseconds_bucket').and.to.include('response_latency_ms_bucket')
  })
  it('look at what arrives, in the namespace of the policy only', () => {
    for (const level of ['Pod', 'Workload', 'Service'] as const) {
      const selectors = [...errorRate('shop', level, minutes(5)).matchAll(/(istio_requests_total|response_total)\{([^}]*)\}/g)].map(([, , selector = '']) => selector)
      expect(selectors).to.not.have.lengthOf(0)
      for (const selector of selectors) expect(selector).to.match(/^(reporter="destination"|direction="inbound"), \w*namespace="shop"/)
    }
  })
  it('of a Service are those of Istio: Linkerd tells of it on the other side', () => {
    expect(errorRate('shop', 'Service', minutes(5))).to.include('destination_service_name').and.to.not.include('response_total')
  })
  it('bring the labels under names that lead to the object', () => {
    expect(latency('shop', 'Workload', minutes(5))).to.match(/^label_replace\(label_replace\(histogram_quantile\(0\.99, .*, "workload", "\$1", "destination_workload", "\(\.\*\)"\), "namespace", "\$1", "destination_workload_namespace", "\(\.\*\)"\) or /)
  })
  it('have at least a second to look back on', () => {
    expect(throttling('shop', millis(400))).to.include('[1s]')
    expect(throttling('shop', minutes(2))).to.include('container_cpu_cfs_throttled_periods_total{namespace="shop", container!=""}[120s]').and.to.match(/^100 \* /)
  })
})
