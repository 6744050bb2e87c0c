import { RULES } from '../../shared/rules/registry.ts'
import { METRICS } from '../../shared/runtime/metric-table.ts'
import type { Metrics } from '../../shared/runtime/metrics.ts'
import type { Handled, Verdict } from './handlers.ts'
import { VERDICTS } from './handlers.ts'
import { OPERATIONS } from './review.ts'

export type Route = 'validate' | 'mutate'

export interface AdmissionMetrics {
  observe(route: Route, operation: string, verdict: Verdict, seconds: number): void
  found(found: Handled['found']): void
}

/** `none`: the review was not understood so far as to have an operation. */
const OPERATION_LABELS = [...OPERATIONS, 'none'] as const

export function declareAdmissionMetrics(metrics: Metrics): AdmissionMetrics {
  const reviews = metrics.counter(METRICS.reviews)
  const duration = metrics.histogram(METRICS.reviewDuration)
  const lowered = metrics.counter(METRICS.lowered)
  const rules = metrics.counter(METRICS.violations)
  for (const verdict of VERDICTS) {
    for (const operation of ['CREATE', 'UPDATE']) for (const webhook of ['validate', 'mutate']) reviews.inc({ webhook, operation, verdict }, 0)
  }
  for (const { id, severity } of RULES) for (const label of new Set([severity, 'W'])) rules.inc({ rule: id, severity: label }, 0)
  return {
    observe(webhook, operation, verdict, seconds) {
      reviews.inc({ webhook, operation: OPERATION_LABELS.find((known) => known === operation) ?? 'none', verdict })
      duration.observe({ webhook }, seconds)
    },
    found(found) {
      for (const { rule, severity, lowered: why } of found) {
        rules.inc({ rule, severity })
        if (why !== undefined) lowered.inc({ rule, why })
      }
    },
  }
}
