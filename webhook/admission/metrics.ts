import { RULES } from '../../shared/rules/registry.ts'
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
  const reviews = metrics.counter('kubeskippy_admission_reviews_total', 'Admission reviews by what became of them.', ['webhook', 'operation', 'verdict'])
  const duration = metrics.histogram(
    'kubeskippy_admission_review_duration_seconds',
    'Time from the whole review to its answer.',
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 3],
    ['webhook'],
  )
  const lowered = metrics.counter('kubeskippy_safety_lowered_total', 'Violations that would have refused and did not: Exempted by the annotation kubeskippy.io/allow, or Tolerated in an update that raises no risk.', ['rule', 'why'])
  const rules = metrics.counter('kubeskippy_safety_validations_total', 'Violations that the rules found at the door.', ['rule', 'severity'])
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
