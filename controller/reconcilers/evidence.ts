/** Captures what is there before an act. Never fails and never holds it up for longer than its calls may take. */
import { messageOf } from '../../shared/lib/errors.ts'
import type { Instant } from '../../shared/lib/time.ts'
import { crashedRuns, evidenceOf, type Evidence } from '../analysis/evidence.ts'
import type { ObjectRef, TargetView } from '../healing/snapshot.ts'
import type { EvidenceSource, LogRead, Run } from '../ports/evidence.ts'

export async function captureEvidence(source: EvidenceSource, target: TargetView, at: Instant): Promise<Evidence> {
  const missing: string[] = []
  const attempt = async <T>(what: string, otherwise: T, run: () => Promise<T>): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      // Errors of ours are made by us: they name the request, not what was answered.
      missing.push(`${what}: ${messageOf(error)}`)
      return otherwise
    }
  }
  const [events, logs] = await Promise.all([
    attempt('events', [], () => source.events(target.ref)),
    attempt('logs', [], () => logsOf(source, target, attempt)),
  ])
  return evidenceOf({ target, at, events, logs, missing })
}

async function logsOf(source: EvidenceSource, target: TargetView, attempt: <T>(what: string, otherwise: T, run: () => Promise<T>) => Promise<T>) {
  const runs = crashedRuns(target)
  if (runs.length === 0 || !(await source.mayReadLogs(target.ref.namespace))) return []
  const read = await Promise.all(runs.map(({ container, run }) => attempt(`log of ${container}`, undefined, async () => ({ container, ...(await either(source, target.ref, container, run)) }))))
  return read.filter((log) => log !== undefined)
}

/** It may have been started again since it was looked at: then its crash is one run further back, or has been cleaned away. */
async function either(source: EvidenceSource, pod: ObjectRef, container: string, run: Run): Promise<LogRead> {
  try {
    return await source.log(pod, container, run)
  } catch (error) {
    const other = run === 'current' ? 'previous' : 'current'
    return source.log(pod, container, other).catch(() => {
      throw error
    })
  }
}
