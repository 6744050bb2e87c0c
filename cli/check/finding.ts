/** What a check finds, and what it looks at. */
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { KubeApi, KubeVersion } from '../../shared/kube/api.ts'
import type { Instant } from '../../shared/lib/time.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import type { PrometheusConfig } from '../../controller/adapters/metrics/prometheus.ts'

export type Result = 'ok' | 'warn' | 'fail'

export interface Finding {
  /** What was looked at, one word. */
  readonly check: string
  readonly result: Result
  readonly what: string
  /** What to do about it. */
  readonly fix?: string
}

export interface CheckContext {
  readonly api: KubeApi & KubeVersion
  /** Of all namespaces, listed once however many ask. @throws ApiError to each of them */
  readonly policies: () => Promise<readonly HealingPolicy[]>
  /** Where the door is tried, by dry runs. */
  readonly namespace: string
  readonly now: Instant
  /** Of this command line. */
  readonly version: string
  readonly timers: Timers
  /** Of the controller's configuration, where one is given. */
  readonly prometheus: readonly PrometheusConfig[] | undefined
  /** The installation's own, of the same configuration. */
  readonly protectedNamespaces: readonly string[]
  /** The controller is configured to ask the kubelets. */
  readonly asksKubelets: boolean
}

/** One thing to look at. What the person may not read is a warning, made by whoever runs it. */
export interface Check {
  readonly name: string
  readonly run: (context: CheckContext) => Promise<readonly Omit<Finding, 'check'>[]>
}

export const ok = (what: string): Omit<Finding, 'check'> => ({ result: 'ok', what })
export const warn = (what: string, fix?: string): Omit<Finding, 'check'> => ({ result: 'warn', what, ...(fix === undefined ? {} : { fix }) })
export const fail = (what: string, fix?: string): Omit<Finding, 'check'> => ({ result: 'fail', what, ...(fix === undefined ? {} : { fix }) })
