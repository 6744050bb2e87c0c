/** The API server's own account of who wrote what. Pure. */
import { isObject, parsedJson } from '../../shared/lib/json.ts'

/** One write that has come to the API server. */
export interface AuditEntry {
  readonly verb: string
  readonly group: string
  /** With the subresource: `pods/eviction`. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
  readonly user: string
  /** As whom it was done, when not as the user itself. */
  readonly impersonated?: string
  readonly dryRun: boolean
  readonly userAgent: string
}

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

/** Accepted writes in a namespace, or everywhere, in their order. A last line that is still being written is left out. */
export const acceptedWrites = (log: string, namespace?: string): readonly AuditEntry[] => writesOf(log, ({ code }) => code >= 200 && code < 300, namespace)

/** Writes whose client was gone before their answer: the server finishes them all the same, and each may have landed or not. */
export const cutOffWrites = (log: string, namespace?: string): readonly AuditEntry[] => writesOf(log, ({ code, message }) => code === 504 && message.includes('context canceled'), namespace)

interface Answer {
  readonly code: number
  readonly message: string
}

function writesOf(log: string, answered: (answer: Answer) => boolean, namespace: string | undefined): readonly AuditEntry[] {
  return log.split('\n').flatMap((line) => {
    const entry = parse(line, answered)
    return entry !== undefined && (namespace === undefined || entry.namespace === namespace) ? [entry] : []
  })
}

function parse(line: string, answered: (answer: Answer) => boolean): AuditEntry | undefined {
  const event = parsedJson(line)
  const verb = text(event, 'verb')
  const answer = at(event, 'responseStatus')
  if (text(event, 'stage') !== 'ResponseComplete' || !WRITES.has(verb) || !answered({ code: Number(at(answer, 'code')), message: text(answer, 'message') })) return undefined
  const object = at(event, 'objectRef')
  const subresource = text(object, 'subresource')
  const impersonated = text(at(event, 'impersonatedUser'), 'username')
  return {
    verb,
    group: text(object, 'apiGroup'),
    resource: text(object, 'resource') + (subresource === '' ? '' : `/${subresource}`),
    namespace: text(object, 'namespace'),
    name: text(object, 'name'),
    user: text(at(event, 'user'), 'username'),
    ...(impersonated === '' ? {} : { impersonated }),
    dryRun: isDryRun(event),
    userAgent: text(event, 'userAgent'),
  }
}

/** An eviction may say so in its body too, and a delete says it nowhere else. */
function isDryRun(event: unknown): boolean {
  const query = text(event, 'requestURI').split('?')[1] ?? ''
  const body = at(event, 'requestObject')
  const inBody = [at(body, 'dryRun'), at(at(body, 'deleteOptions'), 'dryRun')]
  return new URLSearchParams(query).getAll('dryRun').includes('All') || inBody.some((options) => Array.isArray(options) && options.includes('All'))
}

const at = (value: unknown, key: string): unknown => (isObject(value) ? value[key] : undefined)
const text = (value: unknown, key: string): string => {
  const found = at(value, key)
  return typeof found === 'string' ? found : ''
}
