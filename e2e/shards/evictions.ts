/** Which pods the controllers have evicted, by the API server's audit log. Pure. */
import { CONTROLLER_USER } from '../../shared/api/v1alpha1/names.ts'
import { isObject, parsedJson } from '../../shared/lib/json.ts'
import { parseInstant, type Instant } from '../../shared/lib/time.ts'
import { acceptedWrites, cutOffWrites, type AuditEntry } from '../demo/audit.ts'

export interface Evictions {
  /** When each pod's eviction came to the API server, by `namespace/name`. */
  readonly at: ReadonlyMap<string, Instant | undefined>
  /** Pods of which more than one eviction was accepted. */
  readonly twice: ReadonlySet<string>
}

/** What a controller was cut off from while the server did it counts once, where nobody had to do it again. */
export function evictionsOf(log: string): Evictions {
  const at = new Map<string, Instant | undefined>()
  const twice = new Set<string>()
  const cutOff = new Map<string, Instant | undefined>()
  // Most lines of a large log are about something else.
  for (const line of log.split('\n').filter((text) => text.includes('"eviction"'))) {
    const [done] = ours(acceptedWrites(line))
    if (done !== undefined && at.has(done)) twice.add(done)
    if (done !== undefined && !at.has(done)) at.set(done, receivedAt(line))
    for (const name of ours(cutOffWrites(line))) if (!cutOff.has(name)) cutOff.set(name, receivedAt(line))
  }
  return { at: new Map([...cutOff, ...at]), twice }
}

const ours = (entries: readonly AuditEntry[]): readonly string[] =>
  entries.filter(({ resource, dryRun, user }) => resource === 'pods/eviction' && !dryRun && user === CONTROLLER_USER).map(({ namespace, name }) => `${namespace}/${name}`)

function receivedAt(line: string): Instant | undefined {
  const event = parsedJson(line)
  const text = isObject(event) ? event['requestReceivedTimestamp'] : undefined
  return typeof text === 'string' ? parseInstant(text) : undefined
}
