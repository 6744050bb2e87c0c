/** Every source of metrics behind one door: which one answers a question, and why none does. */
import type { KubeApi } from '../../../shared/kube/api.ts'
import type { Labels } from '../../../shared/lib/selector.ts'
import { printable } from '../../../shared/lib/text.ts'
import type { Instant } from '../../../shared/lib/time.ts'
import { claimsOf } from '../../../shared/rules/triggers/claims.ts'
import { EXPORTED } from '../../../shared/rules/triggers/object-labels.ts'
import type { Timers } from '../../../shared/runtime/timers.ts'
import type { MetricQuestion, Series } from '../../healing/metrics.ts'
import type { Lookback, MetricAnswer, MetricSource } from '../../ports/metric-source.ts'
import { askCustom, askExternal } from './autoscaling-apis.ts'
import { askEndpoints } from './endpoints.ts'
import type { KubeletSource } from './kubelets.ts'
import { askPodUsage } from './pod-usage.ts'
import { Prometheus, type PrometheusConfig } from './prometheus.ts'

export interface PrometheusSourceConfig extends PrometheusConfig {
  /** What a scraped process says of itself (`exported_pod`) is believed. */
  readonly trustExportedLabels: boolean
}

export interface MetricSourcesOptions {
  readonly api: Pick<KubeApi, 'list'>
  readonly timers: Timers
  readonly prometheus: readonly PrometheusSourceConfig[]
  /** Absent: they are not asked. */
  readonly kubelets?: KubeletSource
}

type PromqlQuestion = Extract<MetricQuestion, { kind: 'promql' }>

interface Named {
  readonly config: PrometheusSourceConfig
  readonly prometheus: Prometheus
}

export class MetricSources implements MetricSource {
  readonly #api: Pick<KubeApi, 'list'>
  readonly #named: ReadonlyMap<string, Named>
  readonly #kubelets: KubeletSource | undefined

  constructor({ api, timers, prometheus, kubelets }: MetricSourcesOptions) {
    this.#api = api
    this.#kubelets = kubelets
    this.#named = new Map(prometheus.map((config) => [config.name, { config, prometheus: new Prometheus(config, timers) }]))
  }

  get kubelets(): true | undefined {
    return this.#kubelets === undefined ? undefined : true
  }

  lane(question: MetricQuestion): string {
    // All that ask one kubelet at the same time share its answer, so nobody waits for another one.
    if (question.kind === 'kubelet') return `kubelet ${question.node} ${question.namespace}`
    return question.kind === 'promql' ? `promql ${question.source ?? ''}` : question.kind
  }

  nameOf(question: MetricQuestion): string {
    const found = question.kind === 'promql' ? this.#find(question.source) : ''
    return typeof found === 'string' ? '' : found.config.name
  }

  ask(question: MetricQuestion, now: Instant): Promise<MetricAnswer> {
    switch (question.kind) {
      case 'promql':
        return this.#promql(question, ({ prometheus }) => prometheus.query(question.expression, now))
      case 'podUsage':
        return askPodUsage(this.#api, question.namespace)
      case 'customMetric':
        return askCustom(this.#api, question)
      case 'externalMetric':
        return askExternal(this.#api, question)
      case 'endpoints':
        return askEndpoints(this.#api, question.namespace, now)
      case 'kubelet':
        return this.#kubelets?.ask(question, now) ?? Promise.resolve({ kind: 'NoData', why: 'the kubelets are not asked: the installation does not say metrics.kubelet.enabled' })
      default:
        return question satisfies never
    }
  }

  recall(question: MetricQuestion, lookback: Lookback, now: Instant): Promise<MetricAnswer> | undefined {
    if (question.kind !== 'promql') return undefined
    return this.#promql(question, ({ prometheus }) => prometheus.range(question.expression, lookback, now))
  }

  async close(): Promise<void> {
    await Promise.all([this.#kubelets?.close(), ...[...this.#named.values()].map(({ prometheus }) => prometheus.close())])
  }

  async #promql({ source, expression }: PromqlQuestion, run: (named: Named) => Promise<MetricAnswer>): Promise<MetricAnswer> {
    const named = this.#find(source)
    if (typeof named === 'string') return { kind: 'NoData', why: named }
    const answer = await run(named)
    if (answer.kind !== 'Series') return answer
    if (named.config.trustExportedLabels) return { ...answer, series: answer.series.map(exported) }
    const claims = claimsOf(expression)
    return claims.size === 0 ? answer : { ...answer, series: answer.series.map((one) => claimed(one, claims)) }
  }

  /** A sentence when there is none. */
  #find(source: string | undefined): Named | string {
    const names = [...this.#named.keys()]
    const [only, ...others] = names
    if (only === undefined) return 'no Prometheus is configured: the installation needs one in prometheus.sources'
    const name = source ?? (others.length === 0 ? only : 'default')
    const named = this.#named.get(name)
    if (named !== undefined) return named
    if (source === undefined) return `there are several Prometheus sources and none is called default: write one of ${names.join(', ')} as the trigger's source`
    return `no Prometheus source is called ${printable(source)}; there is ${names.join(', ')}`
  }
}

/** Under the name that Prometheus gives to what is only said: it leads to no object there. */
const claimed = ({ labels, points }: Series, claims: ReadonlySet<string>): Series => ({
  labels: Object.fromEntries(Object.entries(labels).map(([name, value]) => [claims.has(name) ? `${EXPORTED}${name}` : name, value])) satisfies Labels,
  points,
})

function exported({ labels, points }: Series): Series {
  const own: Record<string, string> = { ...labels }
  for (const [name, value] of Object.entries(labels)) if (name.startsWith(EXPORTED)) own[name.slice(EXPORTED.length)] = value
  return { labels: own satisfies Labels, points }
}
