/**
 * In which order suites begin: the longest first, since one that begins last and takes long keeps one lane busy while
 * the others are empty. Pure.
 */

/** Minutes that a suite takes on two cores, rounded; `make test` prints the seconds of each. */
export const TYPICAL_MINUTES: Readonly<Record<string, number>> = {
  'e2e/across/conflicts.e2e.ts': 1.5,
  'e2e/actions/actions.e2e.ts': 3,
  'e2e/actions/ordered.e2e.ts': 2.5,
  'e2e/actions/patch-effects.e2e.ts': 1,
  'e2e/actions/scaled-kinds.e2e.ts': 1.5,
  'e2e/actions/traps.e2e.ts': 1,
  'e2e/actions/writer.e2e.ts': 0.5,
  'e2e/agreement/agreement.e2e.ts': 0.5,
  'e2e/agreement/rules.e2e.ts': 2,
  'e2e/alerts/alerts.e2e.ts': 1.5,
  'e2e/alerts/standby.e2e.ts': 1,
  'e2e/approval/approval.e2e.ts': 1.5,
  'e2e/approval/deciding.e2e.ts': 1,
  'e2e/chart/render.e2e.ts': 0.7,
  'e2e/cli/check.e2e.ts': 1,
  'e2e/cli/enable.e2e.ts': 0.5,
  'e2e/cli/executable.e2e.ts': 0.5,
  'e2e/cli/explain.e2e.ts': 0.5,
  'e2e/cli/lint.e2e.ts': 0.7,
  'e2e/cli/package.e2e.ts': 0.5,
  'e2e/cli/pause.e2e.ts': 1,
  'e2e/cli/rights.e2e.ts': 0.5,
  'e2e/cli/simulate.e2e.ts': 1,
  'e2e/cli/top.e2e.ts': 0.5,
  'e2e/consent/consent.e2e.ts': 1.5,
  'e2e/contract/contract.e2e.ts': 0.5,
  'e2e/door/door.e2e.ts': 0.5,
  'e2e/door/fuzz.e2e.ts': 1.5,
  'e2e/door/load.e2e.ts': 3.5,
  'e2e/door/operation.e2e.ts': 1,
  'e2e/door/rights.e2e.ts': 0.5,
  'e2e/door/provided.e2e.ts': 1,
  'e2e/door/without-webhook.e2e.ts': 1,
  'e2e/healing/conditions.e2e.ts': 1.5,
  'e2e/healing/durability.e2e.ts': 2.5,
  'e2e/healing/events.e2e.ts': 1.5,
  'e2e/healing/evidence.e2e.ts': 0.5,
  'e2e/healing/guards.e2e.ts': 1,
  'e2e/healing/history.e2e.ts': 1,
  'e2e/healing/kinds.e2e.ts': 0.5,
  'e2e/healing/leadership.e2e.ts': 3.5,
  'e2e/healing/loop.e2e.ts': 2,
  'e2e/healing/rescan.e2e.ts': 1,
  'e2e/healing/shared.e2e.ts': 3,
  'e2e/hostile/alerts.e2e.ts': 1,
  'e2e/hostile/metrics.e2e.ts': 2,
  'e2e/hostile/state.e2e.ts': 2.5,
  'e2e/image/image.e2e.ts': 2.5,
  'e2e/monitoring/monitoring.e2e.ts': 1,
  'e2e/monitoring/queries.e2e.ts': 0.5,
  'e2e/scenarios/measured.e2e.ts': 1,
  'e2e/scenarios/objects.e2e.ts': 2,
  'e2e/scenarios/spin.e2e.ts': 3.5,
  'e2e/triggers/kubelet.e2e.ts': 3,
  'e2e/triggers/match.e2e.ts': 1.5,
  'e2e/triggers/metrics-apis.e2e.ts': 1.5,
  'e2e/triggers/object-status.e2e.ts': 1.5,
  'e2e/triggers/prometheus.e2e.ts': 3.5,
  'e2e/triggers/services.e2e.ts': 0.5,
  'e2e/triggers/successors.e2e.ts': 2,
}

/** One that nobody measured goes first: begun too early, it costs nothing. Equal ones by name. */
export const longestFirst = (files: readonly string[], minutes = TYPICAL_MINUTES): readonly string[] => {
  const of = (file: string): number => (Object.hasOwn(minutes, file) ? (minutes[file] ?? 0) : Number.POSITIVE_INFINITY)
  return files.toSorted((a, b) => (of(a) === of(b) ? (a < b ? -1 : 1) : of(b) - of(a)))
}
