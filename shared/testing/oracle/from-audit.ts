/**
 * The history of a real API server: its audit log. The harness's policy (`e2e/cluster/configs.ts`) records writes of our
 * controller and to our own kinds with request and response, and reads by name only. Pure.
 */
import { CONTROLLER_USER, OPERATOR_NAMESPACE, PROTECTED_NAMESPACES } from '../../api/v1alpha1/names.ts'
import type { KubeObject } from '../../kube/api.ts'
import { isObject } from '../../lib/json.ts'
import { millis, parseInstant, type Instant } from '../../lib/time.ts'
import { preconditionsOf } from './acts.ts'
import { withNotes } from './from-journal.ts'
import { isWrite, type Call, type Gap, type History, type Note, type Open, type Setting } from './history.ts'

export interface AuditHistoryOptions extends Partial<Setting> {
  readonly until: Instant
  readonly notes?: readonly Note[]
}

export function historyOfAudit(log: string, { until, notes = [], ...setting }: AuditHistoryOptions): History {
  const told = read(log, until)
  // A line is written when its answer goes out: answers of two connections may change places.
  const entries = told.toSorted((a, b) => a.at - b.at)
  return {
    setting: {
      operatorNamespace: OPERATOR_NAMESPACE,
      protectedNamespaces: PROTECTED_NAMESPACES,
      isController: (user) => user === CONTROLLER_USER,
      limits: { ceiling: 60, namespace: Number.POSITIVE_INFINITY, cluster: Number.POSITIVE_INFINITY },
      secrets: [],
      seesReads: true,
      // Of the cache's clock and the order of lines.
      slack: millis(2_000),
      ...setting,
    },
    entries: withNotes(entries, notes),
    until,
  }
}

const at = (value: unknown, ...path: readonly string[]): unknown => path.reduce<unknown>((here, key) => (isObject(here) ? here[key] : undefined), value)
const text = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = at(value, ...path)
  return typeof found === 'string' && found !== '' ? found : undefined
}
const asObject = (value: unknown): KubeObject | undefined => (text(value, 'metadata', 'name') !== undefined && text(value, 'metadata', 'resourceVersion') !== undefined ? (value as KubeObject) : undefined)

/** What cannot be read, and what was begun and has no end, is part of it: who reads it must not take it for the whole. */
function read(log: string, until: Instant): readonly (Call | Open | Gap)[] {
  const entries: (Call | Open | Gap)[] = []
  const begun = new Map<string, Call>()
  const lines = log.split('\n')
  let last = until
  if (lines.every((line) => line === '')) return [{ kind: 'gap', at: until, why: 'there is nothing in the audit log' }]
  for (const [index, line] of lines.entries()) {
    if (line === '') continue
    const event = parse(line)
    if (event === undefined) {
      entries.push({ kind: 'gap', at: last, why: `line ${index + 1} of the audit log is no event${index === lines.length - 1 ? ', it ends within it' : ''}` })
      continue
    }
    const { id, stage, call } = event
    last = event.at
    if (call === undefined) continue
    if (stage === 'RequestReceived') begun.set(id, call)
    // A watch says that it began; its end is of no interest.
    else if (stage === (call.verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete')) {
      begun.delete(id)
      entries.push(call)
    }
  }
  return [...entries, ...[...begun.values()].filter(isWrite).map((call): Open => ({ kind: 'open', at: call.received, call }))]
}

interface AuditEvent {
  readonly id: string
  readonly stage: string
  readonly at: Instant
  /** undefined: it is not about a resource. */
  readonly call: Call | undefined
}

/** undefined: it is none. */
function parse(line: string): AuditEvent | undefined {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    return undefined
  }
  const [received, done] = [parseInstant(text(event, 'requestReceivedTimestamp')), parseInstant(text(event, 'stageTimestamp'))]
  const [id, stage] = [text(event, 'auditID'), text(event, 'stage')]
  return received === undefined || done === undefined || id === undefined || stage === undefined ? undefined : { id, stage, at: done, call: callOf(event, received, done) }
}

function callOf(event: unknown, received: Instant, done: Instant): Call | undefined {
  const plural = text(event, 'objectRef', 'resource')
  const verb = text(event, 'verb') ?? ''
  if (plural === undefined) return undefined
  const collection = `${text(event, 'objectRef', 'apiGroup') ?? ''}/${plural}`
  const code = Number(at(event, 'responseStatus', 'code'))
  const query = new URLSearchParams(text(event, 'requestURI')?.split('?')[1])
  const body = at(event, 'requestObject')
  const response = at(event, 'responseObject')
  const [ref, subresource] = [at(event, 'objectRef'), text(event, 'objectRef', 'subresource')]
  const call: Omit<Call, 'changes'> = {
    kind: 'call', at: done, received, verb, collection, subresource,
    user: text(event, 'user', 'username') ?? '',
    process: credentialOf(at(event, 'user', 'extra')),
    impersonated: text(event, 'impersonatedUser', 'username'),
    userAgent: text(event, 'userAgent') ?? '',
    fieldManager: query.get('fieldManager') ?? undefined,
    namespace: text(ref, 'namespace'), name: text(ref, 'name') ?? text(response, 'metadata', 'name'),
    dryRun: query.getAll('dryRun').includes('All') || [at(body, 'dryRun'), at(body, 'deleteOptions', 'dryRun')].some((options) => Array.isArray(options) && options.includes('All')),
    body,
    ok: code >= 200 && code < 300, answer: code,
    changed: undefined, uid: text(response, 'metadata', 'uid'),
  }
  return { ...call, changed: changedBy(call, response), changes: changesOf(call, response) }
}

/** Of a ServiceAccount: which of its tokens. A process that is given one of its own is told apart by it. */
function credentialOf(extra: unknown): string | undefined {
  const ids = at(extra, 'authentication.kubernetes.io/credential-id')
  return Array.isArray(ids) && typeof ids[0] === 'string' ? ids[0] : undefined
}

/** The version that a write was conditioned on is the one that it left: nothing was stored. */
function changedBy(call: Omit<Call, 'changes'>, response: unknown): boolean | undefined {
  const before = preconditionsOf({ ...call, changes: [] })?.resourceVersion
  const after = text(response, 'metadata', 'resourceVersion')
  return call.verb !== 'patch' || after === undefined || before === undefined ? undefined : before !== after
}

function changesOf({ verb, collection, subresource, namespace, name, ok, dryRun }: Omit<Call, 'changes'>, response: unknown): Call['changes'] {
  if (!ok || dryRun || (subresource !== undefined && subresource !== 'status')) return []
  const object = asObject(response)
  if (['create', 'update', 'patch'].includes(verb)) return object === undefined ? [] : [{ collection, after: object }]
  if (verb !== 'delete' || name === undefined) return []
  // With finalizers, or a pod that is given time, the answer is the object as it goes.
  if (object !== undefined && text(object, 'metadata', 'deletionTimestamp') !== undefined) return [{ collection, after: object }]
  const gone = { apiVersion: '', kind: '', metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid: '', resourceVersion: '', creationTimestamp: '' } }
  return [{ collection, before: gone }]
}
