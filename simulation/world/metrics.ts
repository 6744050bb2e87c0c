/** A source of metrics: a gauge of each pod, high where it leaks, and the ways in which such a source fails. */
import { seconds, instant, millis, type Instant } from '../../shared/lib/time.ts'
import { PODS } from '../../shared/kube/resources.ts'
import { sleep } from '../../shared/runtime/timers.ts'
import type { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import type { MetricQuestion } from '../../controller/healing/metrics.ts'
import type { MetricAnswer, MetricSource } from '../../controller/ports/metric-source.ts'
import type { Process } from '../engine/process.ts'
import type { Workloads } from './workloads.ts'

export type MetricFault = 'down' | 'slow' | 'lying' | 'empty' | 'NaN'

const LEAKING = 97
const FINE = 30
/** As long as a source may take at most. */
const SLOW = seconds(9)

export class Gauges {
  readonly #cluster: FakeCluster
  readonly #workloads: Workloads
  fault: { readonly what: MetricFault; readonly began: symbol } | undefined

  constructor(cluster: FakeCluster, workloads: Workloads) {
    this.#cluster = cluster
    this.#workloads = workloads
  }

  /** As one process asks them. */
  sourceFor(process: Process): MetricSource {
    const { timers } = process
    return {
      lane: () => 'gauges',
      ask: async (question, now) => {
        await sleep(timers, this.fault?.what === 'slow' ? SLOW : millis(5))
        return this.#answer(question, now)
      },
      recall: () => undefined,
    }
  }

  #answer(question: MetricQuestion, now: Instant): MetricAnswer {
    const fault = this.fault?.what
    if (fault === 'down' || fault === 'slow') return { kind: 'NoData', why: 'the source does not answer in time' }
    if (fault === 'empty' || question.kind !== 'promql') return { kind: 'Series', series: [] }
    const series = this.#cluster.all(PODS).map(({ metadata: { name, namespace = '', uid } }) => ({ labels: { namespace, pod: name }, points: [{ at: instant(now), value: this.#valueOf(uid) }] }))
    return { kind: 'Series', series }
  }

  #valueOf(uid: string): number {
    if (this.fault?.what === 'NaN') return Number.NaN
    const leaks = this.#workloads.symptomOf(uid) === 'leaking'
    return leaks !== (this.fault?.what === 'lying') ? LEAKING : FINE
  }
}
