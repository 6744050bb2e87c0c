/** Policies about figures, and what was written to their workloads. */
import type { AuditEntry } from '../demo/audit.ts'
import { policy, type Fixture } from '../healing/fixture.ts'

interface Measured {
  readonly query: string
  readonly threshold: number
  readonly duration: string
}

export function measured(namespace: string, app: string, { query, threshold, duration }: Measured, spec: object = {}): object {
  // A new pod has figures only after a while.
  const made = policy(namespace, { app, safetyRules: { healthCheckTimeout: '3m' } }) as { readonly spec: object }
  return { ...made, spec: { ...made.spec, triggers: [{ name: 'measured', type: 'metric', cooldownPeriod: '0s', metricTrigger: { query, threshold, duration } }], ...spec } }
}

/** Without the controller's own books. */
export const acts = (fixture: Fixture, namespace: string): readonly AuditEntry[] =>
  fixture.writes(namespace).filter(({ group, dryRun }) => !dryRun && group !== 'kubeskippy.io' && group !== 'events.k8s.io')
