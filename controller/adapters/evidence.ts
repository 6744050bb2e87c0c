/** Events of a target, and the logs of its crashed containers where the namespace has allowed it. */
import { HEALER_ACCOUNT, LOGS_ANNOTATION, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { KubeApi, KubeObject } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { EVENTS, PODS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import { parseInstant, seconds } from '../../shared/lib/time.ts'
import type { ObjectRef } from '../healing/snapshot.ts'
import type { EventSeen, EvidenceSource, LogRead, Run } from '../ports/evidence.ts'

/** An act does not wait for evidence for longer: of each call. */
const PATIENCE = seconds(2)
/** More than is kept: a good part of it may be one stack trace. */
const LINES = 200
const BYTES = 32 * 1024
/** TRAP: of a container that it has cleaned away the kubelet says so with a 200, in place of a log. */
const GONE = 'unable to retrieve container logs for '
/** An object that has more has said the same thing many times. */
const EVENTS_READ = 100

export const evidenceSource = (api: Pick<KubeApi, 'get' | 'list' | 'log'>): EvidenceSource => ({
  events: async ({ namespace, uid }) => {
    // By uid: what was said of a predecessor of that name is about another object (I6).
    const { items } = await api.list(EVENTS, { namespace, fieldSelector: `regarding.uid=${uid}`, limit: EVENTS_READ, timeout: PATIENCE })
    return items.map(eventSeen)
  },
  mayReadLogs: async (namespace) => {
    try {
      const { metadata } = await api.get(SERVICE_ACCOUNTS, { namespace, name: HEALER_ACCOUNT }, { timeout: PATIENCE })
      return metadata.annotations?.[LOGS_ANNOTATION] === 'true'
    } catch (error) {
      if (isApiError(error, 'NotFound')) return false
      throw error
    }
  },
  log: async ({ namespace, name }: ObjectRef, container: string, run: Run): Promise<LogRead> => {
    // As the healer: the controller's own account may read no log anywhere.
    const impersonate = serviceAccountUser(namespace, HEALER_ACCOUNT)
    const text = await api.log(PODS, { namespace, name }, { container, previous: run === 'previous', tailLines: LINES, limitBytes: BYTES, impersonate, timeout: PATIENCE })
    if (text.startsWith(GONE)) throw new Error(`the kubelet no longer has the log of the ${run} run`)
    return { text, whole: Buffer.byteLength(text) < BYTES }
  },
})

/** Core events and those of events.k8s.io, as this API shows both. */
function eventSeen(raw: KubeObject): EventSeen {
  const event = raw as unknown as Readonly<Record<string, unknown>>
  const series = isObject(event['series']) ? event['series'] : {}
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const counted = [event['deprecatedCount'], series['count']].find((count) => typeof count === 'number' && Number.isSafeInteger(count) && count > 0 && count < 2 ** 31)
  const last = [event['deprecatedLastTimestamp'], series['lastObservedTime'], event['eventTime'], raw.metadata.creationTimestamp].map((time) => parseInstant(text(time))).find((time) => time !== undefined)
  return { type: text(event['type']), reason: text(event['reason']), note: text(event['note']), count: typeof counted === 'number' ? counted : 1, lastSeen: last }
}
