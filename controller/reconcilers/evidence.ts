/** Captures what is there before an act. Never fails and never holds it up for longer than its calls may take. */
import { messageOf } from '../../shared/lib/errors.ts'
import type { Instant } from '../../shared/lib/time.ts'
import { crashedRuns, evidenceOf, named, tellingPods, type Evidence } from '../analysis/evidence.ts'
import type { ObjectRef, PodView, TargetView } from '../healing/snapshot.ts'
import type { EvidenceSource, LogRead, Run } from '../ports/evidence.ts'

/** `owned`: the pods of a workload. */
export async function captureEvidence(source: EvidenceSource, target: TargetView, owned: readonly PodView[], at: Instant): Promise<Evidence> {
  const pods = tellingPods(target, owned)
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
    Promise.all([
      attempt('events', [], () => source.events(target.ref)),
      ...(target.shape === 'Pod' ? [] : pods.map((pod) => attempt(`events of ${pod.ref.name}`, [], async () => (await source.events(pod.ref)).map((event) => ({ ...event, ...named(target, pod) }))))),
    ]),
    attempt('logs', [], () => logsOf(source, target, pods, attempt)),
  ])
  return evidenceOf({ target, pods, at, events: events.flat(), logs, missing })
}

async function logsOf(source: EvidenceSource, target: TargetView, pods: readonly PodView[], attempt: <T>(what: string, otherwise: T, run: () => Promise<T>) => Promise<T>) {
  const runs = crashedRuns(pods)
  if (runs.length === 0 || !(await source.mayReadLogs(target.ref.namespace))) return []
  const read = await Promise.all(
    runs.map(({ pod, container, run }) => {
      const of = named(target, pod)
      const what = of.pod === undefined ? `log of ${container}` : `log of ${container} in ${of.pod}`
      return attempt(what, undefined, async () => ({ ...of, container, ...(await either(source, pod.ref, container, run)) }))
    }),
  )
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
