/** What a user asked of the API server, by its audit log. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

export interface Requests {
  readonly lists: number
  /** Of everything but its lease. */
  readonly writes: number
  readonly leaseWrites: number
}

const WRITES: readonly string[] = ['create', 'update', 'patch', 'delete', 'deletecollection']

interface Event {
  readonly stage?: string
  readonly verb?: string
  readonly user?: { readonly username?: string }
  readonly userAgent?: string
  readonly objectRef?: { readonly resource?: string }
}

/** Lines of one time; what is cut at either end is left out. Whoever has the same account under another name is not counted. */
export function countRequests(log: string, username: string, agent: string): Requests {
  const counts = { lists: 0, writes: 0, leaseWrites: 0 }
  for (const line of log.split('\n')) {
    const event = parse(line)
    if (event?.stage !== 'ResponseComplete' || event.user?.username !== username || event.userAgent?.startsWith(agent) !== true) continue
    if (event.verb === 'list') counts.lists += 1
    else if (!WRITES.includes(event.verb ?? '')) continue
    else if (event.objectRef?.resource === 'leases') counts.leaseWrites += 1
    else counts.writes += 1
  }
  return counts
}

function parse(line: string): Event | undefined {
  try {
    return JSON.parse(line) as Event
  } catch {
    return undefined
  }
}

/** What a file has gained since it had this size, and its size now. */
export function readFrom(file: string, offset: number): { readonly text: string; readonly end: number } {
  const fd = openSync(file, 'r')
  try {
    const end = fstatSync(fd).size
    const buffer = Buffer.alloc(end - offset)
    readSync(fd, buffer, 0, buffer.length, offset)
    return { text: buffer.toString('utf8'), end }
  } finally {
    closeSync(fd)
  }
}
