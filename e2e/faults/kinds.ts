/** What goes wrong with one write: before the server knows of it, or after it has landed. */
import { seconds } from '../../shared/lib/time.ts'
import type { Answer, Truncate, Verdict } from '../installation/proxy.ts'

/** The process is ended by SIGKILL: before the write, when it has landed and is not answered, between its answer and the next write. */
export const KILLS = ['killed before', 'killed after', 'killed before the record'] as const
export type Kill = (typeof KILLS)[number]

export type FaultKind =
  | { readonly name: string; readonly when: 'before'; readonly verdict: Verdict }
  | { readonly name: string; readonly when: 'after'; readonly verdict: Verdict | Truncate }
  | { readonly name: Kill; readonly when: 'kill' }

const status = (code: number, reason: string | undefined, message: string, more: object = {}): Answer => ({
  status: code, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...(reason === undefined ? {} : { reason }), code, ...more },
})
const budget = (message: string, more: object = {}): Answer => status(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", { details: { causes: [{ reason: 'DisruptionBudget', message }], ...more } })

export const CONFLICT = status(409, 'Conflict', 'Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again')
/** Priority and fairness: no Status, and never carried out. */
export const THROTTLED: Answer = { status: 429, headers: { 'retry-after': '1' }, body: 'Too many requests, please try again later.' }
const BUDGET = budget('The disruption budget web needs 1 healthy pods and has 1 currently')
const BUDGET_PENDING: Answer = { ...budget('The disruption budget web is still being processed by the server.', { retryAfterSeconds: 10 }), headers: { 'retry-after': '10' } }
const BROKEN = status(500, 'InternalError', 'Internal error occurred: etcdserver: leader changed')
const TIMED_OUT = status(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout')

/** Each goes by once: the next try of the same write is not harmed. */
export const FAULTS: readonly FaultKind[] = [
  { name: 'request dropped', when: 'before', verdict: 'drop' },
  { name: 'answer dropped', when: 'after', verdict: 'drop' },
  { name: 'request reset', when: 'before', verdict: 'reset' },
  { name: 'answer reset', when: 'after', verdict: 'reset' },
  { name: 'answer truncated', when: 'after', verdict: { truncate: 20 } },
  { name: 'request delayed', when: 'before', verdict: { delay: seconds(3) } },
  { name: 'answer delayed', when: 'after', verdict: { delay: seconds(3) } },
  { name: 'no answer', when: 'after', verdict: { delay: seconds(60) } },
  { name: '409', when: 'before', verdict: CONFLICT },
  { name: '429 throttled', when: 'before', verdict: THROTTLED },
  { name: '429 budget', when: 'before', verdict: BUDGET },
  { name: '429 budget pending', when: 'before', verdict: BUDGET_PENDING },
  { name: '500 before', when: 'before', verdict: BROKEN },
  { name: '500 after', when: 'after', verdict: BROKEN },
  { name: '504 after', when: 'after', verdict: TIMED_OUT },
  ...KILLS.map((name) => ({ name, when: 'kill' }) as const),
]
