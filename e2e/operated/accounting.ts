/** The audit stream of KubeSkippy, and the API server's own audit log beside it. Pure. */
import { isObject } from '../../shared/lib/json.ts'
import type { AuditEntry } from '../demo/audit.ts'

export interface CloudEvent {
  readonly specversion: '1.0'
  readonly id: string
  readonly type: string
  readonly source: string
  readonly subject: string
  readonly time: string
  readonly correlationid: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Every line of a program's output, each a JSON object. One that is being written right now is not there yet. @throws on what is none */
export const linesOf = (output: string): readonly Record<string, unknown>[] => output.split('\n').slice(0, -1).filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)

export const auditEventsOf = (output: string): readonly CloudEvent[] => linesOf(output).filter((line) => line['specversion'] === '1.0') as unknown as CloudEvent[]

const OPERATIONS: Readonly<Record<string, string>> = { 'create pods/eviction': 'evict', 'delete pods': 'delete', 'patch deployments': 'patch', 'patch deployments/scale': 'scale' }

/** Of a write, as both sides name it. */
const keyOf = (action: string, operation: string, namespace: string, name: string): string => `${action} ${operation} ${namespace}/${name}`

function keyOfEntry({ userAgent, verb, resource, namespace, name }: AuditEntry): string {
  const action = /healingaction ([^;)]+)/.exec(userAgent)?.[1] ?? 'nobody'
  return keyOf(action, OPERATIONS[`${verb} ${resource}`] ?? `${verb} ${resource}`, namespace, name)
}

const part = (value: unknown, ...path: readonly string[]): string => String(path.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), value))

function keyOfEvent({ data }: CloudEvent): string {
  const at = (...path: readonly string[]): string => part(data, ...path)
  return keyOf(`${at('healingAction', 'namespace')}/${at('healingAction', 'name')}`, at('write', 'operation'), at('write', 'object', 'namespace'), at('write', 'object', 'name'))
}

export interface Account {
  /** Writes that the API server took and the stream has no word of. */
  readonly untold: readonly string[]
  /** Writes that the stream says were done, and the API server has not seen. */
  readonly unseen: readonly string[]
  /** Requests without an answer after which the stream says nothing of their action any more. */
  readonly unresolved: readonly string[]
  /** Requests without an answer. */
  readonly unanswered: readonly string[]
}

/** @param writes those of healers, without dry runs */
export function account(events: readonly CloudEvent[], writes: readonly AuditEntry[]): Account {
  const requests = events.filter(({ type }) => type === 'io.kubeskippy.write.requested')
  const answers = new Map(events.filter(({ type }) => type === 'io.kubeskippy.write.answered').map((event) => [part(event.data, 'write', 'id'), part(event.data, 'answer')]))
  const open = requests.filter(({ data }) => !answers.has(part(data, 'write', 'id')))
  const done = requests.filter(({ data }) => answers.get(part(data, 'write', 'id')) === 'Done').map(keyOfEvent)
  const seen = writes.map(keyOfEntry)
  const count = (list: readonly string[], key: string): number => list.filter((one) => one === key).length
  const maybe = open.map(keyOfEvent)
  return {
    untold: [...new Set(seen)].filter((key) => count(seen, key) > count(done, key) + count(maybe, key)),
    unseen: [...new Set(done)].filter((key) => count(done, key) > count(seen, key)),
    unresolved: open.filter((event) => !events.slice(events.indexOf(event) + 1).some(({ source, type }) => source === event.source && type !== 'io.kubeskippy.healingaction.decided')).map(keyOfEvent),
    unanswered: maybe,
  }
}
