/** A metric trigger as its author wrote it, and which questions answer it. */
import type { Trigger } from '../../../shared/api/v1alpha1/types.ts'
import { requireDuration } from '../../../shared/lib/duration.ts'
import { millis, type Millis } from '../../../shared/lib/time.ts'
import { builtInOf, CUSTOM_METRICS, EXTERNAL_METRICS, OVER_WINDOW, type BuiltInMetric } from '../../../shared/rules/triggers/built-in-metrics.ts'
import type { Operator } from '../../../shared/rules/triggers/thresholds.ts'
import type { MetricQuestion } from '../../healing/metrics.ts'
import type { CompiledPolicy } from '../../healing/policy.ts'
import { isFinished, type PodView, type TargetView } from '../../healing/snapshot.ts'
import { errorRate, latency, throttling } from './expressions.ts'
import { lookback } from './lookback.ts'
import { isLimited } from './throttling.ts'

export interface MetricArgs {
  /** As written. */
  readonly query: string
  readonly builtIn: BuiltInMetric | undefined
  readonly operator: Operator
  readonly threshold: number
  readonly duration: Millis
  readonly window: Millis
  readonly source: string | undefined
  /** How much of the past is in one value. */
  readonly looksBack: Millis
}

export function compileMetric({ query, operator, threshold, duration, window, source }: NonNullable<Trigger['metricTrigger']>): MetricArgs {
  const wanted = query.trim()
  const builtIn = builtInOf({ query, source })
  const counted = requireDuration('window', window)
  return {
    query: wanted,
    builtIn,
    operator,
    threshold,
    duration: requireDuration('duration', duration),
    window: counted,
    source,
    looksBack: builtIn !== undefined ? (OVER_WINDOW.has(builtIn) ? counted : millis(0)) : source === CUSTOM_METRICS || source === EXTERNAL_METRICS ? millis(0) : lookback(wanted),
  }
}

/** What a value is told about. */
export type Level = 'Pod' | 'Workload' | 'Service' | 'Object'

export const levelOf = (object: Pick<TargetView, 'shape' | 'ref'>): Level =>
  object.shape === 'Object' ? (object.ref.kind === 'Service' ? 'Service' : 'Object') : object.shape

/** A trigger that names a source asks that Prometheus. */
export const asksKubelets = ({ builtIn, source }: MetricArgs, kubelets: true | undefined): boolean => builtIn === 'cpu_throttled_percent' && source === undefined && kubelets === true

export const kubeletQuestion = ({ ref, node }: PodView): MetricQuestion => ({ kind: 'kubelet', node, namespace: ref.namespace })

/** undefined: the object's own status says it, and nobody is asked. */
export function questionFor(args: MetricArgs, { shape, ref }: Pick<TargetView, 'shape' | 'ref'>): MetricQuestion | undefined {
  const { namespace } = ref
  const level = levelOf({ shape, ref })
  switch (args.builtIn) {
    case undefined:
      return questionOfSource(args, namespace, resourceOf(ref))
    case 'restart_count':
      return undefined
    case 'ready_percent':
    case 'availability_percent':
      return level === 'Service' ? { kind: 'endpoints', namespace } : undefined
    case 'cpu_usage_percent':
    case 'memory_usage_percent':
      return { kind: 'podUsage', namespace }
    case 'cpu_throttled_percent':
      return { kind: 'promql', source: args.source, expression: throttling(namespace, args.window) }
    case 'error_rate_percent':
      return { kind: 'promql', source: args.source, expression: errorRate(namespace, level, args.window) }
    case 'latency_p99_seconds':
      return { kind: 'promql', source: args.source, expression: latency(namespace, level, args.window) }
    default:
      return args.builtIn satisfies never
  }
}

function questionOfSource({ query, source }: MetricArgs, namespace: string, resource: string): MetricQuestion {
  if (source !== CUSTOM_METRICS && source !== EXTERNAL_METRICS) return { kind: 'promql', source, expression: query }
  if (source === CUSTOM_METRICS) return { kind: 'customMetric', namespace, resource, metric: query }
  const [, metric = query, selector = ''] = /^([^{}]+)(?:\{([^{}]*)\})?$/.exec(query) ?? []
  return { kind: 'externalMetric', namespace, metric: metric.trim(), selector: selector.trim() }
}

/** `pods`, `deployments.apps`: as the custom metrics API names what it tells about. */
export function resourceOf({ apiVersion, kind }: Pick<TargetView['ref'], 'apiVersion' | 'kind'>): string {
  const slash = apiVersion.indexOf('/')
  const lower = kind.toLowerCase()
  const plural = /(s|x|z|ch|sh)$/.test(lower) ? `${lower}es` : /[^aeiou]y$/.test(lower) ? `${lower.slice(0, -1)}ies` : `${lower}s`
  return slash < 0 ? plural : `${plural}.${apiVersion.slice(0, slash)}`
}

export interface Asked {
  readonly question: MetricQuestion
  /** How far back its values are of interest. */
  readonly span: Millis
}

/** Everything that the policy's triggers want to know, before anything is selected. */
export function metricQuestions(policy: Pick<CompiledPolicy, 'namespaces' | 'kinds' | 'triggers'>, kubelets?: true): Asked[] {
  return policy.triggers.flatMap((trigger): Asked[] => {
    if (trigger.type !== 'metric' || asksKubelets(trigger.metric, kubelets)) return []
    return policy.namespaces.flatMap((namespace) =>
      policy.kinds.flatMap(({ apiVersion, kind }): Asked[] => {
        const question = questionFor(trigger.metric, { shape: shapeOf(apiVersion, kind), ref: { apiVersion, kind, namespace, name: '', uid: '' } })
        return question === undefined ? [] : [{ question, span: trigger.metric.duration }]
      }),
    )
  })
}

/** Beside the others, what only kubelets know: of the nodes on which there is something that can be held back. */
export function kubeletQuestions({ triggers }: Pick<CompiledPolicy, 'triggers'>, selected: () => readonly PodView[]): Asked[] {
  const spans = triggers.flatMap((trigger) => (trigger.type === 'metric' && asksKubelets(trigger.metric, true) ? [trigger.metric.window + trigger.metric.duration] : []))
  if (spans.length === 0) return []
  const there = selected().filter((pod) => pod.node !== '' && !isFinished(pod) && isLimited(pod))
  const span = millis(Math.max(...spans))
  return [...new Map(there.map((pod) => [`${pod.node} ${pod.ref.namespace}`, { question: kubeletQuestion(pod), span }])).values()]
}

const shapeOf = (apiVersion: string, kind: string): TargetView['shape'] =>
  apiVersion === 'v1' && kind === 'Pod' ? 'Pod' : apiVersion === 'apps/v1' && ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].includes(kind) ? 'Workload' : 'Object'
