/** The wire form of a watch: one JSON object per line. Pure. */
import { isObject } from '../lib/json.ts'
import type { KubeObject, WatchEvent } from './api.ts'
import { watchError } from './classify.ts'
import { ApiError } from './errors.ts'

/** Above any object etcd can hold (1.5 MiB), escaped. */
const LONGEST_LINE = 16 * 1024 * 1024

const broken = (request: string, cause: string): ApiError =>
  new ApiError({ kind: 'Network', code: 0, request }, { cause: new Error(cause) })

/** Cuts chunks into lines; characters and lines may be split anywhere. */
export class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8')
  readonly #request: string
  #rest = ''

  constructor(request: string) {
    this.#request = request
  }

  push(chunk: Uint8Array): string[] {
    const text = this.#decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    const last = lines.pop() ?? ''
    if (lines.length > 0) {
      lines[0] = this.#rest + (lines[0] ?? '')
      this.#rest = ''
    }
    this.#rest += last
    if (this.#rest.length > LONGEST_LINE) throw broken(this.#request, 'watch line is too long')
    return lines.filter((line) => line.trim() !== '')
  }

  /** At the end of the stream. A last line without its newline was cut: dropping it would lose an event. */
  end(): void {
    if (this.#rest.trim() !== '') throw broken(this.#request, 'watch ended within a line')
  }
}

/** Throws what an ERROR event carries, and `Network` for a line that is no event. */
export function decodeWatchLine<T extends KubeObject>(line: string, request: string): WatchEvent<T> {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    throw broken(request, 'watch line is no JSON')
  }
  if (!isObject(event) || !isObject(event['object'])) throw broken(request, 'watch line is no event')
  const { type, object } = event
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: object as unknown as T }
    case 'BOOKMARK':
      return { type, resourceVersion: bookmarkVersion(object, request) }
    case 'ERROR':
      throw watchError(object, request)
    default:
      throw broken(request, 'watch event of an unknown type')
  }
}

function bookmarkVersion(object: unknown, request: string): string {
  const metadata = isObject(object) ? object['metadata'] : undefined
  const version = isObject(metadata) ? metadata['resourceVersion'] : undefined
  if (typeof version !== 'string') throw broken(request, 'bookmark without a version')
  return version
}
